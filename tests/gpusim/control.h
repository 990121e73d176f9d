// What the decoder and the executor know of each other.
#pragma once

#include <string>

#include "tests/gpusim/warp.h"

namespace gpusim {

// Instruction::variant of a barrier that reduces a predicate over the block (bar.red).
constexpr uint16_t barrier_count = 1, barrier_all = 2, barrier_any = 3;
constexpr uint16_t barrier_arrival = 4;  // bar.arrive: counts, but does not wait
// A barrier's s: the predicate, the barrier's number, how many threads it is for (-1: the whole block).

// vprintf and __assertfail, which CUDA has and the simulator provides.
bool is_provided(const std::string& function);
void call_provided(Warp& warp, const Instruction& instruction, LaneMask lanes);

// The number of the barrier that these lanes are at.
uint32_t barrier_of(const Warp& warp, const Instruction& instruction, LaneMask lanes);

inline int first_lane(LaneMask lanes) {
  return std::countr_zero(lanes);
}

enum class Stop { finished, at_barrier };
// Runs the warp to its end or to the next barrier of its block.
Stop run_warp(Warp& warp);

// One block from its beginning to its end. `reverse`: its warps run from the last to the first.
void run_block(BlockRun& block, bool reverse);

}  // namespace gpusim
