// What runs: launches of blocks of warps of 32 lanes.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "tests/gpusim/memory.h"
#include "tests/gpusim/program.h"

namespace gpusim {

// Addresses of shared and local memory and of parameters, as generic addresses: none of them is the host's.
constexpr uint64_t window_bytes = uint64_t{1} << 24;
constexpr uint64_t shared_window = uint64_t{0x70} << 48, local_window = uint64_t{0x71} << 48,
                   parameter_window = uint64_t{0x72} << 48;

// What is common to the blocks of a launch.
struct LaunchRun {
  const Function* function = nullptr;
  Extent grid, block;
  size_t dynamic_shared = 0, dynamic_offset = 0, shared_bytes = 0;
  std::vector<std::byte> arguments;
  bool checks = false;
  bool concurrent = false;  // blocks run on several threads at once
  uint32_t start_time = 0;  // shadows older than this are of earlier launches
  // Of each block (modulo block_numbers): when it last executed a fence; empty if the kernel has none.
  std::vector<uint32_t> fence_times;
  uint32_t threads() const { return block.x * block.y * block.z; }
};

// A block on its way. One is used again and again by each worker.
struct BlockRun {
  LaunchRun* launch = nullptr;
  uint32_t index[3] = {0, 0, 0};
  uint64_t linear = 0;
  std::vector<std::byte> shared;
  std::vector<uint8_t> shared_written;  // one entry a byte
  std::vector<Shadow> shared_shadow;
  uint32_t start_time = 0, barrier_time = 0;
  static constexpr size_t barriers = 16;
  std::array<uint32_t, barriers> arrived{};  // threads at each barrier, waiting or not
  uint32_t acquire_time = 0;                 // of the last atomic operation on global memory
  std::vector<std::unique_ptr<Warp>> warps;
  Counters counters;
  std::string printed;
};

struct Entry {
  uint32_t pc;
  LaneMask lanes;
};

// 32 lanes of a function: a kernel's warp, or a call that one makes.
struct Warp {
  const Function* function = nullptr;
  BlockRun* block = nullptr;
  Warp* caller = nullptr;
  uint32_t index = 0;  // in the block
  LaneMask alive = 0;
  uint32_t* registers = nullptr;  // aligned to a cache line
  LaneMask* predicates = nullptr;
  std::vector<Entry> entries;  // by falling pc
  uint32_t time = 0;           // of its last bar.warp.sync or of the block's barrier, whichever is later
  uint32_t sync_time = 0;      // of its last bar.warp.sync
  LaneMask carry = 0;
  uint64_t clock = 0;                 // how often a clock was read
  uint64_t local_frame = 0;           // where its local memory begins
  std::byte* call_memory = nullptr;   // call_bytes a lane
  std::byte* local_memory = nullptr;  // local_stride a lane; of the kernel's warp
  uint64_t local_stride = 0;
  const Instruction* waiting_at = nullptr;  // a barrier
  LaneMask waiting = 0;
  std::vector<Allocation*> last_allocation;  // by the instruction's slot

  const Warp& kernel_warp() const { return caller ? caller->kernel_warp() : *this; }

  void prepare(const Function& of, BlockRun& in, uint32_t number);
  void set_specials();

 private:
  std::vector<uint32_t> register_file_;
  std::vector<LaneMask> predicate_file_;
  std::vector<std::byte> call_storage_, local_storage_;
};

// Counts barriers, bar.warp.syncs and fences of all launches: an access with a lower time came before.
std::atomic<uint32_t>& clock_of_events();

[[noreturn]] void fault(const Warp& warp, const Instruction& instruction, int lane, const std::string& what);

// ---- Lanes of registers -----------------------------------------------------------------------------------

// Values of up to 4 bytes lie in the low bytes of a 4-byte lane, the rest zero.
template <class T>
struct Lane {
  using Word = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
  static T get(const Word* words, int lane) {
    T value;
    std::memcpy(&value, words + lane, sizeof value);
    return value;
  }
  static void set(Word* words, int lane, T value) {
    Word word = 0;
    std::memcpy(&word, &value, sizeof value);
    words[lane] = word;
  }
  static Word* words(Warp& warp, int32_t place) { return reinterpret_cast<Word*>(warp.registers + place); }
};
// A predicate's lanes are the bits of one word.
template <>
struct Lane<bool> {
  using Word = LaneMask;
  static bool get(const Word* words, int lane) { return ((*words >> lane) & 1) != 0; }
  static Word* words(Warp& warp, int32_t place) { return warp.predicates + place; }
};

template <class Body>
inline void for_lanes(LaneMask lanes, Body body) {
  if (lanes == all_lanes) {
#pragma GCC ivdep
    for (int lane = 0; lane < lanes_per_warp; ++lane) body(lane);
  } else {
    for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) body(std::countr_zero(rest));
  }
}

inline void set_predicate(Warp& warp, int32_t place, LaneMask lanes, LaneMask value) {
  warp.predicates[place] = (warp.predicates[place] & ~lanes) | (value & lanes);
}

}  // namespace gpusim
