// Who touched which bytes last, and which pairs of accesses nothing orders.
//
// Times are of the clock of events: an access carries the time of its warp's last synchronisation. It came
// before
// - an access of the same block, when a barrier of the block was released later than that;
// - one of the same warp, when the warp passed a bar.warp.sync later than that;
// - one of another block, when its block executed a fence later than that, and the other block an atomic
// operation
//   on global memory later than the fence (a counter that tells the last block that all are done);
// - all of the following launches.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/gpusim/warp.h"

namespace gpusim {

enum class Use { read, write, atomic };

// One access of one lane.
struct Touch {
  const Instruction* instruction;
  int lane;
  Use use;
  bool is_global;
  const std::byte* now = nullptr;    // what lies there
  const std::byte* value = nullptr;  // what is to be written: equal values do not race
};

// Fault for a race of the access to `bytes` bytes at `offset` from where the shadows begin; takes note of it.
void check_race(Warp& warp, Shadow* shadows, size_t offset, size_t bytes, const Touch& touch);

// Counts the bytes that the launch touches for the first time.
void count_touched(Warp& warp, Shadow* shadows, size_t offset, size_t bytes);

// Blocks that run at once look at the shadows of global memory in turn.
class ShadowLock {
 public:
  explicit ShadowLock(bool is_needed);
  ~ShadowLock();
  ShadowLock(const ShadowLock&) = delete;
  ShadowLock& operator=(const ShadowLock&) = delete;

 private:
  bool is_needed_;
};

}  // namespace gpusim
