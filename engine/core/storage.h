// Reference-counted bytes on one device.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "engine/core/allocator.h"
#include "engine/core/device.h"

namespace mosaic {

class Storage {
 public:
  // Uninitialised bytes from the device's allocator; given back when the last owner goes.
  static std::shared_ptr<Storage> make(size_t bytes, Device device);
  // Bytes owned by somebody else (a mapped file); `owner` keeps them alive.
  static std::shared_ptr<Storage> borrow(const void* data, size_t bytes, std::shared_ptr<const void> owner);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void* data() const { return block_.data; }
  size_t bytes() const { return bytes_; }
  Device device() const { return device_; }
  bool read_only() const { return owner_ != nullptr; }
  // Counts in-place writes, so that backward can tell when a saved tensor was changed under it.
  uint64_t version() const { return version_; }
  void touch() { ++version_; }

 private:
  Storage() = default;
  Allocator::Block block_;
  size_t bytes_ = 0;
  Device device_;
  std::shared_ptr<const void> owner_;
  std::atomic<uint64_t> version_{0};
};

}  // namespace mosaic
