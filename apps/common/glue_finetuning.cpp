#include "apps/common/glue_finetuning.h"

#include <charconv>

#include "apps/common/cli.h"
#include "apps/common/config.h"
#include "apps/common/interrupt.h"
#include "apps/common/output.h"
#include "apps/common/progress.h"
#include "apps/common/text.h"
#include "data/glue/scoring.h"
#include "data/text/lines.h"
#include "engine/core/file.h"

namespace mosaic::apps {
namespace fs = std::filesystem;
namespace {

constexpr int result_version = 1;

std::string title_of(const GlueFinetuning& of, const GlueSetting& setting, uint64_t seed) {
  return cat(of.data.task->name, " ", setting.name(), " seed ", seed);
}

// The model that training starts from. Encoder (when random) and classifier are functions of the seed.
std::unique_ptr<nn::Bert> initial_model(const GlueFinetuning& of, uint64_t seed) {
  Generator classifier = Generator(seed).fork("classifier");
  const int64_t outputs = glue_outputs(*of.data.task);
  if (!of.settings.random_init)
    return nn::with_classifier(*of.from.model, outputs, of.settings.dropout, classifier);
  Generator encoder = Generator(seed).fork("init");
  nn::Bert fresh(of.from.model->config(), encoder);
  return nn::with_classifier(fresh, outputs, of.settings.dropout, classifier);
}

nas::TrainerOptions trainer_options(const GlueFinetuning& of, const GlueSetting& setting, uint64_t seed,
                                    int64_t updates) {
  const GlueSettings& settings = of.settings;
  nas::TrainerOptions options;
  options.adam = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = settings.weight_decay};
  options.decay_matrices_only = true;
  const auto warmup = static_cast<int64_t>(settings.warmup_share * static_cast<double>(updates));
  options.schedule = {.shape = nn::Schedule::Shape::linear,
                      .peak = setting.lr,
                      .warmup_updates = warmup,
                      .warmup_start = 0,
                      .end = 0,
                      .total_updates = updates};
  options.label_smoothing = 0;
  options.teacher_weight = settings.teacher_weight;
  options.teacher_temperature = settings.teacher_temperature;
  options.max_updates = updates;
  options.save_every = settings.save_every;
  options.keep = 2;  // should the newest be damaged, there is one before it
  options.seed = seed;
  options.stop = &stop_flag();
  return options;
}

// Numbers in the shortest form that reads back the same.
std::string score_text(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return {buffer, end};
}

void write_predictions(const fs::path& file, const data::GlueTask& task, const data::GlueValues& values) {
  std::vector<std::string> lines;
  for (const int32_t label : values.labels) lines.push_back(task.labels[static_cast<size_t>(label)]);
  for (const double score : values.scores) lines.push_back(score_text(score));
  fs::create_directories(file.parent_path());
  data::write_lines(file, lines);
}

// Predicts and scores the dev sets.
json scores_of(const nn::Bert& model, const GlueTaskData& data, const fs::path& directory) {
  json scores = json::array();
  for (const GlueEvaluation& part : data.dev) {
    const data::GlueValues predictions = glue_predictions(model, part.inputs);
    write_predictions(directory / "dev" / (part.set->name + ".txt"), *part.set->task, predictions);
    scores.push_back(describe(data::score_glue(*part.set, predictions, part.inputs.gold())));
  }
  return scores;
}

void keep(const GlueFinetuning& of, nn::Bert& model, const fs::path& directory, const json& result) {
  const json made = {{"command", "finetune glue"},     {"model", path_text(of.settings.model)},
                     {"identity", result["identity"]}, {"setting", result["setting"]},
                     {"seed", result["seed"]},         {"before", of.from.facts.made}};
  const BertFacts facts{.arch = of.from.facts.arch,
                        .space = of.from.facts.space,
                        .task = of.data.task->name,
                        .labels = of.data.task->labels,
                        .made = made};
  fs::remove_all(directory / "model");  // what a crash left of it
  save_bert(directory / "model", model, of.from.wordpiece, facts, false);
}

// The result of an earlier session, or null.
json kept_result(const fs::path& file, const json& identity) {
  if (!fs::exists(file)) return nullptr;
  json result = load_json(file);
  Fields fields(result, file.string());
  fields.one_of("format", {"mosaic-glue-result"});
  fields.integer("version", 1, result_version);
  const std::vector<std::string> changes = differences(fields.object("identity"), identity);
  check<FormatError>(changes.empty(), file.c_str(), "is of another fine-tuning (", join(changes, "; "),
                     "): choose another directory, or --force begins anew");
  return result;
}

// Trains to the end, from the newest checkpoint. NonFiniteError when the numbers go astray.
void train(Run& run, const GlueFinetuning& of, nn::Bert& model, const GlueSetting& setting, uint64_t seed,
           json& result) {
  const fs::path directory = glue_directory(run, *of.data.task, setting, seed);
  GlueUpdates updates(of.data.train, setting.batch, Generator(seed).fork("data"),
                      of.teacher ? &of.teacher->logits : nullptr, hash_bytes(result["identity"].dump()));
  nas::TrainerOptions options = trainer_options(of, setting, seed, setting.epochs * updates.batches());
  options.directory = directory / "checkpoints";
  const std::string title = title_of(of, setting, seed);
  options.log = [&](const json& record) {
    json event{{"task", of.data.task->name}, {"setting", setting.name()}, {"seed", seed}};
    event.update(record);
    run.log(event);
    if (record.value("event", "") == "skipped") warn(title, ": ", record.value("message", ""));
  };
  nn::move(model, compute_device());
  nas::BertTarget target(model);
  const std::vector<nn::Batch> no_validation;
  nas::Trainer trainer(target, updates, no_validation, options);
  if (trainer.resume()) say(title, ": going on from update ", trainer.updates());
  Progress progress(title, options.max_updates);
  updates.on_update = [&] { progress.update(trainer.updates()); };
  const bool at_end = trainer.updates() >= options.max_updates;
  if (!at_end && trainer.run() == nas::StopReason::stopped)
    throw Interrupted("finetune glue",
                      cat(title, " is saved at update ", trainer.updates(), "; --resume goes on"));
  result["updates"] = trainer.updates();
  result["seconds"] = trainer.seconds();
}

}  // namespace

std::string glue_start(const GlueSettings& settings, const StaticBert& from) {
  if (settings.random_init) return "random";
  return from.facts.task.empty() ? "pretrained" : from.facts.task;
}

json glue_identity(const GlueFinetuning& of, const GlueSetting& setting, uint64_t seed) {
  const GlueSettings& settings = of.settings;
  json dev = json::object();
  for (const GlueEvaluation& part : of.data.dev) dev[part.set->name] = part.inputs.hash();
  json teacher;
  if (of.teacher)
    teacher = {{"weights", of.teacher->weights},
               {"weight", settings.teacher_weight},
               {"temperature", settings.teacher_temperature}};
  return {{"task", of.data.task->name},
          {"start", glue_start(settings, of.from)},
          {"weights", settings.random_init ? json() : json(of.from.hash)},
          {"config", hash_bytes(of.from.model->config().to_json().dump())},
          {"vocabulary", of.from.wordpiece.hash()},
          {"train", of.data.train.hash()},
          {"dev", dev},
          {"setting", setting.to_json()},
          {"seed", seed},
          {"max_length", settings.max_length},
          {"dropout", settings.dropout},
          {"weight_decay", settings.weight_decay},
          {"warmup_share", settings.warmup_share},
          {"teacher", teacher}};
}

fs::path glue_directory(const Run& run, const data::GlueTask& task, const GlueSetting& setting,
                        uint64_t seed) {
  return run.directory() / task.name / cat(setting.name(), "-s", seed);
}

json finetune_once(Run& run, const GlueFinetuning& of, const GlueSetting& setting, uint64_t seed,
                   bool keep_model) {
  const fs::path directory = glue_directory(run, *of.data.task, setting, seed);
  const json identity = glue_identity(of, setting, seed);
  if (json kept = kept_result(directory / "result.json", identity); !kept.is_null()) return kept;
  stop_if_interrupted("finished fine-tunings are kept; --resume goes on");
  json result = {{"format", "mosaic-glue-result"},
                 {"version", result_version},
                 {"task", of.data.task->name},
                 {"setting", setting.to_json()},
                 {"seed", seed},
                 {"identity", identity},
                 {"scores", json::array()},
                 {"failed", nullptr},
                 {"examples", of.data.facts()},
                 {"updates", 0},
                 {"seconds", 0.0}};
  const std::unique_ptr<nn::Bert> model = initial_model(of, seed);
  try {
    train(run, of, *model, setting, seed, result);
    result["scores"] = scores_of(*model, of.data, directory);
    if (keep_model) keep(of, *model, directory, result);
  } catch (const nn::NonFiniteError& error) {
    // One setting of a grid may diverge; it would do so again.
    result["failed"] = error.what();
    warn(title_of(of, setting, seed), " failed: ", error.what());
  }
  fs::create_directories(directory);
  save_json(directory / "result.json", result);
  fs::remove_all(directory / "checkpoints");
  run.log({{"event", "finetuned"}, {"result", result}});
  return load_json(directory / "result.json");
}

}  // namespace mosaic::apps
