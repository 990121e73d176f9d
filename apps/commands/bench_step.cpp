// mosaic bench step: how long a training update takes, what share of the processor it uses, what memory.
#include <sys/resource.h>

#include "apps/commands/bench.h"
#include "apps/common/in_turns.h"
#include "apps/common/roof.h"
#include "apps/common/timed_updates.h"
#include "engine/core/allocator.h"
#include "engine/core/meter.h"
#include "engine/core/parallel.h"

namespace mosaic::apps {
namespace {

struct StepCommand : BenchModel {
  std::string clock = "wall";
  int64_t steps = 10;
};

// The largest resident set of the process so far, as the system counts it.
int64_t peak_rss_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

void step(const StepCommand& command, bool as_json) {
  const TimedModel settings = settings_of(command);
  const Device device = compute_device();
  const bool on_cpu = device == cpu();
  const Clock clock = clock_of(command.clock, threads());
  const double roof = on_cpu ? fma_roof() : 0;
  const int64_t rss_before = peak_rss_bytes();
  TimedUpdates timed(settings);
  timed.update(), timed.update();  // memory is asked for
  allocator(device).reset_peak();
  const Meter meter;
  const ProcessorShare processor;
  std::vector<double> times, work, speeds;  // milliseconds, GFLOP, GFLOP/s
  for (int64_t update = 0; update < command.steps; ++update) {
    const int64_t before = meter.read().multiply_adds;
    times.push_back(timed.update(clock));
    work.push_back(2e-9 * static_cast<double>(meter.read().multiply_adds - before));
    speeds.push_back(work.back() / times.back() * 1e3);
  }
  const double share = processor.share();
  if (on_cpu) warn_when_busy(share);
  const double milliseconds = median(times), speed = median(speeds);
  const auto [fastest, slowest] = std::minmax_element(times.begin(), times.end());
  put_result({{"model", model_name(settings)},
              {"parameters", timed.parameters()},
              {"milliseconds", milliseconds},
              {"milliseconds_min", *fastest},
              {"milliseconds_max", *slowest},
              {"tokens_per_second", static_cast<double>(settings.tokens()) / milliseconds * 1e3},
              {"gigaflops", median(work)},
              {"gigaflops_per_second", speed},
              {"roof_gigaflops_per_second", on_cpu ? json(roof) : json()},
              {"share_of_roof", on_cpu ? json(speed / roof) : json()},
              {"processor_share", share},
              {"clock", command.clock},
              {"peak_bytes", allocator(device).stats().peak},
              {"peak_rss_bytes", peak_rss_bytes()},
              {"rss_bytes_before", rss_before},
              {"device", cat(device)},
              {"threads", threads()},
              {"isa", kernels::isa_name()}},
             as_json);
}

}  // namespace

void declare_bench_step(CLI::App& parent, Program& program) {
  auto command = std::make_shared<StepCommand>();
  CLI::App& sub = sub_command(parent, "step", "A training update: forward, backward, Adam");
  choice_option(sub, "--model", command->model, {"transformer", "bert"},
                "Translation or masked language modelling [transformer, or the space's]");
  text_option(sub, "--space", command->space, "Time a supernet of this space instead of a plain model");
  text_option(sub, "--arch", command->arch,
              "Not the supernet: this architecture's model alone; a file, largest or smallest");
  choice_option(sub, "--mixture", command->mixture, {"none", "layer-wise", "neuron-wise"}, "Of the supernet");
  choice_option(sub, "--policy", command->policy, {"single", "sandwich"}, "Architectures of an update");
  bench_model_options(sub, *command);
  integer_option(sub, "--embed", command->embed, 1, 4096, "Width of the plain model [128; BERT 192]");
  integer_option(sub, "--ffn", command->ffn, 1, 16384, "Its feed-forward width [256; BERT 768]");
  integer_option(sub, "--heads", command->heads, 1, 64, "Its heads [4; BERT 6]");
  integer_option(sub, "--layers", command->layers, 1, 64, "Its layers, of a Transformer a side [4; BERT 6]");
  text_option(sub, "--texts", command->texts,
              "Fine-tune the BERT instead: classify texts of so many tokens, as 12,9,30");
  integer_option(sub, "--steps", command->steps, 1, 100000, "Timed updates, after two to warm up");
  clock_option(sub, command->clock);
  threads_option(sub);
  device_option(sub);
  json_flag(sub, program);
  examples(sub, {"mosaic bench step --threads 2 --json", "mosaic bench step --model bert --threads 1",
                 "mosaic bench step --model bert --texts 10,13,12,30",
                 "mosaic bench step --space tiny --arch largest",
                 "mosaic bench step --space tiny --mixture neuron-wise --vocabulary 4000",
                 "mosaic bench step --space bert-homogeneous-tiny --mixture layer-wise"});
  on_chosen(sub, program, [command, &program] { step(*command, program.json); });
}

}  // namespace mosaic::apps
