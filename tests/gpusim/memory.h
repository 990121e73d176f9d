// The simulated device's memory: allocations with red zones between them, and beside each byte whether it was
// ever written and, for races, who touched it last.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace gpusim {

// The last accesses to four bytes of memory, for the detection of races.
struct Shadow {
  static constexpr size_t bytes = 4;
  enum class Readers : uint8_t { none, lane, warp, block, grid };
  uint32_t writer = 0, write_time = 0;    // thread of the grid + 1
  uint32_t reader = 0, read_time = 0;     // thread, warp or block of the grid, by `readers`
  uint32_t touch_time = 0;                // start of the launch that `touched` is of
  uint8_t write_mask = 0, read_mask = 0;  // which of the bytes
  uint8_t touched = 0;                    // bytes that the launch used so far
  Readers readers = Readers::none;        // who read since the last write
};

struct Allocation {
  std::byte* data = nullptr;  // aligned to 256 bytes
  size_t size = 0;
  std::vector<uint8_t> written;  // one entry a byte
  std::vector<Shadow> shadow;    // made when races are first looked for
  bool contains(const void* address, size_t bytes) const {
    const auto* p = static_cast<const std::byte*>(address);
    return p >= data && bytes <= size && static_cast<size_t>(p - data) <= size - bytes;
  }
};

// Every function may be called by any thread.
class Memory {
 public:
  static Memory& device();

  // Filled with NaNs, all unwritten; null when more than the device has (limit, in bytes) is asked for.
  void* allocate(size_t bytes);
  // False when it is not the start of a live allocation. The addresses are not given out again, so that later
  // uses of them are found.
  bool release(void* address);
  // The allocation that the address lies in, or null. Addresses of red zones and freed memory are in none.
  Allocation* find(const void* address);
  // Whether the address is the device's: live, freed, or between allocations.
  bool owns(const void* address) const;
  // Grows with every release: pointers to allocations kept elsewhere are good while it stays the same.
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  // After a copy or a fill from the host's side.
  void mark_written(const void* address, size_t bytes);
  // The first byte of a range within one allocation that was never written, or null.
  const void* first_unwritten(const void* address, size_t bytes);
  size_t used() const;
  static constexpr size_t limit = size_t{4} << 30;

 private:
  // Sorted by address; replaced, never changed, so that threads read it without a lock.
  using Table = std::vector<Allocation*>;
  std::byte* reserve(size_t bytes);
  std::shared_ptr<const Table> table();

  mutable std::mutex mutex_;
  std::map<std::byte*, std::unique_ptr<Allocation>> live_;
  std::deque<std::unique_ptr<Allocation>> released_;  // the latest: threads may still look at them
  std::shared_ptr<const Table> table_;                // of live_, or null when it is to be made anew
  std::atomic<uint64_t> version_{1};                  // of the table
  std::atomic<uint64_t> generation_{0};
  std::vector<std::byte*> regions_;  // of address space, the last in use
  size_t taken_ = 0;                 // of the last region
  size_t used_ = 0;
};

}  // namespace gpusim
