// mosaic bench overhead: what a mixture costs an update.
#include "apps/commands/bench.h"
#include "apps/common/in_turns.h"
#include "apps/common/timed_updates.h"
#include "engine/core/parallel.h"
#include "engine/cpu/isa.h"
#include "nas/statistics.h"

namespace mosaic::apps {
namespace {

struct OverheadCommand : BenchModel {
  int64_t pairs = 10;
};

// What a mixture costs: updates of a supernet with it and of one without it in turns, so that a busy machine
// slows both alike. Both draw the same architectures. The ratio of each pair is one observation; their median
// comes with a 95 % interval from bootstrap resamples.
void overhead(const OverheadCommand& command, bool as_json) {
  const TimedModel mixed = settings_of(command);
  TimedModel plain = mixed;
  plain.mixture.routing = mos::Routing::none;
  plain.mixture.experts = 1;
  TimedUpdates with(mixed), without(plain);
  std::vector<double> ratios, milliseconds, plain_milliseconds;
  for (int64_t pair = -2; pair < command.pairs; ++pair) {
    const bool mixture_first = pair % 2 == 0;
    const double first = mixture_first ? with.update() : without.update();
    const double second = mixture_first ? without.update() : with.update();
    if (pair < 0) continue;
    milliseconds.push_back(mixture_first ? first : second);
    plain_milliseconds.push_back(mixture_first ? second : first);
    ratios.push_back(milliseconds.back() / plain_milliseconds.back());
  }
  Generator rng(1);
  std::vector<double> medians(1000), resample(ratios.size());
  for (double& value : medians) {
    for (double& drawn : resample) drawn = ratios[rng.below(ratios.size())];
    value = median(resample);
  }
  put_result({{"model", model_name(mixed)},
              {"mixture", command.mixture},
              {"pairs", command.pairs},
              {"milliseconds", median(milliseconds)},
              {"milliseconds_without", median(plain_milliseconds)},
              {"ratio", median(ratios)},
              {"ratio_low", nas::quantile(medians, 0.025)},
              {"ratio_high", nas::quantile(medians, 0.975)},
              {"device", cat(compute_device())},
              {"threads", threads()},
              {"isa", kernels::isa_name()}},
             as_json);
}

}  // namespace

void declare_bench_overhead(CLI::App& parent, Program& program) {
  auto command = std::make_shared<OverheadCommand>();
  command->space = "tiny";
  command->mixture = "neuron-wise";
  command->translation_vocabulary = 4000;
  CLI::App& sub = sub_command(parent, "overhead", "An update with a mixture against one without, in turns");
  text_option(sub, "--space", command->space, "The supernets' space, for translation or BERT [tiny]");
  choice_option(sub, "--mixture", command->mixture, {"layer-wise", "neuron-wise"}, "Of the first supernet");
  choice_option(sub, "--policy", command->policy, {"single", "sandwich"}, "Architectures of an update");
  bench_model_options(sub, *command);
  integer_option(sub, "--pairs", command->pairs, 1, 100000, "Timed pairs of updates, after two to warm up");
  threads_option(sub);
  device_option(sub);
  json_flag(sub, program);
  examples(sub, {"mosaic bench overhead --mixture layer-wise --pairs 50 --json",
                 "mosaic bench overhead --space bert-homogeneous-tiny --pairs 20"});
  on_chosen(sub, program, [command, &program] { overhead(*command, program.json); });
}

}  // namespace mosaic::apps
