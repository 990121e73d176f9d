// mosaic bench: how long a training step takes, of a plain Transformer or of a supernet's update.
#include <algorithm>
#include <chrono>

#include "apps/commands/commands.h"
#include "engine/core/parallel.h"
#include "engine/cpu/isa.h"
#include "mos/space.h"
#include "nas/statistics.h"
#include "nas/trainer.h"

namespace mosaic::apps {
namespace {

struct StepCommand {
  std::string space;  // empty: a plain Transformer of the sizes below
  std::string mixture = "none";
  std::string policy = "sandwich";
  int64_t rows = 128, length = 32, vocabulary = 9712;
  int64_t embed = 128, ffn = 256, heads = 4, layers = 4;
  int64_t batches = 1;  // micro-batches an update
  int64_t experts = 2, hidden = 32;
  double dropout = 0.3;
  int64_t steps = 10;
};

// The same random tokens every time: no padding, so tokens an update = rows * length * batches.
class SyntheticBatches final : public nas::BatchSource {
 public:
  explicit SyntheticBatches(const StepCommand& command) {
    Generator rng(1);
    const Shape shape{command.rows, command.length};
    const auto tokens = [&] {
      std::vector<int32_t> ids(static_cast<size_t>(shape.numel()));
      for (int32_t& id : ids)
        id = static_cast<int32_t>(4 + rng.below(static_cast<uint64_t>(command.vocabulary - 4)));
      return Tensor::from(ids, shape);
    };
    for (int64_t i = 0; i < command.batches; ++i)
      batches_.push_back(nn::SequenceBatch{tokens(), tokens(), tokens()});
  }
  std::vector<nn::Batch> next() override { return batches_; }
  json cursor() const override { return json::object(); }
  void seek(const json&) override {}

 private:
  std::vector<nn::Batch> batches_;
};

// A trainer on synthetic batches, timed an update at a time.
class TimedTrainer {
 public:
  TimedTrainer(nas::TrainTarget& target, const StepCommand& command)
      : data_(command), trainer_(target, data_, no_validation_, options()) {}

  // Milliseconds of one update.
  double update() {
    const auto start = std::chrono::steady_clock::now();
    trainer_.train_update();
    const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
    return taken.count();
  }

 private:
  static nas::TrainerOptions options() {
    nas::TrainerOptions options;
    options.schedule = {.shape = nn::Schedule::Shape::constant, .peak = 1e-4};
    return options;
  }
  SyntheticBatches data_;
  std::vector<nn::Batch> no_validation_;
  nas::Trainer trainer_;
};

// Milliseconds of each update after two to warm up, sorted.
std::vector<double> time_updates(nas::TrainTarget& target, const StepCommand& command) {
  TimedTrainer trainer(target, command);
  std::vector<double> milliseconds;
  for (int64_t step = -2; step < command.steps; ++step) {
    if (step == 0) allocator().reset_peak();
    const double taken = trainer.update();
    if (step >= 0) milliseconds.push_back(taken);
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  return milliseconds;
}

std::vector<double> time_plain(const StepCommand& command) {
  Generator rng(1);
  nn::Seq2Seq model(nn::plain_transformer({.vocabulary = command.vocabulary,
                                           .embed = command.embed,
                                           .ffn = command.ffn,
                                           .heads = command.heads,
                                           .encoder_layers = command.layers,
                                           .decoder_layers = command.layers,
                                           .dropout = command.dropout}),
                    rng);
  nas::StaticTarget target(model);
  return time_updates(target, command);
}

// A supernet of the command's space with a mixture of its own, as the trainer sees it.
class TimedSupernet {
 public:
  TimedSupernet(const StepCommand& command, const std::string& mixture)
      : supernet_(mos::space_named(command.space), options(command, mixture), Generator(1)),
        target_(supernet_, nas::Sampler(supernet_.space(), sampling(command))) {}
  nas::TrainTarget& target() { return target_; }

 private:
  static mos::Supernet::Options options(const StepCommand& command, const std::string& mixture) {
    mos::Supernet::Options options;
    options.vocabulary = {.source = command.vocabulary, .target = command.vocabulary};
    options.dropout = command.dropout;
    options.mixture.routing = mos::routing_named(mixture);
    options.mixture.experts = options.mixture.on() ? command.experts : 1;
    options.mixture.router_hidden = command.hidden;
    return options;
  }
  static nas::Sampler::Options sampling(const StepCommand& command) {
    nas::Sampler::Options options;
    options.policy = nas::policy_named(command.policy);
    return options;
  }
  mos::Supernet supernet_;
  nas::SupernetTarget target_;
};

std::vector<double> time_supernet(const StepCommand& command) {
  TimedSupernet supernet(command, command.mixture);
  return time_updates(supernet.target(), command);
}

void step(const StepCommand& command, bool as_json) {
  const std::vector<double> times = command.space.empty() ? time_plain(command) : time_supernet(command);
  const double median = times[times.size() / 2];
  const auto tokens = static_cast<double>(command.rows * command.length * command.batches);
  const json out = {{"milliseconds", median},
                    {"milliseconds_min", times.front()},
                    {"milliseconds_max", times.back()},
                    {"tokens_per_second", tokens / median * 1e3},
                    {"peak_bytes", allocator().stats().peak},
                    {"threads", threads()},
                    {"isa", kernels::isa_name()}};
  if (as_json) return put_json(out);
  for (const auto& item : out.items()) put(cat(item.key(), "\t", item.value().dump(), "\n"));
}

// What a mixture costs: updates of a supernet with it and of one without it in turns, so that a busy machine
// slows both alike. Both draw the same architectures. The ratio of each pair is one observation; their median
// comes with a 95 % interval from bootstrap resamples.
void overhead(const StepCommand& command, bool as_json) {
  TimedSupernet mixed(command, command.mixture), plain(command, "none");
  TimedTrainer with(mixed.target(), command), without(plain.target(), command);
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
  const json out = {{"mixture", command.mixture},
                    {"pairs", command.steps},
                    {"milliseconds", median(milliseconds)},
                    {"milliseconds_without", median(plain_milliseconds)},
                    {"ratio", median(ratios)},
                    {"ratio_low", nas::quantile(medians, 0.025)},
                    {"ratio_high", nas::quantile(medians, 0.975)},
                    {"threads", threads()},
                    {"isa", kernels::isa_name()}};
  if (as_json) return put_json(out);
  for (const auto& item : out.items()) put(cat(item.key(), "\t", item.value().dump(), "\n"));
}

void size_options(CLI::App& sub, StepCommand& command) {
  choice_option(sub, "--policy", command.policy, {"single", "sandwich"}, "Architectures of an update");
  integer_option(sub, "--rows", command.rows, 1, 1 << 20, "Sentences of a micro-batch");
  integer_option(sub, "--length", command.length, 1, 1024, "Tokens of a sentence, both sides");
  integer_option(sub, "--batches", command.batches, 1, 1024, "Micro-batches of an update");
  integer_option(sub, "--vocabulary", command.vocabulary, 8, 1 << 20, "Joint vocabulary");
  integer_option(sub, "--experts", command.experts, 2, 64, "Of a mixture");
  integer_option(sub, "--router-hidden", command.hidden, 1, 4096, "Of a mixture's routers");
  number_option(sub, "--dropout", command.dropout, 0, 0.9, "Dropout rate");
  threads_option(sub);
}

void declare_step(CLI::App& app, Program& program) {
  auto command = std::make_shared<StepCommand>();
  CLI::App& sub = sub_command(app, "step", "A training update: forward, backward, Adam");
  text_option(sub, "--space", command->space, "Time a supernet of this space instead of a plain Transformer");
  choice_option(sub, "--mixture", command->mixture, {"none", "layer-wise", "neuron-wise"}, "Of the supernet");
  size_options(sub, *command);
  integer_option(sub, "--embed", command->embed, 1, 4096, "Width of the plain Transformer");
  integer_option(sub, "--ffn", command->ffn, 1, 16384, "Its feed-forward width");
  integer_option(sub, "--heads", command->heads, 1, 64, "Its heads");
  integer_option(sub, "--layers", command->layers, 1, 64, "Its layers a side");
  integer_option(sub, "--steps", command->steps, 1, 100000, "Timed updates, after two to warm up");
  json_flag(sub, program);
  examples(sub, {"mosaic bench step --threads 2 --json",
                 "mosaic bench step --space tiny --mixture neuron-wise --vocabulary 4000"});
  on_chosen(sub, program, [command, &program] { step(*command, program.json); });
}

void declare_overhead(CLI::App& app, Program& program) {
  auto command = std::make_shared<StepCommand>();
  command->space = "tiny";
  command->mixture = "neuron-wise";
  command->vocabulary = 4000;
  CLI::App& sub = sub_command(app, "overhead", "An update with a mixture against one without, in turns");
  text_option(sub, "--space", command->space, "The supernets' space");
  choice_option(sub, "--mixture", command->mixture, {"layer-wise", "neuron-wise"}, "Of the first supernet");
  size_options(sub, *command);
  integer_option(sub, "--pairs", command->steps, 1, 100000, "Timed pairs of updates, after two to warm up");
  json_flag(sub, program);
  examples(sub, {"mosaic bench overhead --mixture layer-wise --pairs 50 --json"});
  on_chosen(sub, program, [command, &program] { overhead(*command, program.json); });
}

}  // namespace

void declare_bench(CLI::App& app, Program& program) {
  need_sub_command(app);
  declare_step(app, program);
  declare_overhead(app, program);
}

}  // namespace mosaic::apps
