// The machine: what is registered, and launches of it.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <random>
#include <thread>

#include "tests/gpusim/control.h"
#include "tests/gpusim/driver.h"
#include "tests/gpusim/fatbin.h"

namespace gpusim {
namespace {

constexpr uint64_t fewest_blocks = 4;  // that more than one thread runs

// Made with its first use, never destroyed: nvcc registers from static constructors.
struct Machine {
  std::vector<std::unique_ptr<Module>> modules;
  std::map<const Module*, int> targets;  // 80 of .target sm_80
  std::map<const void*, const Function*> functions;
  std::map<const void*, void*> variables;
  std::map<std::string, Counters> counters;
  // Blocks that ran before, for the next ones of the same kernel and number of threads, by worker.
  using Kind = std::pair<const Function*, uint32_t>;
  std::map<Kind, std::vector<std::unique_ptr<BlockRun>>> idle;
  uint64_t idle_generation = 0;
  std::mutex mutex;
  static Machine& instance() {
    static Machine* const machine = new Machine;
    return *machine;
  }
};

void add(Counters& sum, const Counters& c) {
  sum.warp_instructions += c.warp_instructions;
  sum.lane_instructions += c.lane_instructions;
  sum.global_requests += c.global_requests;
  sum.global_sectors += c.global_sectors;
  sum.global_bytes += c.global_bytes;
  sum.shared_requests += c.shared_requests;
  sum.bank_conflicts += c.bank_conflicts;
  sum.local_accesses += c.local_accesses;
  sum.touched_bytes += c.touched_bytes;
}

// Which block comes k-th.
class BlockOrder {
 public:
  explicit BlockOrder(uint64_t blocks) : blocks_(blocks), order_(options().order) {
    if (order_ != Order::shuffled) return;
    shuffled_.resize(blocks);
    for (uint64_t k = 0; k < blocks; ++k) shuffled_[k] = k;
    std::mt19937_64 random(options().seed);
    for (uint64_t k = blocks; k > 1; --k) std::swap(shuffled_[k - 1], shuffled_[random() % k]);
  }
  uint64_t operator[](uint64_t k) const {
    return order_ == Order::forward ? k : order_ == Order::reverse ? blocks_ - 1 - k : shuffled_[k];
  }
  // Warps within a block follow the same order; shuffled, every other block begins with its last warp.
  bool reverses_warps(uint64_t block) const {
    return order_ == Order::reverse || (order_ == Order::shuffled && block % 2 == 1);
  }

 private:
  uint64_t blocks_;
  Order order_;
  std::vector<uint64_t> shuffled_;
};

// Runs the blocks of a launch on one or several threads.
class Execution {
 public:
  Execution(LaunchRun& run, uint64_t blocks) : run_(run), blocks_(blocks), order_(blocks) {}
  void go(int workers);
  Counters counters;
  std::string printed;

 private:
  void work(BlockRun& block);
  void set_up(BlockRun& block, uint64_t linear) const;

  LaunchRun& run_;
  uint64_t blocks_;
  BlockOrder order_;
  std::atomic<uint64_t> next_{0};
  std::mutex mutex_;
  // The first mistake in the order of blocks: what is reported does not depend on the threads' speed when
  // blocks before it are right.
  std::exception_ptr failure_;
  std::atomic<uint64_t> failed_at_{UINT64_MAX};
  std::map<uint64_t, std::string> texts_;
};

void Execution::set_up(BlockRun& block, uint64_t linear) const {
  block.linear = linear;
  block.index[0] = static_cast<uint32_t>(linear % run_.grid.x);
  block.index[1] = static_cast<uint32_t>(linear / run_.grid.x % run_.grid.y);
  block.index[2] = static_cast<uint32_t>(linear / run_.grid.x / run_.grid.y);
  std::fill(block.shared.begin(), block.shared.end(), std::byte{0xff});
  std::fill(block.shared_written.begin(), block.shared_written.end(), uint8_t{0});
  block.printed.clear();
}

void Execution::work(BlockRun& block) {
  for (;;) {
    const uint64_t at = next_++;
    if (at >= blocks_ || at > failed_at_) return;
    const uint64_t linear = order_[at];
    set_up(block, linear);
    try {
      run_block(block, order_.reverses_warps(linear));
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (at < failed_at_) failed_at_ = at, failure_ = std::current_exception();
    }
    if (!block.printed.empty()) {
      const std::lock_guard lock(mutex_);
      texts_[linear] = std::move(block.printed);
    }
  }
}

// A block with its warps, new or from an earlier launch of the same kernel.
std::unique_ptr<BlockRun> take_block(LaunchRun& run) {
  Machine& machine = Machine::instance();
  const uint32_t warps = (run.threads() + lanes_per_warp - 1) / lanes_per_warp;
  std::unique_ptr<BlockRun> block;
  {
    const std::lock_guard lock(machine.mutex);
    auto& idle = machine.idle[{run.function, run.threads()}];
    if (!idle.empty()) {
      block = std::move(idle.back());
      idle.pop_back();
    }
  }
  if (!block) {
    block = std::make_unique<BlockRun>();
    block->launch = &run;
    for (uint32_t k = 0; k < warps; ++k) {
      block->warps.push_back(std::make_unique<Warp>());
      block->warps.back()->prepare(*run.function, *block, k);
    }
  }
  block->launch = &run;
  block->counters = {};
  block->shared.resize(run.shared_bytes);
  block->shared_written.resize(run.shared_bytes);
  block->shared_shadow.resize(run.checks ? run.shared_bytes / Shadow::bytes + 5 : 0);
  return block;
}

void Execution::go(int workers) {
  std::vector<std::unique_ptr<BlockRun>> blocks;
  for (int k = 0; k < workers; ++k) blocks.push_back(take_block(run_));
  std::vector<std::thread> threads;
  for (int k = 1; k < workers; ++k) threads.emplace_back([&, k] { work(*blocks[static_cast<size_t>(k)]); });
  work(*blocks[0]);
  for (std::thread& thread : threads) thread.join();
  for (const auto& block : blocks) add(counters, block->counters);
  for (const auto& [linear, text] : texts_) printed += text;
  if (failure_) std::rethrow_exception(failure_);  // blocks that stopped midway are not used again
  Machine& machine = Machine::instance();
  const std::lock_guard lock(machine.mutex);
  auto& idle = machine.idle[{run_.function, run_.threads()}];
  for (auto& block : blocks) idle.push_back(std::move(block));
}

// Of a function and of the deepest calls that it makes.
size_t local_stack(const Function& f, int depth) {
  if (depth > 32) throw Unsupported("[gpusim] " + f.demangled + " calls itself, which is not supported");
  size_t deepest = 0;
  for (const auto& call : f.calls)
    if (call->function) deepest = std::max(deepest, local_stack(*call->function, depth + 1));
  return (f.local_bytes + 15) / 16 * 16 + deepest;
}

// Allocations that kernels remember may be gone.
void forget_allocations(Machine& machine) {
  const uint64_t generation = Memory::device().generation();
  if (machine.idle_generation == generation) return;
  machine.idle_generation = generation;
  for (auto& [kind, blocks] : machine.idle)
    for (auto& block : blocks)
      for (auto& warp : block->warps)
        std::fill(warp->last_allocation.begin(), warp->last_allocation.end(), nullptr);
}

// Of ".target sm_80".
int target_of_text(const std::string& text) {
  constexpr const char* directive = ".target sm_";
  const size_t at = text.find(directive);
  return at == std::string::npos ? 0 : std::atoi(text.c_str() + at + std::strlen(directive));
}

}  // namespace

void register_fat_binary(const void* wrapper) {
  Machine& machine = Machine::instance();
  for (const std::string& text : ptx_of_fat_binary(wrapper)) {
    machine.modules.push_back(read_module(text));
    machine.targets[machine.modules.back().get()] = target_of_text(text);
    for (auto& [name, function] : machine.modules.back()->functions)
      function->local_stack_bytes = local_stack(*function, 0);
  }
}

// Kernels of one name may be in several modules (internal linkage): nvcc registers a module before its
// functions.
void register_function(const void* handle, const char* name) {
  Machine& machine = Machine::instance();
  for (auto module = machine.modules.rbegin(); module != machine.modules.rend(); ++module) {
    const auto found = (*module)->functions.find(name);
    if (found == (*module)->functions.end()) continue;
    machine.functions[handle] = found->second.get();
    return;
  }
}

void register_variable(const void* handle, const char* name, size_t) {
  Machine& machine = Machine::instance();
  for (auto module = machine.modules.rbegin(); module != machine.modules.rend(); ++module) {
    const auto found = (*module)->globals.find(name);
    if (found == (*module)->globals.end()) continue;
    machine.variables[handle] = found->second;
    return;
  }
}

const std::vector<Parameter>* parameters_of(const void* function) {
  const auto& functions = Machine::instance().functions;
  const auto found = functions.find(function);
  return found == functions.end() ? nullptr : &found->second->parameters;
}

size_t static_shared_of(const void* function) {
  const auto& functions = Machine::instance().functions;
  const auto found = functions.find(function);
  return found == functions.end() ? 0 : found->second->static_shared;
}

int target_of(const void* function) {
  const auto& functions = Machine::instance().functions;
  const auto found = functions.find(function);
  return found == functions.end() ? 0 : Machine::instance().targets.at(found->second->module);
}

void* address_of(const void* variable) {
  const auto& variables = Machine::instance().variables;
  const auto found = variables.find(variable);
  return found == variables.end() ? nullptr : found->second;
}

const std::map<std::string, Counters>& counters() {
  return Machine::instance().counters;
}

void reset_counters() {
  Machine::instance().counters.clear();
}

void run(const Launch& launch) {
  Machine& machine = Machine::instance();
  const Function& f = *machine.functions.at(launch.function);
  LaunchRun run;
  run.function = &f;
  run.grid = launch.grid, run.block = launch.block;
  run.dynamic_shared = launch.dynamic_shared;
  run.dynamic_offset = (f.static_shared + 15) / 16 * 16;
  run.shared_bytes = launch.dynamic_shared > 0 ? run.dynamic_offset + launch.dynamic_shared : f.static_shared;
  run.arguments = launch.arguments;
  run.checks = options().checks;
  const uint64_t blocks = uint64_t{launch.grid.x} * launch.grid.y * launch.grid.z;
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  int workers = options().workers > 0 ? options().workers : cores;
  if (blocks < fewest_blocks || f.orders_matter) workers = 1;
  run.concurrent = workers > 1;
  if (f.has_fence) run.fence_times.assign(std::min<uint64_t>(blocks, 1 << 21), 0);
  forget_allocations(machine);
  run.start_time = ++clock_of_events();
  Execution execution(run, blocks);
  const auto finish = [&] {
    Counters& sum = machine.counters[f.demangled];
    ++sum.launches;
    add(sum, execution.counters);
    std::fwrite(execution.printed.data(), 1, execution.printed.size(), stdout);
  };
  try {
    execution.go(workers);
  } catch (...) {
    finish();
    throw;
  }
  finish();
}

}  // namespace gpusim
