#include "data/glue/scoring.h"

#include <algorithm>

#include "data/metrics/classification.h"
#include "data/metrics/correlation.h"
#include "engine/core/error.h"

namespace mosaic::data {
namespace {

using enum GlueMetric;

MetricValue of_counts(GlueMetric metric, const ConfusionCounts& counts) {
  if (metric == f1) return data::f1(counts);
  return metric == matthews ? data::matthews(counts) : data::accuracy(counts);
}

MetricValue of_scores(GlueMetric metric, const GlueValues& predictions, const GlueValues& gold) {
  const auto correlation = metric == spearman ? data::spearman : data::pearson;
  return correlation(predictions.scores, gold.scores);
}

std::vector<GlueAverage> make_averages() {
  std::vector<GlueAverage> averages;
  GlueAverage official{"glue", "GLUE's own: nine tasks, two metrics or halves of a task averaged first", {}};
  for (const GlueTask& task : glue_tasks()) {
    if (task.name == "AX") continue;
    auto& group = official.groups.emplace_back();
    for (const GlueSet& set : glue_sets())
      if (set.task == &task)
        for (const GlueMetric metric : task.metrics) group.emplace_back(set.name, metric);
  }
  averages.push_back(std::move(official));
  for (const bool rte : {true, false}) {
    for (const bool mnli : {true, false}) {
      const int tasks = mnli ? 7 : 6;
      GlueAverage average{cat("mos-", tasks, rte ? "" : "-no-rte"),
                          cat("Mixture-of-Supernets' average of ", tasks,
                              " tasks, accuracy and CoLA's Matthews", rte ? "" : ", without RTE"),
                          {}};
      if (mnli) average.groups.push_back({{"MNLI-m", accuracy}});
      average.groups.push_back({{"CoLA", matthews}});
      for (const char* set : {"MRPC", "SST-2", "QNLI", "QQP", "RTE"})
        if (rte || std::string(set) != "RTE") average.groups.push_back({{set, accuracy}});
      averages.push_back(std::move(average));
    }
  }
  return averages;
}

const MetricValue* find(const std::vector<GlueScore>& scores, const std::string& set, GlueMetric metric) {
  for (const GlueScore& score : scores)
    if (score.set == set)
      if (const MetricValue* value = score.find(metric)) return value;
  return nullptr;
}

}  // namespace

const MetricValue* GlueScore::find(GlueMetric metric) const {
  for (const auto& [name, value] : values)
    if (name == metric) return &value;
  return nullptr;
}

bool GlueScore::any_defined() const {
  return std::any_of(values.begin(), values.end(), [](const auto& entry) { return entry.second.defined(); });
}

GlueScore score_glue(const GlueSet& set, const GlueValues& predictions, const GlueValues& gold) {
  check(predictions.size() == gold.size(), set.name.c_str(), "there are ", predictions.size(),
        " predictions for ", gold.size(), " gold ", set.task->regression() ? "scores" : "labels");
  check(gold.size() > 0, set.name.c_str(), "there is no example to score");
  GlueScore score{.set = set.name, .n = static_cast<int64_t>(gold.size()), .values = {}};
  if (set.task->regression()) {
    for (const GlueMetric metric : set.task->metrics)
      score.values.emplace_back(metric, of_scores(metric, predictions, gold));
    return score;
  }
  const auto classes = static_cast<int32_t>(set.task->labels.size());
  const ConfusionCounts counts = confusion_counts(predictions.labels, gold.labels, classes);
  for (const GlueMetric metric : set.task->metrics)
    score.values.emplace_back(metric, of_counts(metric, counts));
  return score;
}

double shown_value(GlueMetric metric, double value) {
  return in_percent(metric) ? 100 * value : value;
}

const std::vector<GlueAverage>& glue_averages() {
  static const std::vector<GlueAverage> averages = make_averages();
  return averages;
}

const GlueAverage& glue_average(const std::string& name) {
  std::string known;
  for (const GlueAverage& average : glue_averages()) {
    if (average.name == name) return average;
    known += cat(known.empty() ? "" : ", ", average.name);
  }
  throw ArgumentError("glue_average", cat("\"", name, "\" is not one of ", known));
}

GlueAverageValue average_glue(const GlueAverage& average, const std::vector<GlueScore>& scores) {
  GlueAverageValue out{.name = average.name, .value = {}, .missing = {}};
  std::string undefined;
  double sum = 0;
  for (const auto& group : average.groups) {
    double of_group = 0;
    for (const auto& [set, metric] : group) {
      const MetricValue* value = find(scores, set, metric);
      if (value && value->defined()) {
        of_group += *value->value;
      } else if (value) {
        undefined = cat(set, "'s ", to_string(metric), " is undefined: ", value->undefined_because);
      } else if (out.missing.empty() || out.missing.back() != set) {
        out.missing.push_back(set);
      }
    }
    sum += of_group / static_cast<double>(group.size());
  }
  std::string missing;
  for (const std::string& set : out.missing) missing += cat(missing.empty() ? "no score of " : ", ", set);
  if (!missing.empty())
    out.value = MetricValue::undefined(missing);
  else if (!undefined.empty())
    out.value = MetricValue::undefined(undefined);
  else
    out.value = MetricValue::of(100 * sum / static_cast<double>(average.groups.size()));
  return out;
}

json describe(const GlueScore& score) {
  json out{{"set", score.set}, {"task", glue_set(score.set).task->name}, {"n", score.n}};
  json undefined = json::object(), notes = json::object();
  for (const auto& [metric, value] : score.values) {
    const std::string name = to_string(metric);
    out[name] = value.defined() ? json(shown_value(metric, *value.value)) : json(nullptr);
    if (!value.defined()) undefined[name] = value.undefined_because;
    if (!value.note.empty()) notes[name] = value.note;
  }
  if (!undefined.empty()) out["undefined"] = undefined;
  if (!notes.empty()) out["notes"] = notes;
  return out;
}

json describe(const GlueAverageValue& value) {
  json out{{"name", value.name}, {"meaning", glue_average(value.name).meaning}};
  out["value"] = value.value.defined() ? json(*value.value.value) : json(nullptr);
  if (!value.missing.empty())
    out["missing"] = value.missing;
  else if (!value.value.defined())
    out["undefined"] = value.value.undefined_because;
  return out;
}

}  // namespace mosaic::data
