#include "engine/core/allocator.h"

#include <sys/mman.h>

#include <cstdlib>

#include "engine/core/error.h"
#include "engine/core/guard.h"
#include "engine/cuda/backend.h"

namespace mosaic {
namespace {

// Sizes are rounded up so that nearby requests share blocks: 64 bytes to a page, then an eighth of the size.
size_t rounded(size_t bytes) {
  size_t step = 64;
  while (step * 8 < bytes) step *= 2;
  return bytes == 0 ? 64 : (bytes + step - 1) / step * step;
}

// Memory of the host, aligned to a line of the caches. Large blocks ask for large pages where the system
// gives them on request: a product walks over rows that are pages apart, and looking each page up costs more
// than its values.
void* host_memory(size_t bytes) {
  constexpr size_t large_page = size_t{2} << 20;
  if (bytes < large_page) return std::aligned_alloc(64, bytes);
  void* const data = std::aligned_alloc(large_page, bytes);
#if defined(MADV_HUGEPAGE)
  if (data != nullptr) ::madvise(data, bytes, MADV_HUGEPAGE);  // advice: nothing depends on it
#endif
  return data;
}

}  // namespace

Allocator::~Allocator() {
  drop_cached();
}

Allocator::Block Allocator::allocate(size_t bytes) {
  const std::lock_guard lock(mutex_);
  const size_t wanted = rounded(bytes);
  Block block{nullptr, wanted};
  const bool guarded = guards::active(*this);
  const auto found = guarded ? cache_.end() : cache_.lower_bound(wanted);
  if (found != cache_.end() && found->first <= 2 * wanted) {
    block = {found->second, found->first};
    cache_.erase(found);
    stats_.cached -= block.bytes;
    ++stats_.hits;
  } else {
    ++stats_.raw_allocs;
    const size_t asked = wanted + (guarded ? 2 * guards::band_bytes : 0);
    block.data = raw_(asked);
    if (!block.data) {
      drop_cached();
      block.data = raw_(asked);
    }
    check<ResourceError>(block.data != nullptr, "allocate", "no memory for ", wanted, " bytes; ",
                         stats_.current, " bytes are in use");
    if (guarded) block.data = guards::surround(block.data, bytes);
  }
  stats_.current += block.bytes;
  stats_.peak = stats_.peak > stats_.current ? stats_.peak : stats_.current;
  return block;
}

void Allocator::release(Block block) {
  const std::lock_guard lock(mutex_);
  stats_.current -= block.bytes;
  if (void* const raw = guards::take(block.data)) {
    free_(raw);
    return;
  }
  stats_.cached += block.bytes;
  cache_.emplace(block.bytes, block.data);
}

AllocatorStats Allocator::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

void Allocator::reset_peak() {
  const std::lock_guard lock(mutex_);
  stats_.peak = stats_.current;
}

void Allocator::empty_cache() {
  const std::lock_guard lock(mutex_);
  drop_cached();
}

void Allocator::drop_cached() {
  for (const auto& [bytes, data] : cache_) free_(data);
  cache_.clear();
  stats_.cached = 0;
}

Allocator& allocator(Device device) {
  if (device.kind == DeviceKind::cuda) return cuda::need(device, "allocator").allocator(device.index);
  // Never destroyed: tensors with static lifetime may outlive every other object.
  static Allocator* const host = new Allocator(host_memory, [](void* data) { std::free(data); });
  return *host;
}

}  // namespace mosaic
