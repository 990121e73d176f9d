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

#include <algorithm>
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

// What all lanes of an access share: who they are, and the time before which notes do not matter to any of
// them.
struct Present {
  uint32_t first_thread = 0;  // of the grid: lane 0's
  uint32_t block = 0, warp = 0;
  uint32_t time = 0, quiet_time = 0, barrier_time = 0, sync_time = 0;
  static Present of_global(const Warp& warp);
  static Present of_shared(const Warp& warp);
};

// One more read in a note that stays as it is, but for its time: by all, by the block or by the warp.
inline bool joins_readers(Shadow& s, uint8_t mask, const Present& present) {
  using Readers = Shadow::Readers;
  if ((s.read_mask & mask) == 0) return false;
  const bool joins =
      s.readers == Readers::grid ||
      (s.readers == Readers::block && s.reader == present.block && s.read_time >= present.barrier_time) ||
      (s.readers == Readers::warp && s.reader == present.warp && s.read_time >= present.barrier_time &&
       s.read_time >= present.sync_time);
  if (!joins) return false;
  s.read_time = std::max(s.read_time, present.time);
  s.read_mask |= mask;
  return true;
}

// The commonest cases of check_race, with the same outcome: all that is noted came before. False: another
// case.
inline bool is_quiet_read(Shadow& s, uint8_t mask, uint32_t thread, const Present& present) {
  if (s.writer != 0 && s.write_time >= present.quiet_time) return false;
  if (s.read_mask != 0 && s.read_time >= present.quiet_time) return joins_readers(s, mask, present);
  s.readers = Shadow::Readers::lane, s.reader = thread, s.read_time = present.time, s.read_mask = mask;
  return true;
}
inline bool is_quiet_write(Shadow& s, uint8_t mask, uint32_t thread, const Present& present) {
  if (s.writer != 0 && s.write_time >= present.quiet_time) return false;
  if (s.read_mask != 0 && s.read_time >= present.quiet_time) return false;
  s.writer = thread + 1, s.write_time = present.time, s.write_mask = mask;
  if ((s.read_mask & ~mask) == 0) s.readers = Shadow::Readers::none, s.read_mask = 0;
  return true;
}

// Fault for a race of the access to `bytes` bytes at `offset` from where the shadows begin; takes note of it.
void check_race(Warp& warp, const Present& present, Shadow* shadows, size_t offset, size_t bytes,
                const Touch& touch);

// Counts the bytes that the launch touches for the first time.
void count_touched(Warp& warp, Shadow* shadows, size_t offset, size_t bytes);

// Blocks that run at once look at the shadows of a part of global memory in turn: of those parts of 4096
// bytes whose numbers modulo 64 are set in the mask.
class ShadowLock {
 public:
  static constexpr uint64_t stripe_bytes = 4096;
  static uint64_t stripe(uint64_t address) { return uint64_t{1} << (address / stripe_bytes % 64); }
  explicit ShadowLock(uint64_t stripes);
  ~ShadowLock();
  ShadowLock(const ShadowLock&) = delete;
  ShadowLock& operator=(const ShadowLock&) = delete;

 private:
  uint64_t stripes_;
};

}  // namespace gpusim
