// How a warp goes on: divergence, reconvergence, collectives, calls.
//
// A warp's lanes are in entries {pc, lanes}. The entry with the smallest pc runs until it meets the next one,
// where they become one: lanes that took different ways come together at the end of both. A collective waits
// until all living lanes of its mask are in the entry, and a barrier until all living lanes of the warp are;
// when no entry can go on, that is the kernel's mistake.
#include <algorithm>
#include <cstdio>

#include "tests/gpusim/control.h"

namespace gpusim {
namespace {

void add_entry(Warp& warp, uint32_t pc, LaneMask lanes) {
  if (lanes == 0) return;
  auto& entries = warp.entries;
  const auto at = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.pc <= pc; });
  if (at != entries.end() && at->pc == pc) {
    at->lanes |= lanes;
  } else {
    entries.insert(at, {pc, lanes});
  }
}

std::string hexadecimal(LaneMask lanes) {
  char text[16];
  std::snprintf(text, sizeof text, "%08x", lanes);
  return text;
}

// Mostly all of them, and the instruction that counts bits is not one of every processor.
uint64_t number_of(LaneMask lanes) {
  return lanes == all_lanes ? lanes_per_warp : static_cast<uint64_t>(std::popcount(lanes));
}

void make_call(Warp& warp, const Instruction& i, LaneMask lanes) {
  const Call& call = *static_cast<const Call*>(i.extra);
  if (!call.function) return call_provided(warp, i, lanes);
  const Function& f = *call.function;
  Warp inside;
  inside.caller = &warp;
  inside.prepare(f, *warp.block, warp.index);
  inside.set_specials();
  inside.alive = lanes;
  inside.time = warp.time, inside.sync_time = warp.sync_time, inside.clock = warp.clock;
  inside.entries.assign(1, {0, lanes});
  const size_t outer = warp.function->call_bytes;
  for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<size_t>(first_lane(rest));
    for (size_t k = 0; k < call.arguments.size(); ++k)
      std::copy_n(warp.call_memory + lane * outer + static_cast<size_t>(call.arguments[k]), f.inputs[k].size,
                  inside.call_memory + lane * f.call_bytes + f.inputs[k].offset);
  }
  if (run_warp(inside) != Stop::finished)
    fault(warp, i, -1, "a barrier in a called function is not supported");
  warp.time = inside.time, warp.sync_time = inside.sync_time, warp.clock = inside.clock;
  if (call.result < 0) return;
  for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<size_t>(first_lane(rest));
    std::copy_n(inside.call_memory + lane * f.call_bytes + f.result.offset, f.result.size,
                warp.call_memory + lane * outer + static_cast<size_t>(call.result));
  }
}

// Of these lanes, those that give the same member mask as the first one.
LaneMask lanes_of_first_mask(const Warp& warp, const Instruction& i, LaneMask lanes) {
  if (i.members < 0) return lanes;
  const uint32_t* const masks = warp.registers + i.members;
  LaneMask same = 0;
  for (LaneMask rest = lanes; rest != 0; rest &= rest - 1)
    if (masks[first_lane(rest)] == masks[first_lane(lanes)]) same |= rest & (0 - rest);
  return same;
}

// Their member mask. Those without one (mma, ldmatrix) are for the whole warp.
LaneMask members_of(const Warp& warp, const Instruction& i, LaneMask lanes) {
  if (i.members < 0) return all_lanes;
  const LaneMask members = warp.registers[i.members + first_lane(lanes)];
  if ((lanes & ~members) != 0)
    fault(warp, i, first_lane(lanes & ~members),
          "a lane outside of the member mask " + hexadecimal(members) + " executes a warp collective");
  return members;
}

// Runs entries, the smallest pc first.
class Runner {
 public:
  explicit Runner(Warp& warp) : warp_(warp), code_(warp.function->code.data()) {}
  Stop run();

 private:
  enum class Step { on, parted, ended, stuck, at_barrier };
  Step control(const Instruction& i);
  Step run_entry();
  Step branch(const Instruction& i, LaneMask taken);
  Step barrier(const Instruction& i);
  Step collective(const Instruction& i);
  [[noreturn]] void deadlock() const;

  Warp& warp_;
  const Instruction* code_;
  uint32_t pc_ = 0, limit_ = 0;  // of the entry that runs, and where it meets another
  LaneMask lanes_ = 0, active_ = 0;
  uint64_t instructions_ = 0, lane_instructions_ = 0;
};

Stop Runner::run() {
  Stop stop = Stop::finished;
  size_t stuck = 0;  // entries that were tried since the last one went on
  while (!warp_.entries.empty()) {
    if (stuck == warp_.entries.size()) deadlock();
    const auto at = warp_.entries.end() - 1 - static_cast<std::ptrdiff_t>(stuck);
    pc_ = at->pc, lanes_ = at->lanes;
    limit_ = at == warp_.entries.begin() ? UINT32_MAX : (at - 1)->pc;
    warp_.entries.erase(at);
    const Step step = run_entry();
    if (step == Step::stuck) {
      add_entry(warp_, pc_, lanes_);
      ++stuck;
    } else {
      stuck = 0;
    }
    if (step == Step::at_barrier) {
      stop = Stop::at_barrier;
      break;
    }
  }
  Counters& counters = warp_.block->counters;
  counters.warp_instructions += instructions_;
  counters.lane_instructions += lane_instructions_;
  return stop;
}

Runner::Step Runner::run_entry() {
  for (bool first = true;; first = false) {
    if (pc_ >= limit_) {
      add_entry(warp_, pc_, lanes_);
      return Step::parted;
    }
    const Instruction& i = code_[pc_];
    active_ = i.guard < 0 ? lanes_ : lanes_ & (warp_.predicates[i.guard] ^ i.guard_flip);
    if (i.control == Control::none) {
      if (active_ != 0) i.handler(warp_, i, active_);
      ++instructions_;
      lane_instructions_ += number_of(active_);
      ++pc_;
      continue;
    }
    const Step step = control(i);
    if (step == Step::stuck) {
      if (first) return step;
      // It got here now: that is a step forward, and what waits elsewhere is tried again.
      add_entry(warp_, pc_, lanes_);
      return Step::parted;
    }
    ++instructions_;
    lane_instructions_ += number_of(active_);
    if (step != Step::on) return step;
  }
}

Runner::Step Runner::branch(const Instruction& i, LaneMask taken) {
  const LaneMask stays = lanes_ & ~taken;
  if (stays == 0 && warp_.entries.empty()) {
    pc_ = i.target;
    return Step::on;
  }
  if (taken == 0) {
    ++pc_;
    return Step::on;
  }
  add_entry(warp_, i.target, taken);
  add_entry(warp_, pc_ + 1, stays);
  return Step::parted;
}

Runner::Step Runner::barrier(const Instruction& i) {
  if (warp_.caller) fault(warp_, i, -1, "a barrier in a called function is not supported");
  if (active_ == 0) {
    ++pc_;
    return Step::on;
  }
  if (active_ != warp_.alive) return Step::stuck;
  const uint32_t number = barrier_of(warp_, i, active_);
  warp_.block->arrived[number] += lanes_per_warp;  // the hardware counts whole warps
  if (i.variant == barrier_arrival) {
    ++pc_;
    return Step::on;
  }
  warp_.waiting_at = &i;
  warp_.waiting = active_;
  add_entry(warp_, pc_ + 1, lanes_);
  return Step::at_barrier;
}

// Lanes with the same member mask go on together once all of them are there; tiles of a warp have masks of
// their own.
Runner::Step Runner::collective(const Instruction& i) {
  LaneMask done = 0;
  for (LaneMask rest = active_; rest != 0;) {
    const LaneMask group = lanes_of_first_mask(warp_, i, rest);
    const LaneMask needed = members_of(warp_, i, group) & warp_.kernel_warp().alive;
    if ((group & needed) == needed) {
      i.handler(warp_, i, group);
      done |= group;
    }
    rest &= ~group;
  }
  const LaneMask waiting = active_ & ~done;
  if (waiting != 0 && done == 0 && waiting == lanes_) return Step::stuck;
  if (waiting == 0) {
    ++pc_;
    return Step::on;
  }
  add_entry(warp_, pc_, waiting);
  add_entry(warp_, pc_ + 1, lanes_ & ~waiting);
  return Step::parted;
}

Runner::Step Runner::control(const Instruction& i) {
  switch (i.control) {
    case Control::none:
      break;
    case Control::branch:
      return branch(i, active_);
    case Control::branch_table: {
      const auto& targets = static_cast<const BranchTable*>(i.extra)->targets;
      for (LaneMask rest = active_; rest != 0; rest &= rest - 1) {
        const uint32_t index = warp_.registers[i.s[0] + first_lane(rest)];
        if (index >= targets.size())
          fault(warp_, i, first_lane(rest), "an index beyond the table of branches");
        add_entry(warp_, targets[index], rest & (0 - rest));
      }
      add_entry(warp_, pc_ + 1, lanes_ & ~active_);
      return Step::parted;
    }
    case Control::exit:
      warp_.alive &= ~active_;
      lanes_ &= ~active_;
      if (lanes_ == 0) return Step::ended;
      ++pc_;
      return Step::on;
    case Control::barrier:
      return barrier(i);
    case Control::collective:
      return collective(i);
    case Control::call:
      if (active_ != 0) make_call(warp_, i, active_);
      ++pc_;
      return Step::on;
  }
  return Step::on;
}

void Runner::deadlock() const {
  const Entry& e = warp_.entries.back();
  const Instruction& i = code_[e.pc];
  const LaneMask lanes = i.guard < 0 ? e.lanes : e.lanes & (warp_.predicates[i.guard] ^ i.guard_flip);
  if (i.control == Control::barrier)
    fault(warp_, i, first_lane(lanes),
          "divergent barrier: lanes " + hexadecimal(lanes) + " of the warp are at it, " +
              hexadecimal(warp_.alive) + " are alive");
  const LaneMask members = i.members < 0 ? all_lanes : warp_.registers[i.members + first_lane(lanes)];
  fault(warp_, i, first_lane(lanes),
        "warp collective with the member mask " + hexadecimal(members) + " executed by the lanes " +
            hexadecimal(lanes) + " only");
}

}  // namespace

Stop run_warp(Warp& warp) {
  return Runner(warp).run();
}

}  // namespace gpusim
