#include "apps/common/glue_run.h"

#include <optional>

#include "apps/common/glue_finetuning.h"
#include "apps/common/glue_results.h"
#include "apps/common/output.h"
#include "apps/common/text.h"
#include "data/glue/submission.h"

namespace mosaic::apps {
namespace fs = std::filesystem;
namespace {

// The identity a model directory was saved with; null when there is no model.
json identity_of_model(const fs::path& directory) {
  const fs::path file = directory / "config.json";
  if (!fs::exists(file)) return nullptr;
  const json config = load_json(file);
  return config.contains("made") ? config["made"].value("identity", json()) : json();
}

json test_hashes(const GlueTaskData& data) {
  json hashes = json::object();
  for (const GlueEvaluation& part : data.test) hashes[part.set->name] = part.inputs.hash();
  return hashes;
}

// Values that a convention decided, or that are not there.
void warn_of(const json& score, const std::string& whose) {
  const std::string set = score["set"].get<std::string>();
  if (score.contains("undefined"))
    for (const auto& [metric, why] : score["undefined"].items())
      warn(set, " ", whose, ": ", metric, " is undefined: ", why.get<std::string>());
  if (score.contains("notes"))
    for (const json& note : score["notes"]) warn(set, " ", whose, ": ", note.get<std::string>());
}

// A task's fine-tunings, one after another. Of their models only that of the best setting so far is kept.
class TaskRun {
 public:
  TaskRun(Run& run, const GlueFinetuning& of) : run_(run), of_(of), grid_(of.settings.grid()) {}

  std::vector<json> finetune_all() {
    for (const GlueSetting& setting : grid_) {
      GlueSeeds seeds;
      for (int64_t i = 0; i < of_.settings.seeds; ++i) seeds.push_back(finetune(setting, i));
      done_.push_back(summarise_setting(task(), setting, seeds));
      tell(done_.back());
      drop_models();
    }
    return done_;
  }

  // Predicts the tests with the best setting's model and keeps that, unless it was done already.
  void finish() {
    const GlueSetting& best = grid_[best_setting(done_)];
    const json note = {{"identity", glue_identity(of_, best, of_.settings.seed)},
                       {"test", test_hashes(of_.data)}};
    const fs::path file = folder() / "best.json", kept = folder() / "model";
    const bool has_model = identity_of_model(kept) == note["identity"];
    if (fs::exists(file) && load_json(file) == note && (has_model || !of_.settings.save_model)) return;
    const fs::path fresh = directory(best) / "model";
    if (!has_model && identity_of_model(fresh) != note["identity"] && !train_again(best)) return;
    const fs::path from = has_model ? kept : fresh;
    predict_tests(from);
    if (!of_.settings.save_model) {
      fs::remove_all(from);
    } else if (!has_model) {
      fs::remove_all(kept);
      fs::rename(fresh, kept);
    }
    save_json(file, note);
  }

 private:
  const data::GlueTask& task() const { return *of_.data.task; }
  fs::path folder() const { return run_.directory() / task().name; }
  fs::path directory(const GlueSetting& setting) const {
    return glue_directory(run_, task(), setting, of_.settings.seed);
  }

  json finetune(const GlueSetting& setting, int64_t i) {
    return finetune_once(run_, of_, setting, of_.settings.seed + static_cast<uint64_t>(i), i == 0);
  }

  void tell(const json& summary) const {
    say(task().name, " ", summary["name"].get<std::string>(), ": ", to_string(glue_main_metric(task())), " ",
        fixed(summary["main"].get<double>(), 4));
    for (const json& run : summary["seeds"])
      for (const json& score : run["scores"])
        warn_of(score, cat(summary["name"].get<std::string>(), " seed ", run["seed"].dump()));
  }

  void drop_models() const {
    const size_t best = best_setting(done_);
    for (size_t i = 0; i < done_.size(); ++i)
      if (i != best) fs::remove_all(directory(grid_[i]) / "model");
  }

  // Its model was dropped (another was better then) or not wanted: the same bits are made again. False when
  // there can be none because training fails.
  bool train_again(const GlueSetting& setting) {
    const fs::path file = directory(setting) / "result.json";
    if (!load_json(file)["failed"].is_null()) return false;
    say(task().name, " ", setting.name(), ": fine-tuned again for its model");
    fs::remove(file);
    return finetune(setting, 0)["failed"].is_null();
  }

  void predict_tests(const fs::path& from) const {
    fs::remove_all(folder() / "test");
    if (of_.data.test.empty()) return;
    const StaticBert best = open_bert(from);
    for (const GlueEvaluation& part : of_.data.test) {
      const data::GlueValues predictions = glue_predictions(*best.model, part.inputs);
      if (part.inputs.size() != part.set->task->file(part.set->test).rows)
        warn(part.set->name, "'s test is not the official one: ", part.inputs.size(),
             " rows, the official one has ", part.set->task->file(part.set->test).rows);
      say(data::write_glue_submission(folder() / "test", *part.set, predictions, {.any_row_count = true})
              .string(),
          ": predictions of the test");
    }
  }

  Run& run_;
  const GlueFinetuning& of_;
  std::vector<GlueSetting> grid_;
  std::vector<json> done_;  // summaries
};

json run_task(Run& run, const GlueSettings& settings, const StaticBert& from, const data::GlueTask& task) {
  const GlueTaskData data = open_glue_task(settings, task, from.wordpiece);
  std::optional<GlueTeacher> teacher;
  if (!settings.teacher.empty()) teacher = teach_glue(settings, task);
  const GlueFinetuning of{
      .settings = settings, .from = from, .data = data, .teacher = teacher ? &*teacher : nullptr};
  say(task.name, ": ", data.train.size(), " examples to train on, ", data.train.cut(), " cut to ",
      settings.max_length, " tokens; ", settings.grid().size() * static_cast<size_t>(settings.seeds),
      " fine-tunings");
  TaskRun tuning(run, of);
  const std::vector<json> done = tuning.finetune_all();
  tuning.finish();
  json facts = {{"start", glue_start(settings, from)},
                {"random_init", settings.random_init},
                {"teacher", nullptr},
                {"examples", data.facts()}};
  if (teacher)
    facts["teacher"] = {{"model", path_text(glue_model_in(settings.teacher, task))},
                        {"weights", teacher->weights},
                        {"weight", settings.teacher_weight},
                        {"temperature", settings.teacher_temperature}};
  return summarise_task(task, done, facts);
}

}  // namespace

json run_glue(Run& run, const GlueSettings& settings) {
  const StaticBert from = open_bert(settings.model);
  std::vector<json> tasks;
  double seconds = 0;
  for (const data::GlueTask* task : settings.tasks) {
    tasks.push_back(run_task(run, settings, from, *task));
    seconds += tasks.back()["seconds"].get<double>();
  }
  json results = {{"model", path_text(settings.model)},
                  {"weights", from.hash},
                  {"start", glue_start(settings, from)},
                  {"random_init", settings.random_init},
                  {"teacher", path_text(settings.teacher)},
                  {"seed", settings.seed},
                  {"seeds", settings.seeds},
                  {"tasks", tasks},
                  {"averages", glue_averages_of(tasks)},
                  {"seconds", seconds}};
  save_json(run.results() / "glue.json", results);
  return results;
}

}  // namespace mosaic::apps
