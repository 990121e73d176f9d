// GLUE's metrics of predictions, and the averages over tasks that papers report.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "data/glue/predictions.h"
#include "data/glue/tasks.h"
#include "data/metrics/value.h"
#include "engine/core/json.h"

namespace mosaic::data {

// The metrics of one set, as fractions: accuracy and F1 from 0 to 1, correlations from -1 to 1.
struct GlueScore {
  std::string set;                                         // "MNLI-mm"
  int64_t n = 0;                                           // examples
  std::vector<std::pair<GlueMetric, MetricValue>> values;  // in the task's order

  const MetricValue* find(GlueMetric metric) const;  // nullptr when it is not among them
  bool any_defined() const;
};

// ArgumentError, with the numbers, when the lengths differ or there is nothing, and for labels outside the
// task's.
GlueScore score_glue(const GlueSet& set, const GlueValues& predictions, const GlueValues& gold);

// As people print it: accuracy and F1 times 100, correlations as they are.
double shown_value(GlueMetric metric, double value);

// An average over tasks: the mean over the groups of the mean within each group, all times 100.
struct GlueAverage {
  std::string name;                                                     // "glue"
  std::string meaning;                                                  // one line
  std::vector<std::vector<std::pair<std::string, GlueMetric>>> groups;  // of sets and metrics
};

// "glue": the benchmark's own, nine tasks, those of two metrics and MNLI's halves averaged first.
// "mos-7", "mos-6": those of the Mixture-of-Supernets paper (Tables 2 and 11; Table 3, without MNLI):
// accuracy of matched MNLI, MRPC, SST-2, QNLI, QQP and RTE and Matthews correlation of CoLA. "mos-7-no-rte",
// "mos-6-no-rte": the same without RTE, whose 277 examples make it the noisiest.
const std::vector<GlueAverage>& glue_averages();
const GlueAverage& glue_average(const std::string& name);  // ArgumentError for another name

struct GlueAverageValue {
  std::string name;
  MetricValue value;                 // times 100; undefined when a part is missing or undefined
  std::vector<std::string> missing;  // sets that were not scored, or lack the metric, each once
};
GlueAverageValue average_glue(const GlueAverage& average, const std::vector<GlueScore>& scores);

// {"set", "task", "n", one key a metric with its shown value or null, "undefined": {metric: why}, "notes":
// {metric: what}}; the last two only when there is something in them.
json describe(const GlueScore& score);
// {"name", "meaning", "value" or null, "missing" or "undefined"}.
json describe(const GlueAverageValue& value);

}  // namespace mosaic::data
