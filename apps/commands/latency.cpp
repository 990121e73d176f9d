// mosaic latency: measure a data set on this machine, fit a predictor, predict.
#include "apps/commands/commands.h"
#include "apps/common/searching.h"
#include "engine/core/parallel.h"

namespace mosaic::apps {
namespace {

struct LatencyCommand {
  std::string space, arch, protocol = "decoding";
  std::filesystem::path run, out, data, predictor;
  int64_t vocabulary = 4000, count = 500, repeated = 50, seed = 1, source_length = 30, target_length = 30;
  std::optional<int64_t> beam, repeats, warmup;
  int64_t folds = 5;
};

nas::LatencyOptions options_of(const LatencyCommand& command) {
  nas::LatencyOptions options =
      command.protocol == "hat" ? nas::LatencyOptions::hat() : nas::LatencyOptions{};
  options.source_length = command.source_length;
  options.target_length = command.target_length;
  if (command.beam) options.beam = *command.beam;
  if (command.repeats) options.repeats = *command.repeats;
  if (command.warmup) options.warmup = *command.warmup;
  return options;
}

// A run's supernet, or one with fresh weights: timings depend on sizes only.
std::unique_ptr<mos::Supernet> supernet_of(const LatencyCommand& command) {
  check<UsageError>(command.run.empty() != command.space.empty(), "--run",
                    "or --space is needed, one of them");
  if (!command.run.empty()) return std::move(open_supernet(command.run, "last").supernet);
  const mos::Supernet::Options options{
      .vocabulary = {.source = command.vocabulary, .target = command.vocabulary, .joined = true},
      .mixture = {}};
  auto fresh = std::make_unique<mos::Supernet>(mos::space_named(command.space), options, Generator(1));
  nn::move(*fresh, compute_device());
  return fresh;
}

mos::Space space_of(const LatencyCommand& command) {
  check<UsageError>(command.run.empty() != command.space.empty(), "--run",
                    "or --space is needed, one of them");
  if (!command.space.empty()) return mos::space_named(command.space);
  const json config = load_json(command.run / "supernet.json");
  check<FormatError>(
      config.is_object() && config.contains("supernet") && config["supernet"].contains("space"),
      (command.run / "supernet.json").c_str(), "has no space");
  return mos::Space::from_json(config["supernet"]["space"],
                               (command.run / "supernet.json").string() + ": space");
}

void measure(const LatencyCommand& command, const Program& program) {
  const auto supernet = supernet_of(command);
  const nas::LatencyOptions options = options_of(command);
  const int64_t rows = measure_data_set(*supernet, command.count, command.repeated,
                                        static_cast<uint64_t>(command.seed), options, command.out);
  say(rows, " measurements in ", command.out.string());
  if (!program.json) return;
  json out = nas::latency_conditions(options, supernet->options().vocabulary.target, compute_device());
  out["rows"] = rows;
  out["data"] = path_text(command.out);
  put_json(out);
}

void fit(const LatencyCommand& command, const Program& program) {
  const mos::Space space = space_of(command);
  const nas::LatencyData data = nas::load_latency_data(command.data, space);
  for (const std::string& warning : data.warnings) warn(warning);
  const nas::Predictor predictor = nas::fit_predictor(
      space, data, {.folds = command.folds, .mlp = {}, .seed = static_cast<uint64_t>(command.seed)});
  predictor.save(command.out);
  if (program.json) return put_json(predictor.report().to_json());
  put(predictor.report().text());
}

void predict(const LatencyCommand& command, const Program& program) {
  const mos::Space space = space_of(command);
  const nas::Predictor predictor = nas::Predictor::load(command.predictor, space);
  const double latency = predictor(arch_from_file(space, command.arch));
  if (program.json) return put_json({{"latency_ms", latency}, {"measured", predictor.measured()}});
  put(fixed(latency, 3) + "\n");
}

void space_options(CLI::App& sub, LatencyCommand& command) {
  path_option(sub, "--run", command.run, "A supernet's run directory");
  text_option(sub, "--space", command.space, "A space, when there is no supernet yet");
}

}  // namespace

void declare_latency(CLI::App& app, Program& program) {
  need_sub_command(app);
  auto command = std::make_shared<LatencyCommand>();
  CLI::App& measuring =
      sub_command(app, "measure", "Measure architectures on this machine; goes on with a begun data set");
  space_options(measuring, *command);
  required(path_option(measuring, "-o,--out", command->out,
                       "Data set (CSV; how it was measured goes into a JSON file beside it)"));
  integer_option(measuring, "--vocabulary", command->vocabulary, 8, 1 << 24,
                 "With --space: joint vocabulary");
  integer_option(measuring, "--count", command->count, 2, 1000000, "Architectures");
  integer_option(measuring, "--repeated", command->repeated, 0, 1000000,
                 "Of these measured twice, to tell the noise");
  integer_option(measuring, "--seed", command->seed, 0, INT64_MAX, "Of the drawing of architectures");
  choice_option(measuring, "--protocol", command->protocol, {"decoding", "hat"},
                "Beam search as users run it, or HAT's steps");
  integer_option(measuring, "--source-length", command->source_length, 1, 10000, "Source tokens");
  integer_option(measuring, "--target-length", command->target_length, 1, 10000, "Target tokens");
  integer_option(measuring, "--beam", command->beam, 1, 1000, "Beam [4; hat 5]");
  integer_option(measuring, "--repeats", command->repeats, 2, 100000, "Timed runs an architecture [20]");
  integer_option(measuring, "--warmup", command->warmup, 0, 100000, "Runs before the timed ones [3; hat 5]");
  threads_option(measuring);
  device_option(measuring);
  json_flag(measuring, program);
  examples(measuring, {"mosaic latency measure --run runs/neuron --count 500 --out latency.csv"});
  on_chosen(measuring, program, [command, &program] { measure(*command, program); });

  CLI::App& fitting = sub_command(app, "fit", "Fit a predictor; its form is chosen by cross-validation");
  space_options(fitting, *command);
  required(path_option(fitting, "--data", command->data, "Data set"));
  required(path_option(fitting, "-o,--out", command->out, "Predictor to write (JSON)"));
  integer_option(fitting, "--folds", command->folds, 2, 1000, "Of the cross-validation");
  integer_option(fitting, "--seed", command->seed, 0, INT64_MAX, "Of the folds");
  threads_option(fitting);
  json_flag(fitting, program);
  on_chosen(fitting, program, [command, &program] { fit(*command, program); });

  CLI::App& predicting = sub_command(app, "predict", "Predict an architecture's latency in ms");
  space_options(predicting, *command);
  required(path_option(predicting, "--predictor", command->predictor, "Predictor"));
  required(text_option(predicting, "--arch", command->arch, "Architecture file, largest or smallest"));
  json_flag(predicting, program);
  on_chosen(predicting, program, [command, &program] { predict(*command, program); });
}

}  // namespace mosaic::apps
