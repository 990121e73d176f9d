// What a memory access costs on a GPU.
#include <algorithm>

#include "tests/gpusim/address.h"

namespace gpusim {
namespace {

using Pattern = WarpAccess::Pattern;
constexpr uint64_t sector = 32;
constexpr uint32_t banks = 32;

uint64_t sectors(const uint64_t* addresses, LaneMask lanes, size_t bytes, Pattern pattern) {
  if (pattern == Pattern::uniform) return 1;
  if (pattern == Pattern::contiguous)
    return (addresses[lanes_per_warp - 1] + bytes - 1) / sector - addresses[0] / sector + 1;
  uint64_t seen[lanes_per_warp];
  int count = 0;
  for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
    const uint64_t address = addresses[std::countr_zero(rest)] / sector;
    if (count > 0 && seen[count - 1] == address) continue;
    if (std::find(seen, seen + count, address) == seen + count) seen[count++] = address;
  }
  return static_cast<uint64_t>(count);
}

// Lanes that want different words of one bank take turns; 8 and 16 bytes go by halves and quarters of the
// warp.
uint64_t bank_conflicts(const uint64_t* addresses, LaneMask lanes, size_t bytes, Pattern pattern) {
  if (pattern != Pattern::scattered) return 0;
  uint64_t conflicts = 0;
  const int group = static_cast<int>(lanes_per_warp * 4 / std::max<size_t>(bytes, 4));
  for (int begin = 0; begin < lanes_per_warp; begin += group) {
    uint64_t words[banks][lanes_per_warp];
    uint8_t count[banks] = {};
    int most = 1;
    for (int lane = begin; lane < begin + group; ++lane) {
      if (((lanes >> lane) & 1) == 0) continue;
      for (size_t k = 0; k < std::max<size_t>(bytes / 4, 1); ++k) {
        const uint64_t word = addresses[lane] / 4 + k;
        const uint32_t bank = word % banks;
        if (std::find(words[bank], words[bank] + count[bank], word) != words[bank] + count[bank]) continue;
        words[bank][count[bank]++] = word;
        most = std::max<int>(most, count[bank]);
      }
    }
    conflicts += static_cast<uint64_t>(most - 1);
  }
  return conflicts;
}

}  // namespace

void count_access(Counters& counters, const uint64_t* addresses, LaneMask lanes, size_t bytes, Space space,
                  Pattern pattern) {
  if (space == Space::local) counters.local_accesses += static_cast<uint64_t>(std::popcount(lanes));
  if (space == Space::global) {
    ++counters.global_requests;
    counters.global_sectors += sectors(addresses, lanes, bytes, pattern);
    counters.global_bytes += bytes * static_cast<uint64_t>(std::popcount(lanes));
  }
  if (space == Space::shared) {
    ++counters.shared_requests;
    counters.bank_conflicts += bank_conflicts(addresses, lanes, bytes, pattern);
  }
}

}  // namespace gpusim
