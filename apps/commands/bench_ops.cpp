// mosaic bench ops: ops beside the memory's roof.
#include "apps/checks/timed_ops.h"
#include "apps/commands/bench.h"
#include "apps/common/aligned.h"
#include "apps/common/in_turns.h"
#include "apps/common/roof.h"
#include "engine/core/parallel.h"

namespace mosaic::apps {
namespace {

using checks::TimedOp;
using checks::TimedWork;

struct OpsCommand {
  std::string op, shape, clock = "wall";
  int64_t repeat = 31;
};

struct Table {
  double roof;
  int64_t repeat;
  Clock clock;
  json results = json::array();
  std::vector<std::vector<std::string>> rows = {
      {"op", "shape", "pass", "ms", "ns an element", "GB/s", "of a copy's"}};

  void add(const TimedOp& op, const std::string& shape, const char* pass, const std::function<void()>& run,
           double elements, double values) {
    const double ms = 1e3 * median(in_turns({run}, repeat, 2e-4, clock)[0]);
    const double speed = values * elements * 4 / (ms * 1e6);
    results.push_back({{"op", op.name},
                       {"shape", shape},
                       {"pass", pass},
                       {"milliseconds", ms},
                       {"gigabytes_per_second", speed},
                       {"share_of_copy", speed / roof}});
    rows.push_back({op.name, shape, pass, fixed(ms, 4), fixed(ms * 1e6 / elements, 3), fixed(speed, 2),
                    cat(fixed(100 * speed / roof, 0), " %")});
  }
};

std::string text_of(const TimedOp::Sizes& sizes) {
  std::vector<std::string> parts;
  for (const int64_t size : sizes) parts.push_back(cat(size));
  return join(parts, "x");
}

void time_op(const TimedOp& op, const TimedOp::Sizes& sizes, Table& table) {
  const TimedWork work = op.make(sizes, cpu());
  const std::string shape = text_of(sizes);
  {
    const NoGrad off;
    table.add(
        op, shape, "evaluate", [&] { work.run(); }, work.elements, work.values);
  }
  if (work.backward_values == 0) return;
  Tensor y;
  table.add(
      op, shape, "forward", [&] { y = work.run(); }, work.elements, work.values + work.kept_values);
  Generator rng(1);
  const Tensor dy = normal(y.shape(), 0, 1, rng);
  table.add(
      op, shape, "backward", [&] { work.backward(y, dy); }, work.elements, work.backward_values);
}

std::vector<TimedOp::Sizes> shapes_of(const OpsCommand& command, const TimedOp& op) {
  if (command.shape.empty()) return op.shapes;
  TimedOp::Sizes sizes;
  for (const std::string& part : split(command.shape, 'x'))
    sizes.push_back(parse_integer(part, "--shape", 1, int64_t{1} << 30));
  check<UsageError>(sizes.size() == op.shapes.front().size(), "--shape", op.name, " takes ", op.meaning);
  return {sizes};
}

void ops(const OpsCommand& command, bool as_json) {
  check<UsageError>(command.shape.empty() || !command.op.empty(), "--shape", "needs --op");
  Table table{.roof = copy_roof(), .repeat = command.repeat, .clock = clock_of(command.clock, threads())};
  const ProcessorShare processor;
  std::vector<std::string> names;
  for (const TimedOp& op : checks::timed_ops()) {
    names.push_back(op.name);
    if (!command.op.empty() && command.op != op.name) continue;
    for (const TimedOp::Sizes& sizes : shapes_of(command, op)) time_op(op, sizes, table);
  }
  check<UsageError>(!table.results.empty(), "--op", "\"", command.op, "\" is not one of ", join(names, ", "));
  const double share = processor.share();
  warn_when_busy(share);
  if (as_json)
    return put_json({{"isa", kernels::isa_name()},
                     {"threads", threads()},
                     {"clock", command.clock},
                     {"processor_share", share},
                     {"copy_gigabytes_per_second", table.roof},
                     {"results", table.results}});
  put(cat(kernels::isa_name(), ", ", threads(), " threads, memory copies ", fixed(table.roof, 1),
          " GB/s (tensors that stay in a cache may exceed it)\n", aligned(table.rows)));
}

}  // namespace

void declare_bench_ops(CLI::App& parent, Program& program) {
  auto command = std::make_shared<OpsCommand>();
  CLI::App& sub =
      sub_command(parent, "ops", "Ops beside the memory's roof; what is read or written counts once");
  text_option(sub, "--op", command->op, "Only this one");
  text_option(sub, "--shape", command->shape, "Its sizes instead of the usual ones: 4096x512");
  integer_option(sub, "--repeat", command->repeat, 1, 100000, "Timed runs; their median is told");
  clock_option(sub, command->clock);
  threads_option(sub);
  json_flag(sub, program);
  examples(sub, {"mosaic bench ops --threads 1", "mosaic bench ops --op softmax --shape 4096x1000 --json"});
  on_chosen(sub, program, [command, &program] { ops(*command, program.json); });
}

}  // namespace mosaic::apps
