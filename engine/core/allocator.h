// Caching allocator: a training step that repeats asks the system for nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>

#include "engine/core/device.h"

namespace mosaic {

struct AllocatorStats {
  uint64_t current = 0;     // bytes handed out now
  uint64_t peak = 0;        // largest `current` since the last reset_peak
  uint64_t cached = 0;      // bytes kept for reuse
  uint64_t hits = 0;        // requests served from the cache
  uint64_t raw_allocs = 0;  // requests passed on to the device
};

// One allocator per device, the same class for all. Freed blocks are kept by size and reused for requests of
// at least half their size; blocks are aligned to 64 bytes. Thread-safe.
class Allocator {
 public:
  using Raw = std::function<void*(size_t)>;  // returns null when the device has no memory
  using Free = std::function<void(void*)>;
  Allocator(Raw raw, Free free) : raw_(std::move(raw)), free_(std::move(free)) {}
  ~Allocator();
  Allocator(const Allocator&) = delete;
  Allocator& operator=(const Allocator&) = delete;

  struct Block {
    void* data = nullptr;
    size_t bytes = 0;  // capacity, at least what was asked for
  };
  // ResourceError with the byte counts when the device has no memory even after the cache was emptied.
  Block allocate(size_t bytes);
  void release(Block block);

  AllocatorStats stats() const;
  void reset_peak();
  void empty_cache();  // gives every cached block back to the device

 private:
  void drop_cached();
  Raw raw_;
  Free free_;
  mutable std::mutex mutex_;
  std::multimap<size_t, void*> cache_;
  AllocatorStats stats_;
};

// The allocator of a device; DeviceError when there is no such device.
Allocator& allocator(Device device = cpu());

}  // namespace mosaic
