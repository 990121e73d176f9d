// mosaic bench evaluate: what scoring one architecture of a supernet costs, and how much of that is not in
// kernels.
#include "apps/commands/bench.h"
#include "apps/common/in_turns.h"
#include "apps/common/roof.h"
#include "apps/common/timed_evaluations.h"
#include "engine/core/parallel.h"

namespace mosaic::apps {
namespace {

struct EvaluateCommand : BenchModel {
  int64_t candidates = 20, seed = 1;
};

void evaluate(const EvaluateCommand& command, bool as_json) {
  const TimedModel settings = settings_of(command);
  const double roof = fma_roof();
  TimedEvaluations timed(settings);
  Generator rng(static_cast<uint64_t>(command.seed));
  timed.evaluate(settings.space->largest());  // memory is asked for
  const ProcessorShare processor;
  std::vector<double> milliseconds, metered, outside, launches, speeds;
  for (int64_t i = 0; i < command.candidates; ++i) {
    const auto taken = timed.evaluate(settings.space->sample(rng));
    milliseconds.push_back(taken.milliseconds);
    metered.push_back(taken.metered);
    outside.push_back(taken.share_outside);
    launches.push_back(static_cast<double>(taken.launches));
    speeds.push_back(taken.gigaflops / taken.milliseconds * 1e3);
  }
  const double processor_share = processor.share();
  warn_when_busy(processor_share);
  put_result({{"model", model_name(settings)},
              {"space", command.space},
              {"mixture", command.mixture},
              {"candidates", command.candidates},
              {"batches", timed.batches()},
              {"tokens", timed.tokens()},
              {"milliseconds", median(milliseconds)},
              {"metered_over_not", median_ratio(metered, milliseconds)},
              {"share_outside_kernels", median(outside)},
              {"share_outside_kernels_max", *std::max_element(outside.begin(), outside.end())},
              {"launches", median(launches)},
              {"gigaflops_per_second", median(speeds)},
              {"roof_gigaflops_per_second", roof},
              {"share_of_roof", median(speeds) / roof},
              {"processor_share", processor_share},
              {"threads", threads()},
              {"isa", kernels::isa_name()}},
             as_json);
}

}  // namespace

void declare_bench_evaluate(CLI::App& parent, Program& program) {
  auto command = std::make_shared<EvaluateCommand>();
  command->space = "tiny";
  command->mixture = "neuron-wise";
  command->translation_vocabulary = 4000;
  command->batches = 8;
  CLI::App& sub =
      sub_command(parent, "evaluate", "Scoring a supernet's architectures, and its share outside kernels");
  text_option(sub, "--space", command->space, "The supernet's space, for translation or BERT [tiny]");
  choice_option(sub, "--mixture", command->mixture, {"none", "layer-wise", "neuron-wise"}, "Of the supernet");
  bench_model_options(sub, *command);
  integer_option(sub, "--candidates", command->candidates, 1, 100000,
                 "Random architectures, each scored twice");
  integer_option(sub, "--seed", command->seed, 0, std::numeric_limits<int64_t>::max(), "Of their draw");
  threads_option(sub);
  json_flag(sub, program);
  examples(sub, {"mosaic bench evaluate --threads 1",
                 "mosaic bench evaluate --space bert-homogeneous-tiny --json"});
  on_chosen(sub, program, [command, &program] { evaluate(*command, program.json); });
}

}  // namespace mosaic::apps
