// The simulated device's memory: allocations with red zones between them, and beside each byte whether it was
// ever written and, for races, who touched it last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gpusim {

// The last accesses to a granule of memory, for the detection of races.
struct Shadow {
  uint32_t writer = 0, reader = 0;           // thread + 1, or several lanes of one warp, or several warps
  uint32_t write_epoch = 0, read_epoch = 0;  // of barriers (global memory: of the launch)
  uint32_t write_warp_epoch = 0, read_warp_epoch = 0;  // of bar.warp.sync
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

class Memory {
 public:
  static Memory& device();

  // Filled with NaNs, all unwritten; null when more than the device has (limit, in bytes) is asked for.
  void* allocate(size_t bytes);
  // False when it is not the start of a live allocation.
  bool release(void* address);
  // The allocation that the address lies in, or null. Addresses of red zones and freed memory are in none.
  Allocation* find(const void* address);
  // Grows with every release: pointers to allocations kept elsewhere are good while it stays the same.
  uint64_t generation() const;
  // After a copy or a fill from the host's side.
  void mark_written(const void* address, size_t bytes);
  size_t used() const;
  static constexpr size_t limit = size_t{4} << 30;
};

}  // namespace gpusim
