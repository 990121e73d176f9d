#include "apps/common/glue_settings.h"

#include <algorithm>

#include "apps/common/text.h"

namespace mosaic::apps {
namespace {

bool trainable(const data::GlueTask& task) {
  return task.has(data::GlueSplit::train);
}

// A task by its name, refused in the words of the command line.
const data::GlueTask& task_named_so(const std::string& name) {
  try {
    return data::glue_task(name);
  } catch (const ArgumentError& error) {
    const std::string message = error.what();
    throw UsageError("--task", message.substr(error.op().size() + 3));  // behind "[op] "
  }
}

}  // namespace

std::string GlueSetting::name() const {
  return cat("lr", brief(lr), "-b", batch, "-e", epochs);
}

json GlueSetting::to_json() const {
  return {{"lr", lr}, {"batch", batch}, {"epochs", epochs}};
}

std::vector<GlueSetting> GlueSettings::grid() const {
  std::vector<GlueSetting> settings;
  for (const double rate : lr)
    for (const int64_t rows : batch)
      for (const int64_t times : epochs) settings.push_back({.lr = rate, .batch = rows, .epochs = times});
  return settings;
}

json GlueSettings::to_json() const {
  json names = json::array();
  for (const data::GlueTask* task : tasks) names.push_back(task->name);
  return {{"model", path_text(model)},
          {"teacher", path_text(teacher)},
          {"glue", path_text(glue)},
          {"train_file", path_text(train_file)},
          {"dev_file", path_text(dev_file)},
          {"tasks", names},
          {"lr", lr},
          {"batch", batch},
          {"epochs", epochs},
          {"seed", seed},
          {"seeds", seeds},
          {"max_length", max_length},
          {"dropout", dropout},
          {"weight_decay", weight_decay},
          {"warmup_share", warmup_share},
          {"teacher_weight", teacher_weight},
          {"teacher_temperature", teacher_temperature},
          {"random_init", random_init},
          {"save_model", save_model},
          {"save_every", save_every}};
}

std::vector<std::string> changeable_glue_settings() {
  return {"model", "teacher", "glue",   "train_file", "dev_file",   "tasks",
          "lr",    "batch",   "epochs", "seeds",      "save_model", "save_every"};
}

void use_paper_grid(GlueSettings& settings) {
  settings.lr = {5e-5, 3e-5, 2e-5};
  settings.batch = {16, 32};
  settings.epochs = {2, 3, 4};
}

std::vector<const data::GlueTask*> glue_tasks_named(const std::vector<std::string>& names) {
  check<UsageError>(!names.empty(), "--task", "is needed: cola, sst-2, mrpc, sts-b, qqp, mnli, qnli, rte, ",
                    "wnli, or all; it may be repeated");
  std::vector<const data::GlueTask*> tasks;
  for (const std::string& name : names) {
    if (name == "all") continue;
    const data::GlueTask& task = task_named_so(name);
    check<UsageError>(trainable(task), "--task", task.name,
                      " has a test only, which is predicted with the model of MNLI: --task mnli");
    tasks.push_back(&task);
  }
  const bool all = std::find(names.begin(), names.end(), "all") != names.end();
  std::vector<const data::GlueTask*> ordered;
  for (const data::GlueTask& task : data::glue_tasks())
    if (trainable(task) && (all || std::find(tasks.begin(), tasks.end(), &task) != tasks.end()))
      ordered.push_back(&task);
  return ordered;
}

void check_glue_settings(const GlueSettings& settings) {
  check<UsageError>(!settings.model.empty(), "--model", "is needed: a BERT's directory");
  const bool own_files = !settings.train_file.empty() || !settings.dev_file.empty();
  check<UsageError>(!own_files || settings.tasks.size() == 1,
                    settings.train_file.empty() ? "--dev-file" : "--train-file", "is for one task, got ",
                    settings.tasks.size());
  const bool both = !settings.train_file.empty() && !settings.dev_file.empty();
  check<UsageError>(both || !settings.glue.empty(), "--glue",
                    "is needed: the folder that holds the folders of GLUE's tasks (or --train-file and "
                    "--dev-file for one task)");
  for (const data::GlueTask* task : settings.tasks) {
    if (settings.train_file.empty()) data::find_glue_file(settings.glue, *task, data::GlueSplit::train);
    if (settings.dev_file.empty()) data::find_glue_file(settings.glue, *task, data::GlueSplit::dev);
  }
}

}  // namespace mosaic::apps
