#include "tests/gpusim/host_memory.h"

#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>

#include "tests/gpusim/errors.h"
#include "tests/gpusim/streams.h"

using namespace gpusim;

namespace {

struct Range {
  size_t bytes;
  bool ours;  // allocated here, not registered
};

struct Registry {
  std::mutex mutex;
  std::map<const std::byte*, Range> ranges;
  static Registry& instance() {
    static Registry* const registry = new Registry;
    return *registry;
  }
};

cudaError_t allocate(void** address, size_t bytes) {
  if (!address) return report(cudaErrorInvalidValue);
  *address = nullptr;
  if (bytes == 0) return cudaSuccess;
  constexpr size_t page = 4096;
  if (bytes > SIZE_MAX - page) return report(cudaErrorMemoryAllocation);
  void* made = std::aligned_alloc(page, (bytes + page - 1) / page * page);
  if (!made) return report(cudaErrorMemoryAllocation);
  std::memset(made, 0xff, bytes);
  Registry& r = Registry::instance();
  const std::lock_guard lock(r.mutex);
  r.ranges[static_cast<const std::byte*>(made)] = {bytes, true};
  *address = made;
  return cudaSuccess;
}

cudaError_t forget(void* address, bool ours, cudaError_t missing) {
  Streams::instance().finish_all();  // copies may be on their way
  Registry& r = Registry::instance();
  const std::lock_guard lock(r.mutex);
  const auto found = r.ranges.find(static_cast<const std::byte*>(address));
  if (found == r.ranges.end() || found->second.ours != ours) return report(missing);
  r.ranges.erase(found);
  if (ours) std::free(address);
  return cudaSuccess;
}

}  // namespace

bool gpusim::page_locked(const void* address, size_t bytes) {
  Registry& r = Registry::instance();
  const std::lock_guard lock(r.mutex);
  const auto* p = static_cast<const std::byte*>(address);
  const auto after = r.ranges.upper_bound(p);
  if (after == r.ranges.begin()) return false;
  const auto& [begin, range] = *std::prev(after);
  const auto offset = static_cast<size_t>(p - begin);
  return offset < range.bytes && bytes <= range.bytes - offset;
}

extern "C" {

cudaError_t cudaMallocHost(void** address, size_t bytes) {
  return allocate(address, bytes);
}
cudaError_t cudaHostAlloc(void** address, size_t bytes, unsigned flags) {
  constexpr unsigned known = cudaHostAllocPortable | cudaHostAllocMapped | cudaHostAllocWriteCombined;
  return flags & ~known ? report(cudaErrorInvalidValue) : allocate(address, bytes);
}
cudaError_t cudaFreeHost(void* address) {
  return address ? forget(address, true, cudaErrorInvalidValue) : cudaSuccess;
}
cudaError_t cudaHostRegister(void* address, size_t bytes, unsigned) {
  if (!address || bytes == 0) return report(cudaErrorInvalidValue);
  if (page_locked(address, 1)) return report(cudaErrorHostMemoryAlreadyRegistered);
  Registry& r = Registry::instance();
  const std::lock_guard lock(r.mutex);
  r.ranges[static_cast<const std::byte*>(address)] = {bytes, false};
  return cudaSuccess;
}
cudaError_t cudaHostUnregister(void* address) {
  return forget(address, false, cudaErrorHostMemoryNotRegistered);
}

}  // extern "C"
