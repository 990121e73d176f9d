// Results of fine-tunings put together: means over seeds, best and median of a grid, averages over tasks.
#pragma once

#include <string>
#include <vector>

#include "apps/common/glue_settings.h"

namespace mosaic::apps {

// The results of one setting, a seed each (finetune_once()).
using GlueSeeds = std::vector<json>;

// The metric that settings of a task are compared by: accuracy, Matthews for CoLA, Pearson for STS-B (of
// MNLI the matched half's).
data::GlueMetric glue_main_metric(const data::GlueTask& task);

// {"setting", "name", "seeds": [{"seed", "scores", "failed", "seconds"}], "sets": {"RTE": {"accuracy":
// {"mean", "standard_error"}}}, "main", "failed" (runs)}. Values are shown ones (accuracy from 0 to 100).
// "main" is what settings are compared by: the main metric's mean. A value that is undefined counts as 0 in
// means, which then have "undefined": {"count", "why"}; a standard error needs two seeds, else it is null.
json summarise_setting(const data::GlueTask& task, const GlueSetting& setting, const GlueSeeds& seeds);

// Which of the summarised settings has the highest "main", the first of equals; one whose first seed failed
// only when all others did, too. ArgumentError without any.
size_t best_setting(const std::vector<json>& settings);

// {"task", "metric", "settings", "best": {"setting", "name", "sets"}, "median": {"sets"}, ...facts}: the
// median is each metric's over the settings' means.
json summarise_task(const data::GlueTask& task, const std::vector<json>& settings, const json& facts);

// Whether the best setting of a summarised task has a value of the main metric.
bool glue_defined(const json& task);

// {"best": [...], "median": [...]}: data::describe() of every average, from the tasks' best and median
// values.
json glue_averages_of(const std::vector<json>& tasks);

// A table for people: a line a metric, then the averages that could be formed.
std::string glue_table(const json& results);

}  // namespace mosaic::apps
