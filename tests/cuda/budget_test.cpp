// Runs the budgets and prints what they came to. MOSAIC_BUDGETS=FILE writes the table as JSON too.
#include "tests/cuda/budget.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "engine/autograd/node.h"
#include "engine/core/json.h"
#include "tests/cuda/cudnn_switch.h"
#include "tests/gpusim/simulator.h"

namespace mosaic::test {
namespace {

constexpr int64_t sector = 32;

Generator& draws() {
  static Generator rng(1);
  return rng;
}

gpusim::Counters count(const std::function<void()>& run) {
  gpusim::reset_counters();
  run();
  synchronize(gpu);
  gpusim::Counters sum;
  for (const auto& [name, c] : gpusim::counters()) {
    sum.launches += c.launches;
    sum.lane_instructions += c.lane_instructions;
    sum.global_sectors += c.global_sectors;
    sum.shared_requests += c.shared_requests;
    sum.bank_conflicts += c.bank_conflicts;
    sum.local_accesses += c.local_accesses;
  }
  return sum;
}

double over(uint64_t a, uint64_t b) {
  return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b);
}

struct Line {
  double moved, instructions, conflicts;  // over the floor; a byte of it; a request of shared memory
  uint64_t launches, local_accesses;
};

Line measure(const Work& work) {
  const gpusim::Counters c = count(work.run);
  const auto floor = static_cast<uint64_t>(work.floor);
  return {over(c.global_sectors * sector, floor), over(c.lane_instructions, floor),
          over(c.bank_conflicts, c.shared_requests), c.launches, c.local_accesses};
}

// The least and the most of a family's ops, in the order of the table.
struct Family {
  std::string name;
  std::vector<double> moved, instructions;
};

class Table {
 public:
  Table() {
    std::printf("family         op                                     floor   moved in/B  conf runs\n");
  }

  void add(const Budget& budget, const Work& work, const Line& line) {
    std::printf("%-14s %-34s %8lld kB %6.2f %5.2f %5.2f %3llu  %s\n", budget.family, budget.op,
                static_cast<long long>(work.floor / 1024), line.moved, line.instructions, line.conflicts,
                static_cast<unsigned long long>(line.launches), budget.note);
    lines_.push_back({{"family", budget.family},
                      {"op", budget.op},
                      {"floor_bytes", work.floor},
                      {"moved_over_floor", line.moved},
                      {"budget", budget.most},
                      {"instructions_per_byte", line.instructions},
                      {"conflicts_per_shared_request", line.conflicts},
                      {"launches", line.launches},
                      {"note", budget.note}});
    if (families_.empty() || families_.back().name != budget.family)
      families_.push_back({budget.family, {}, {}});
    families_.back().moved.push_back(line.moved);
    families_.back().instructions.push_back(line.instructions);
  }

  void print_families() const {
    std::printf("\nfamily          ops       moved     instructions of a thread a byte\n");
    for (const Family& family : families_) {
      const auto [low, high] = std::minmax_element(family.moved.begin(), family.moved.end());
      const auto [few, many] = std::minmax_element(family.instructions.begin(), family.instructions.end());
      std::printf("%-14s  %3zu %5.2f - %5.2f  %5.2f - %5.2f\n", family.name.c_str(), family.moved.size(),
                  *low, *high, *few, *many);
    }
  }
  const json& lines() const { return lines_; }

 private:
  std::vector<Family> families_;
  json lines_ = json::array();
};

void check_budgets(const std::vector<Budget>& budgets, Table& table) {
  const test::WithoutCudnn ours;  // what the libraries move is not counted
  for (const Budget& budget : budgets) {
    const std::string op = budget.op;
    CAPTURE(op);
    const Work work = budget.make();
    const Line line = measure(work);
    table.add(budget, work, line);
    CHECK(line.moved > 0.9);  // less than the floor: the floor or the counters are wrong
    if (budget.most > 0) CHECK(line.moved <= budget.most);
    CHECK(line.conflicts <= 0.1);
    CHECK(line.local_accesses == 0);
  }
}

}  // namespace

Tensor drawn(const Shape& shape, DType dtype) {
  return normal(shape, 0, 1, draws(), dtype).to(gpu);
}

Tensor drawn_ids(int64_t count, int64_t n) {
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < count; ++i) {
    ids.push_back(static_cast<int32_t>(draws().below(static_cast<uint64_t>(n))));
  }
  return Tensor::from(ids, {count}, gpu);
}

Tensor tracked(const Shape& shape, DType dtype) {
  return drawn(shape, dtype).track() * 1.0;
}

int64_t bytes_of(const Tensors& tensors) {
  int64_t bytes = 0;
  for (const Tensor& x : tensors) bytes += x.numel() * size_of(x.dtype());
  return bytes;
}

Work forward(const Tensors& inputs, const std::function<Tensor(const Tensors&)>& f, int64_t more) {
  const auto run = [=] {
    const NoGrad off;
    return f(inputs);
  };
  return {run, bytes_of(inputs) + bytes_of({run()}) + more};
}

Work training(const Tensors& inputs, const std::function<Tensor(const Tensors&)>& f, int64_t saved) {
  return {[=] { f(inputs); }, bytes_of(inputs) + bytes_of({f(inputs)}) + saved};
}

Work backward(const Tensors& inputs, const std::function<Tensor(const Tensors&)>& f, int64_t saved,
              Delivered delivered) {
  const Tensor y = f(inputs), dy = drawn(y.shape(), y.dtype());
  const auto run = [=] {
    const NoGrad off;
    GradSink sink(y.node());
    y.node()->rule(Back{.saved = y.node()->saved, .dy = dy, .sink = sink});
  };
  int64_t gradients = 0;
  for (const Tensor& input : inputs) gradients += input.tracked() ? bytes_of({input}) : 0;
  if (delivered == Delivered::before) run();
  return {run, saved + bytes_of({dy}) + (delivered == Delivered::before ? 2 : 1) * gradients};
}

}  // namespace mosaic::test

TEST_CASE("cuda: every kernel moves little more than its inputs and results") {
  using namespace mosaic;
  gpusim::options().checks = false;  // the op table runs with them
  test::Table table;
  for (const auto& budgets : {test::elementwise_budgets(), test::row_budgets(), test::layer_budgets()}) {
    test::check_budgets(budgets, table);
  }
  table.print_families();
  if (const char* file = std::getenv("MOSAIC_BUDGETS")) save_json(file, table.lines());
}
