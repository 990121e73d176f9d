#include "tests/gpusim/warp.h"

#include <algorithm>

namespace gpusim {

std::atomic<uint32_t>& clock_of_events() {
  static std::atomic<uint32_t> clock{1};
  return clock;
}

void fault(const Warp& warp, const Instruction& instruction, int lane, const std::string& what) {
  const Warp& top = warp.kernel_warp();
  Fault::Place place;
  place.kernel = top.function->demangled;
  place.has_block = true;
  std::copy_n(top.block->index, 3, place.block);
  if (lane >= 0) place.thread = static_cast<int64_t>(top.index) * lanes_per_warp + lane;
  const auto& files = warp.function->module->files;
  if (const auto file = files.find(instruction.source.file); file != files.end()) {
    place.file = file->second;
    place.line = instruction.source.line;
  }
  if (const auto file = files.find(instruction.source.inner_file); file != files.end()) {
    place.inner_file = file->second;
    place.inner_line = instruction.source.inner_line;
  }
  throw Fault(std::move(place), what);
}

void Warp::prepare(const Function& of, BlockRun& in, uint32_t number) {
  constexpr size_t line = 16;  // words of a cache line
  function = &of;
  block = &in;
  index = number;
  register_file_.assign(of.register_words + line, 0);
  const auto address = reinterpret_cast<uintptr_t>(register_file_.data());
  registers = register_file_.data() + (64 - address % 64) % 64 / sizeof(uint32_t);
  predicate_file_.assign(of.predicates + 1, 0);
  predicates = predicate_file_.data();
  call_storage_.assign(of.call_bytes * lanes_per_warp, std::byte{0});
  call_memory = call_storage_.data();
  if (!caller) {
    local_stride = (of.local_stack_bytes + 15) / 16 * 16;
    local_storage_.assign(local_stride * lanes_per_warp, std::byte{0xff});
    local_memory = local_storage_.data();
  } else {
    local_stride = caller->local_stride;
    local_memory = caller->local_memory;
    local_frame = caller->local_frame + (caller->function->local_bytes + 15) / 16 * 16;
  }
  last_allocation.assign(of.slots, nullptr);
  for (const int32_t place : of.true_predicates) predicates[place] = all_lanes;
  for (const Constant& c : of.constants) {
    const uint64_t value = c.base == Constant::Base::local_frame ? c.value + local_frame : c.value;
    if (c.wide) {
      std::fill_n(Lane<uint64_t>::words(*this, c.place), lanes_per_warp, value);
    } else {
      std::fill_n(registers + c.place, lanes_per_warp, static_cast<uint32_t>(value));
    }
  }
}

void Warp::set_specials() {
  const LaunchRun& launch = *block->launch;
  const Extent &b = launch.block, &g = launch.grid;
  const uint32_t warps = (launch.threads() + lanes_per_warp - 1) / lanes_per_warp;
  for (size_t special = 0; special < function->specials.size(); ++special) {
    const int32_t place = function->specials[special];
    if (place < 0) continue;
    uint32_t* const lanes = registers + place;
    for (uint32_t lane = 0; lane < lanes_per_warp; ++lane) {
      const uint32_t thread = index * lanes_per_warp + lane;
      const auto value = [&]() -> uint32_t {
        switch (static_cast<Special>(special)) {
          case Special::tid_x:
            return thread % b.x;
          case Special::tid_y:
            return thread / b.x % b.y;
          case Special::tid_z:
            return thread / (b.x * b.y);
          case Special::ntid_x:
            return b.x;
          case Special::ntid_y:
            return b.y;
          case Special::ntid_z:
            return b.z;
          case Special::ctaid_x:
            return block->index[0];
          case Special::ctaid_y:
            return block->index[1];
          case Special::ctaid_z:
            return block->index[2];
          case Special::nctaid_x:
            return g.x;
          case Special::nctaid_y:
            return g.y;
          case Special::nctaid_z:
            return g.z;
          case Special::laneid:
            return lane;
          case Special::warpid:
            return index;
          case Special::nwarpid:
            return warps;
          case Special::nsmid:
            return 16;
          case Special::lanemask_eq:
            return 1U << lane;
          case Special::lanemask_lt:
            return (1U << lane) - 1;
          case Special::lanemask_le:
            return (2U << lane) - 1;
          case Special::lanemask_gt:
            return ~((2U << lane) - 1);
          case Special::lanemask_ge:
            return ~((1U << lane) - 1);
          case Special::dynamic_smem_size:
            return static_cast<uint32_t>(launch.dynamic_shared);
          case Special::total_smem_size:
            return static_cast<uint32_t>(launch.shared_bytes);
          // One multiprocessor: the same in every run.
          case Special::smid:
          case Special::gridid:
          case Special::count_:
            return 0;
        }
        return 0;
      };
      lanes[lane] = value();
    }
  }
}

}  // namespace gpusim
