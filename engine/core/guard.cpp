#include "engine/core/guard.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <mutex>

#include "engine/core/error.h"
#include "engine/cuda/backend.h"

namespace mosaic {
namespace {

constexpr unsigned char pattern = 0xa5, unwritten = 0xff;  // 0xff...: a NaN of any float

struct Guards {
  std::mutex mutex;
  std::atomic<const Allocator*> active{nullptr};
  std::atomic<int64_t> count{0};   // of blocks: releases look no further when there are none
  Device device;                   // of the blocks
  std::map<void*, size_t> blocks;  // in use, and the bytes asked for
  std::vector<std::string> breaches;
};
Guards& guards_of_process() {
  static Guards* const all = new Guards;  // never destroyed: tensors may be static too
  return *all;
}

void to_device(Device device, void* to, const void* from, size_t bytes) {
  if (device == cpu()) {
    std::memcpy(to, from, bytes);
  } else {
    cuda::need(device, "guard").upload(device.index, to, from, bytes);
  }
}
void from_device(Device device, void* to, const void* from, size_t bytes) {
  if (device == cpu()) {
    std::memcpy(to, from, bytes);
  } else {
    cuda::need(device, "guard").download(device.index, to, from, bytes);
  }
}

void note_breaches(Device device, const void* data, size_t bytes, std::vector<std::string>& found) {
  unsigned char band[guards::band_bytes];
  for (const bool before : {true, false}) {
    const char* const at = static_cast<const char*>(data);
    from_device(device, band, before ? at - guards::band_bytes : at + bytes, guards::band_bytes);
    const auto changed =
        std::count_if(std::begin(band), std::end(band), [](unsigned char c) { return c != pattern; });
    if (changed == 0) continue;
    found.push_back(cat(changed, changed == 1 ? " byte " : " bytes ", before ? "before" : "after",
                        " a block of ", bytes, changed == 1 ? " was" : " were", " written over"));
  }
}

}  // namespace

void guard(Device device) {
  const Allocator& memory = allocator(device);
  Guards& all = guards_of_process();
  const std::lock_guard lock(all.mutex);
  const bool free = !all.active && (all.blocks.empty() || all.device == device);
  check<ArgumentError>(free, "guard", all.device, " is guarded, one device at a time can be");
  all.device = device;
  all.breaches.clear();
  all.active = &memory;
}

void unguard(Device device) {
  Guards& all = guards_of_process();
  if (all.active == &allocator(device)) all.active = nullptr;
}

std::vector<std::string> breaches(Device device) {
  Guards& all = guards_of_process();
  const std::lock_guard lock(all.mutex);
  std::vector<std::string> found;
  if (!(all.device == device)) return found;
  found = all.breaches;
  for (const auto& [data, bytes] : all.blocks) note_breaches(device, data, bytes, found);
  return found;
}

namespace guards {

bool active(const Allocator& allocator) {
  return guards_of_process().active == &allocator;
}

// band | bytes asked for, as NaN | band
void* surround(void* raw, size_t bytes) {
  Guards& all = guards_of_process();
  const std::lock_guard lock(all.mutex);
  std::vector<unsigned char> content(bytes + 2 * band_bytes, pattern);
  std::fill_n(content.begin() + band_bytes, bytes, unwritten);
  to_device(all.device, raw, content.data(), content.size());
  void* const data = static_cast<char*>(raw) + band_bytes;
  all.blocks[data] = bytes;
  ++all.count;
  return data;
}

void* take(void* data) {
  Guards& all = guards_of_process();
  if (all.count == 0) return nullptr;
  const std::lock_guard lock(all.mutex);
  const auto block = all.blocks.find(data);
  if (block == all.blocks.end()) return nullptr;
  note_breaches(all.device, data, block->second, all.breaches);
  all.blocks.erase(block);
  --all.count;
  return static_cast<char*>(data) - band_bytes;
}

}  // namespace guards
}  // namespace mosaic
