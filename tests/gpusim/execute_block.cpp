// How a block goes on: its warps run to their next barrier in turn, and those that wait at a complete one are
// released.
#include "tests/gpusim/control.h"

namespace gpusim {
namespace {

LaneMask lanes_of_warp(const LaunchRun& launch, uint32_t warp) {
  const uint32_t left = launch.threads() - warp * lanes_per_warp;
  return left >= lanes_per_warp ? all_lanes : (LaneMask{1} << left) - 1;
}

// The warps that wait at one barrier.
class Waiting {
 public:
  Waiting(BlockRun& block, uint32_t barrier) : block_(block), barrier_(barrier) {
    for (const auto& warp : block.warps)
      if (warp->waiting_at && barrier_of(*warp, *warp->waiting_at, warp->waiting) == barrier)
        warps_.push_back(warp.get());
  }
  bool complete() const;
  void release();

 private:
  void check_absent() const;
  void reduce() const;

  BlockRun& block_;
  uint32_t barrier_;
  std::vector<Warp*> warps_;
};

// A barrier with a number of threads is for so many, whoever they are; without, for all of the block.
bool Waiting::complete() const {
  if (warps_.empty()) return false;
  const Instruction& i = *warps_[0]->waiting_at;
  if (i.s[2] >= 0)
    return block_.arrived[barrier_] >= warps_[0]->registers[i.s[2] + first_lane(warps_[0]->waiting)];
  size_t alive = 0;
  for (const auto& warp : block_.warps) alive += warp->alive != 0 ? 1 : 0;
  return warps_.size() == alive;
}

// CUDA: such a barrier is for every thread of the block, and one that left before it is a mistake.
void Waiting::check_absent() const {
  const Warp& first = *warps_[0];
  if (!block_.launch->checks || first.waiting_at->s[2] >= 0) return;
  for (const auto& warp : block_.warps) {
    const LaneMask missing = lanes_of_warp(*block_.launch, warp->index) & ~warp->alive;
    if (missing != 0)
      fault(*warp, *first.waiting_at, first_lane(missing),
            "the thread returned before a barrier of its block");
  }
}

// bar.red: a predicate over all threads.
void Waiting::reduce() const {
  const uint16_t kind = warps_[0]->waiting_at->variant;
  uint32_t count = 0, threads = 0;
  for (const Warp* warp : warps_) {
    if (warp->waiting_at->variant != kind)
      fault(*warp, *warp->waiting_at, first_lane(warp->waiting), "warps meet at barriers of different kinds");
    if (kind != 0)
      count += static_cast<uint32_t>(std::popcount(warp->predicates[warp->waiting_at->s[0]] & warp->waiting));
    threads += static_cast<uint32_t>(std::popcount(warp->waiting));
  }
  if (kind == 0) return;
  for (Warp* warp : warps_) {
    const int32_t to = warp->waiting_at->d[0];
    if (kind == barrier_count) {
      for_lanes(warp->waiting, [&](int lane) { warp->registers[to + lane] = count; });
    } else {
      const bool holds = kind == barrier_all ? count == threads : count > 0;
      set_predicate(*warp, to, warp->waiting, holds ? all_lanes : 0);
    }
  }
}

// The time that it gives orders the whole block, which is too much for a barrier of a part: a race between
// parts may be missed, none is invented.
void Waiting::release() {
  check_absent();
  reduce();
  block_.arrived[barrier_] = 0;
  block_.barrier_time = ++clock_of_events();
  for (const auto& warp : block_.warps) warp->time = block_.barrier_time;
  for (Warp* warp : warps_) warp->waiting_at = nullptr;
}

// Whether any warp may go on.
bool release_barriers(BlockRun& block) {
  bool released = false;
  for (uint32_t barrier = 0; barrier < BlockRun::barriers; ++barrier) {
    Waiting waiting(block, barrier);
    if (!waiting.complete()) continue;
    waiting.release();
    released = true;
  }
  return released;
}

}  // namespace

uint32_t barrier_of(const Warp& warp, const Instruction& i, LaneMask lanes) {
  const uint32_t number = warp.registers[i.s[1] + first_lane(lanes)];
  if (number >= BlockRun::barriers)
    fault(warp, i, first_lane(lanes),
          "barrier " + std::to_string(number) + " of " + std::to_string(BlockRun::barriers));
  return number;
}

void run_block(BlockRun& block, bool reverse) {
  const LaunchRun& launch = *block.launch;
  block.start_time = ++clock_of_events();
  block.barrier_time = block.start_time;
  block.acquire_time = 0;
  const size_t warps = block.warps.size();
  for (const auto& warp : block.warps) {
    warp->set_specials();
    warp->alive = lanes_of_warp(launch, warp->index);
    warp->entries.assign(1, {0, warp->alive});
    warp->waiting_at = nullptr;
    warp->time = block.start_time;
    warp->sync_time = 0;
    warp->clock = 0;
  }
  block.arrived.fill(0);
  for (;;) {
    const Warp* stays = nullptr;
    for (size_t k = 0; k < warps; ++k) {
      Warp& warp = *block.warps[reverse ? warps - 1 - k : k];
      if (warp.alive != 0 && !warp.waiting_at) run_warp(warp);
      if (warp.waiting_at) stays = &warp;
    }
    if (!stays) return;
    if (!release_barriers(block))
      fault(*stays, *stays->waiting_at, first_lane(stays->waiting), "a barrier that is never complete");
  }
}

}  // namespace gpusim
