// mosaic bench: how long a training step takes, of a plain model or of a supernet's update; translation has a
// file of its own.
#include <algorithm>

#include "apps/commands/bench_translate.h"
#include "apps/commands/commands.h"
#include "apps/common/timed_updates.h"
#include "engine/core/allocator.h"
#include "engine/core/parallel.h"
#include "engine/cpu/isa.h"
#include "nas/statistics.h"

namespace mosaic::apps {
namespace {

struct BenchCommand {
  std::string model;  // "transformer", "bert"; empty: the space's, without one a Transformer
  std::string space;  // empty: a plain model
  std::string mixture = "none";
  std::string policy = "sandwich";
  std::optional<int64_t> rows, length, vocabulary, embed, ffn, heads, layers;
  std::optional<double> dropout, attention_dropout;
  int64_t translation_vocabulary = 9712;
  int64_t batches = 1;
  int64_t experts = 2, hidden = 32;
  int64_t steps = 10;
};

// Sizes that were not given are those of a Transformer for Multi30k, or of the largest BERT of
// bert-homogeneous-tiny.
TimedModel settings_of(const BenchCommand& command) {
  TimedModel settings;
  if (!command.space.empty()) settings.space = mos::space_named(command.space);
  const std::string named = command.model == "transformer" ? "seq2seq" : command.model;
  check<UsageError>(named.empty() || !settings.space || named == settings.space->model(), "--model",
                    command.model, " does not fit --space ", command.space);
  const bool bert = named == "bert" || (settings.space && settings.space->model() == "bert");
  const int64_t space_vocabulary =
      bert && settings.space ? static_cast<int64_t>(settings.space->fixed("vocabulary")) : 8000;
  settings.bert = bert;
  settings.policy = nas::policy_named(command.policy);
  settings.mixture.routing = mos::routing_named(command.mixture);
  settings.mixture.experts = settings.mixture.on() ? command.experts : 1;
  settings.mixture.router_hidden = command.hidden;
  check<UsageError>(settings.space || !settings.mixture.on(), "--mixture",
                    "belongs to a supernet: --space names what it is of");
  settings.embed = command.embed.value_or(bert ? 192 : 128);
  settings.ffn = command.ffn.value_or(bert ? 768 : 256);
  settings.heads = command.heads.value_or(bert ? 6 : 4);
  settings.layers = command.layers.value_or(bert ? 6 : 4);
  settings.dropout = command.dropout.value_or(bert ? 0 : 0.3);
  settings.attention_dropout = command.attention_dropout.value_or(!bert && settings.space ? 0.1 : 0);
  settings.vocabulary = command.vocabulary.value_or(bert ? space_vocabulary : command.translation_vocabulary);
  settings.rows = command.rows.value_or(bert ? 16 : 128);
  settings.length = command.length.value_or(bert ? 128 : 32);
  settings.batches = command.batches;
  check<UsageError>(settings.space || settings.embed % settings.heads == 0, "--heads", settings.heads,
                    " must divide the width, --embed ", settings.embed);
  return settings;
}

const char* model_name(const TimedModel& settings) {
  return settings.bert ? "bert" : "transformer";
}

void step(const BenchCommand& command, bool as_json) {
  const TimedModel settings = settings_of(command);
  TimedUpdates timed(settings);
  std::vector<double> times;
  for (int64_t update = -2; update < command.steps; ++update) {
    if (update == 0) allocator(compute_device()).reset_peak();
    const double taken = timed.update();
    if (update >= 0) times.push_back(taken);
  }
  std::sort(times.begin(), times.end());
  const double median = times[times.size() / 2];
  put_result({{"model", model_name(settings)},
              {"parameters", timed.parameters()},
              {"milliseconds", median},
              {"milliseconds_min", times.front()},
              {"milliseconds_max", times.back()},
              {"tokens_per_second", static_cast<double>(settings.tokens()) / median * 1e3},
              {"peak_bytes", allocator(compute_device()).stats().peak},
              {"device", cat(compute_device())},
              {"threads", threads()},
              {"isa", kernels::isa_name()}},
             as_json);
}

// What a mixture costs: updates of a supernet with it and of one without it in turns, so that a busy machine
// slows both alike. Both draw the same architectures. The ratio of each pair is one observation; their median
// comes with a 95 % interval from bootstrap resamples.
void overhead(const BenchCommand& command, bool as_json) {
  const TimedModel mixed = settings_of(command);
  TimedModel plain = mixed;
  plain.mixture.routing = mos::Routing::none;
  plain.mixture.experts = 1;
  TimedUpdates with(mixed), without(plain);
  std::vector<double> ratios, milliseconds, plain_milliseconds;
  for (int64_t pair = -2; pair < command.steps; ++pair) {
    const bool mixture_first = pair % 2 == 0;
    const double first = mixture_first ? with.update() : without.update();
    const double second = mixture_first ? without.update() : with.update();
    if (pair < 0) continue;
    milliseconds.push_back(mixture_first ? first : second);
    plain_milliseconds.push_back(mixture_first ? second : first);
    ratios.push_back(milliseconds.back() / plain_milliseconds.back());
  }
  const auto median = [](const std::vector<double>& values) { return nas::quantile(values, 0.5); };
  Generator rng(1);
  std::vector<double> medians(1000), resample(ratios.size());
  for (double& value : medians) {
    for (double& drawn : resample) drawn = ratios[rng.below(ratios.size())];
    value = median(resample);
  }
  put_result({{"model", model_name(mixed)},
              {"mixture", command.mixture},
              {"pairs", command.steps},
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

void size_options(CLI::App& sub, BenchCommand& command) {
  choice_option(sub, "--policy", command.policy, {"single", "sandwich"}, "Architectures of an update");
  integer_option(sub, "--rows", command.rows, 1, 1 << 20, "Sentences of a micro-batch [128; BERT 16]");
  integer_option(sub, "--length", command.length, 1, 1024,
                 "Tokens of a sentence, both sides [32; BERT 128, 15 % to guess]");
  integer_option(sub, "--batches", command.batches, 1, 1024, "Micro-batches of an update");
  integer_option(sub, "--vocabulary", command.vocabulary, 8, 1 << 20,
                 cat("Joint vocabulary [", command.translation_vocabulary, "; BERT 8000 or its space's]"));
  integer_option(sub, "--experts", command.experts, 2, 64, "Of a mixture");
  integer_option(sub, "--router-hidden", command.hidden, 1, 4096, "Of a mixture's routers");
  number_option(sub, "--dropout", command.dropout, 0, 0.9, "Dropout rate [0.3; BERT 0]");
  number_option(sub, "--attention-dropout", command.attention_dropout, 0, 0.9,
                "Of attention probabilities [0; translation supernets 0.1]");
  threads_option(sub);
  device_option(sub);
}

void declare_step(CLI::App& app, Program& program) {
  auto command = std::make_shared<BenchCommand>();
  CLI::App& sub = sub_command(app, "step", "A training update: forward, backward, Adam");
  choice_option(sub, "--model", command->model, {"transformer", "bert"},
                "Translation or masked language modelling [transformer, or the space's]");
  text_option(sub, "--space", command->space, "Time a supernet of this space instead of a plain model");
  choice_option(sub, "--mixture", command->mixture, {"none", "layer-wise", "neuron-wise"}, "Of the supernet");
  size_options(sub, *command);
  integer_option(sub, "--embed", command->embed, 1, 4096, "Width of the plain model [128; BERT 192]");
  integer_option(sub, "--ffn", command->ffn, 1, 16384, "Its feed-forward width [256; BERT 768]");
  integer_option(sub, "--heads", command->heads, 1, 64, "Its heads [4; BERT 6]");
  integer_option(sub, "--layers", command->layers, 1, 64, "Its layers, of a Transformer a side [4; BERT 6]");
  integer_option(sub, "--steps", command->steps, 1, 100000, "Timed updates, after two to warm up");
  json_flag(sub, program);
  examples(sub, {"mosaic bench step --threads 2 --json", "mosaic bench step --model bert --threads 1",
                 "mosaic bench step --space tiny --mixture neuron-wise --vocabulary 4000",
                 "mosaic bench step --space bert-homogeneous-tiny --mixture layer-wise"});
  on_chosen(sub, program, [command, &program] { step(*command, program.json); });
}

void declare_overhead(CLI::App& app, Program& program) {
  auto command = std::make_shared<BenchCommand>();
  command->space = "tiny";
  command->mixture = "neuron-wise";
  command->translation_vocabulary = 4000;
  CLI::App& sub = sub_command(app, "overhead", "An update with a mixture against one without, in turns");
  text_option(sub, "--space", command->space, "The supernets' space, for translation or BERT [tiny]");
  choice_option(sub, "--mixture", command->mixture, {"layer-wise", "neuron-wise"}, "Of the first supernet");
  size_options(sub, *command);
  integer_option(sub, "--pairs", command->steps, 1, 100000, "Timed pairs of updates, after two to warm up");
  json_flag(sub, program);
  examples(sub, {"mosaic bench overhead --mixture layer-wise --pairs 50 --json",
                 "mosaic bench overhead --space bert-homogeneous-tiny --pairs 20"});
  on_chosen(sub, program, [command, &program] { overhead(*command, program.json); });
}

}  // namespace

void declare_bench(CLI::App& app, Program& program) {
  need_sub_command(app);
  declare_step(app, program);
  declare_overhead(app, program);
  declare_bench_translate(app, program);
}

}  // namespace mosaic::apps
