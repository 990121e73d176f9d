#include "apps/common/glue_teacher.h"

#include <algorithm>

#include "apps/common/output.h"
#include "apps/common/text.h"

namespace mosaic::apps {
namespace fs = std::filesystem;
namespace {

// Where each of the task's labels is in the teacher's outputs.
std::vector<size_t> label_places(const StaticBert& teacher, const data::GlueTask& task,
                                 const fs::path& where) {
  const std::vector<std::string>& labels = teacher.facts.labels;
  check<FormatError>(teacher.facts.task == task.name, where.c_str(), "is no teacher for ", task.name,
                     ": it is ",
                     teacher.facts.task.empty() ? "a model that was not fine-tuned"
                                                : "a model fine-tuned on " + teacher.facts.task);
  check<FormatError>(teacher.model->config().labels == glue_outputs(task), where.c_str(), "has ",
                     teacher.model->config().labels, " outputs, ", task.name, " needs ", glue_outputs(task));
  if (task.regression()) return {0};
  std::vector<size_t> places;
  for (const std::string& label : task.labels) {
    const auto at = std::find(labels.begin(), labels.end(), label);
    check<FormatError>(at != labels.end() && labels.size() == task.labels.size(), where.c_str(),
                       "has the labels ", join(labels, ", "), ", ", task.name, " has ",
                       join(task.labels, ", "));
    places.push_back(static_cast<size_t>(at - labels.begin()));
  }
  return places;
}

struct OpenTeacher {
  StaticBert bert;
  std::vector<size_t> places;
};

OpenTeacher open_teacher(const GlueSettings& settings, const data::GlueTask& task) {
  const fs::path where = glue_model_in(settings.teacher, task);
  StaticBert bert = open_bert(where);
  check_positions(bert.model->config(), settings.max_length, where);
  std::vector<size_t> places = label_places(bert, task, where);
  return {.bert = std::move(bert), .places = std::move(places)};
}

}  // namespace

fs::path glue_model_in(const fs::path& directory, const data::GlueTask& task) {
  const fs::path inside = directory / task.name / "model";
  return fs::exists(inside / "config.json") ? inside : directory;
}

void check_glue_teacher(const GlueSettings& settings, const data::GlueTask& task) {
  open_teacher(settings, task);
}

GlueTeacher teach_glue(const GlueSettings& settings, const data::GlueTask& task) {
  const OpenTeacher teacher = open_teacher(settings, task);
  const data::GlueInputs inputs = open_glue_training(settings, task, teacher.bert.wordpiece);
  say(task.name, ": the teacher reads ", inputs.size(), " examples");
  const std::vector<float> logits = glue_logits(*teacher.bert.model, inputs);
  GlueTeacher out{.weights = teacher.bert.hash, .logits = {}};
  out.logits.reserve(logits.size());
  for (size_t row = 0; row < logits.size(); row += teacher.places.size())
    for (const size_t place : teacher.places) out.logits.push_back(logits[row + place]);
  return out;
}

}  // namespace mosaic::apps
