#include "apps/common/train_command.h"

namespace mosaic::apps {
namespace {

// A run that may go on longer, say more or keep more is the same run.
const std::vector<std::string> may_change = {
    "training.updates",    "training.max_seconds",    "training.log_every",  "training.validate_every",
    "training.save_every", "training.keep",           "training.patience",   "training.average",
    "decoding.beam",       "decoding.length_penalty", "decoding.max_length", "decoding.source_factor"};

}  // namespace

void training_options(CLI::App& app, TrainCommand& command, bool with_method) {
  CLI::Option* out = path_option(app, "-o,--out", command.out, "Run directory");
  if (with_method) required(out);
  path_option(app, "--data", command.data, "Data directory, as mosaic data prepare made it");
  text_option(app, "--recipe", command.sources.recipe,
              "Start from a built-in recipe: " + join(recipe_names(), ", "));
  path_option(app, "-c,--config", command.sources.file, "Configuration file (JSON)");
  texts_option(app, "--set", command.sources.assignments,
               "One setting, as training.updates=500; may be repeated");
  if (with_method) path_option(app, "--init", command.init, "BERT: model directory to start from");
  if (with_method)
    text_option(app, "--method", command.method, "What is trained: " + join(method_names(), ", "));
  integer_option(app, "--seed", command.seed, 0, INT64_MAX, "Of everything random");
  duration_option(app, "--max-time", command.max_time,
                  "Stop and save after so much training, as 90s, 15m, 2h");
  flag(app, "--resume", command.resume, "Go on with the run in the directory (begin it when there is none)");
  flag(app, "--force", command.force, "Delete the run in the directory and begin anew");
  flag(app, "--override", command.allow_changes, "Resume although the configuration changed");
  flag(app, "--trial-run", command.trial, "A few updates, to see that everything is in place");
  threads_option(app);
  device_option(app);
}

Task task_of(const TrainCommand& command) {
  if (!command.data.empty()) return task_of_data(command.data);
  const auto data_in = [](const json& config) -> std::string {
    const auto found = config.find("data");
    return found != config.end() && found->is_string() ? found->get<std::string>() : "";
  };
  for (auto text = command.sources.assignments.rbegin(); text != command.sources.assignments.rend(); ++text)
    if (text->starts_with("data=")) return task_of_data(text->substr(5));
  if (const auto& file = command.sources.file; !file.empty())
    if (const json config = load_json(file); config.is_object() && !data_in(config).empty())
      return task_of_data(data_in(config));
  const std::filesystem::path saved = command.out / "config.json";
  if (command.resume && std::filesystem::exists(saved)) {
    const json file = load_json(saved);
    Fields fields(file, saved.string());
    return task_of_data(data_in(fields.object("config")));
  }
  const json named = command.sources.recipe.empty() ? json::object() : recipe(command.sources.recipe);
  return task_named(named.value("task", "translation"), "recipe " + command.sources.recipe);
}

json resolve(const TrainCommand& command, const json& defaults) {
  check<UsageError>(!command.resume || !command.force, "--resume", "and --force exclude each other");
  json base = defaults;
  const std::filesystem::path saved = command.out / "config.json";
  if (command.resume && std::filesystem::exists(saved) && command.sources.recipe.empty() &&
      command.sources.file.empty()) {
    const json file = load_json(saved);
    Fields fields(file, saved.string());
    lay_over(base, fields.object("config"), saved.string());
  }
  ConfigSources sources = command.sources;
  const std::vector<std::string> assignments = std::move(sources.assignments);
  sources.assignments.clear();
  json config = resolve_config(base, sources);
  if (!command.method.empty()) lay_over(config, method_settings(command.method), "--method");
  if (!command.data.empty()) config["data"] = path_text(command.data);
  if (!command.model.empty()) config["model"] = path_text(command.model);
  if (!command.init.empty()) {
    check<UsageError>(config["model"].contains("init"), "--init",
                      "is for BERT; finetune --model trains a "
                      "translation model further");
    config["model"]["init"] = path_text(command.init);
  }
  if (command.seed) config["seed"] = *command.seed;
  if (command.max_time) config["training"]["max_seconds"] = *command.max_time;
  for (const std::string& assignment : assignments) lay_over(config, parse_assignment(assignment), "--set");
  if (command.trial) {
    config["training"]["updates"] = 10;
    config["training"]["log_every"] = 2;
    config["batches"][config["batches"].contains("valid_pairs") ? "valid_pairs" : "valid_sequences"] = 50;
  }
  return config;
}

Run open_run(const TrainCommand& command, const json& config, const std::string& name) {
  return Run::open(command.out, config,
                   {.command = name,
                    .existing = command.resume  ? Existing::resume
                                : command.force ? Existing::overwrite
                                                : Existing::refuse,
                    .allow_changes = command.allow_changes,
                    .may_change = may_change});
}

}  // namespace mosaic::apps
