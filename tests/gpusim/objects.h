// What the simulated libraries know by handles.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

namespace gpusim {

// The objects of one type.
template <class T>
class Objects {
 public:
  static Objects& instance() {
    static Objects* const objects = new Objects;
    return *objects;
  }
  template <class Handle>
  void add(Handle* handle, T value) {
    const std::lock_guard lock(mutex_);
    auto made = std::make_unique<T>(std::move(value));
    *handle = reinterpret_cast<Handle>(made.get());
    objects_.emplace(made.get(), std::move(made));
  }
  T* find(const void* handle) {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(handle);
    return found == objects_.end() ? nullptr : found->second.get();
  }
  bool remove(const void* handle) {
    const std::lock_guard lock(mutex_);
    return objects_.erase(handle) > 0;
  }
  size_t size() {
    const std::lock_guard lock(mutex_);
    return objects_.size();
  }

 private:
  std::mutex mutex_;
  std::map<const void*, std::unique_ptr<T>> objects_;
};

}  // namespace gpusim
