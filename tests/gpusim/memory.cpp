#include "tests/gpusim/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace gpusim {
namespace {

// Address space is taken in regions; pages cost nothing before they are first written.
constexpr size_t region_bytes = size_t{64} << 30;
constexpr size_t page = 4096, alignment = 256;

size_t round_up(size_t bytes, size_t to) {
  return (bytes + to - 1) / to * to;
}

}  // namespace

Memory& Memory::device() {
  static Memory* const memory = new Memory;  // never destroyed: tensors may be static too
  return *memory;
}

// A page's start and the 256 bytes that keep the allocation from being aligned to more than CUDA promises,
// the allocation, and a red zone as long as it is.
std::byte* Memory::reserve(size_t bytes) {
  const size_t slot = round_up(alignment + 2 * bytes, page) + page;
  if (regions_.empty() || region_bytes - taken_ < slot) {
    void* region = mmap(nullptr, region_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED) throw std::bad_alloc();
    regions_.push_back(static_cast<std::byte*>(region));
    taken_ = 0;
  }
  std::byte* const data = regions_.back() + taken_ + alignment;
  taken_ += slot;
  return data;
}

void* Memory::allocate(size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes > limit || used_ > limit - bytes) return nullptr;
  auto made = std::make_unique<Allocation>();
  made->data = reserve(bytes);
  made->size = bytes;
  made->written.resize(bytes);
  std::memset(made->data, 0xff, bytes);
  std::byte* const data = made->data;
  live_.emplace(data, std::move(made));
  used_ += bytes;
  table_.reset();
  version_.fetch_add(1, std::memory_order_release);
  return data;
}

bool Memory::release(void* address) {
  const std::lock_guard lock(mutex_);
  const auto found = live_.find(static_cast<std::byte*>(address));
  if (found == live_.end()) return false;
  Allocation& gone = *found->second;
  // The pages go back to the machine, and read as zeros.
  const auto begin = reinterpret_cast<uintptr_t>(gone.data) - alignment;
  madvise(reinterpret_cast<void*>(begin), round_up(alignment + gone.size, page), MADV_DONTNEED);
  used_ -= gone.size;
  gone.size = 0;
  gone.written = {};
  gone.shadow = {};
  released_.push_back(std::move(found->second));
  if (released_.size() > 1024) released_.pop_front();
  live_.erase(found);
  table_.reset();
  version_.fetch_add(1, std::memory_order_release);
  generation_.fetch_add(1, std::memory_order_release);
  return true;
}

std::shared_ptr<const Memory::Table> Memory::table() {
  const std::lock_guard lock(mutex_);
  if (!table_) {
    auto made = std::make_shared<Table>();
    made->reserve(live_.size());
    for (const auto& [data, allocation] : live_) made->push_back(allocation.get());
    table_ = std::move(made);
  }
  return table_;
}

Allocation* Memory::find(const void* address) {
  thread_local uint64_t version = 0;
  thread_local std::shared_ptr<const Table> known;
  if (const uint64_t now = version_.load(std::memory_order_acquire); version != now) {
    known = table();
    version = now;
  }
  const auto* p = static_cast<const std::byte*>(address);
  const auto after = std::upper_bound(known->begin(), known->end(), p,
                                      [](const std::byte* at, const Allocation* a) { return at < a->data; });
  if (after == known->begin()) return nullptr;
  Allocation* const candidate = *std::prev(after);
  return static_cast<size_t>(p - candidate->data) < candidate->size ? candidate : nullptr;
}

bool Memory::owns(const void* address) const {
  const std::lock_guard lock(mutex_);
  const auto* p = static_cast<const std::byte*>(address);
  return std::any_of(regions_.begin(), regions_.end(),
                     [p](const std::byte* region) { return p >= region && p < region + region_bytes; });
}

void Memory::mark_written(const void* address, size_t bytes) {
  Allocation* a = bytes > 0 ? find(address) : nullptr;
  if (!a || !a->contains(address, bytes)) return;
  std::memset(a->written.data() + (static_cast<const std::byte*>(address) - a->data), 1, bytes);
}

const void* Memory::first_unwritten(const void* address, size_t bytes) {
  Allocation* a = bytes > 0 ? find(address) : nullptr;
  if (!a || !a->contains(address, bytes)) return nullptr;
  const auto offset = static_cast<const std::byte*>(address) - a->data;
  const auto* const begin = a->written.data() + offset;
  const void* const hole = std::memchr(begin, 0, bytes);
  if (!hole) return nullptr;
  return static_cast<const std::byte*>(address) + (static_cast<const uint8_t*>(hole) - begin);
}

size_t Memory::used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

}  // namespace gpusim
