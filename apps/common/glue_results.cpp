#include "apps/common/glue_results.h"

#include <algorithm>
#include <cmath>

#include "apps/common/text.h"
#include "data/glue/scoring.h"
#include "nas/statistics.h"

namespace mosaic::apps {
namespace {

const json* score_of(const json& result, const std::string& set) {
  for (const json& score : result["scores"])
    if (score["set"] == set) return &score;
  return nullptr;
}

// One metric over seeds.
json summarise(const GlueSeeds& seeds, const std::string& set, const std::string& metric) {
  std::vector<double> values;
  int64_t undefined = 0;
  std::string why;
  for (const json& result : seeds) {
    const json* score = score_of(result, set);
    if (score && !(*score)[metric].is_null()) {
      values.push_back((*score)[metric].get<double>());
      continue;
    }
    values.push_back(0);
    ++undefined;
    why = score ? (*score)["undefined"].value(metric, "")
                : "training failed: " + result["failed"].get<std::string>();
  }
  const auto n = static_cast<double>(values.size());
  json out{{"mean", nas::mean(values)},
           {"standard_error", values.size() > 1 ? json(nas::deviation(values) / std::sqrt(n)) : json()}};
  if (undefined > 0) out["undefined"] = {{"count", undefined}, {"why", why}};
  return out;
}

// Values of every set and metric, from those that the settings have.
template <class Choose>
json over_settings(const std::vector<json>& settings, const Choose& choose) {
  json sets = json::object();
  for (const auto& [set, metrics] : settings.front()["sets"].items())
    for (const auto& item : metrics.items()) sets[set][item.key()] = choose(set, item.key());
  return sets;
}

json median(const std::vector<json>& settings, const std::string& set, const std::string& metric) {
  std::vector<double> means;
  bool any = false;
  for (const json& setting : settings) {
    const json& value = setting["sets"][set][metric];
    means.push_back(value["mean"].get<double>());
    any = any || !value.contains("undefined");
  }
  json out{{"mean", nas::quantile(means, 0.5)}};
  if (!any) out["undefined"] = settings.front()["sets"][set][metric]["undefined"];
  return out;
}

// A summary's values as scores, for the averages over tasks.
std::vector<data::GlueScore> as_scores(const json& sets, int64_t seeds) {
  std::vector<data::GlueScore> scores;
  for (const auto& [name, metrics] : sets.items()) {
    const data::GlueSet& set = data::glue_set(name);
    data::GlueScore score{.set = set.name, .n = 1, .values = {}};
    for (const data::GlueMetric metric : set.task->metrics) {
      const json& value = metrics[to_string(metric)];
      const bool never = value.contains("undefined") && value["undefined"]["count"] == seeds;
      const double mean = value["mean"].get<double>() / (data::in_percent(metric) ? 100 : 1);
      score.values.emplace_back(metric, never ? data::MetricValue::undefined(value["undefined"]["why"])
                                              : data::MetricValue::of(mean));
    }
    scores.push_back(std::move(score));
  }
  return scores;
}

std::string padded(std::string text, size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text + " ";
}

// "52.71 +- 1.20", "undefined".
std::string value_text(const json& value, data::GlueMetric metric, int64_t seeds) {
  if (value.contains("undefined") && value["undefined"]["count"] == seeds) return "undefined";
  const int digits = data::in_percent(metric) ? 2 : 4;
  std::string text = fixed(value["mean"].get<double>(), digits);
  if (value.contains("standard_error") && !value["standard_error"].is_null())
    text += " +- " + fixed(value["standard_error"].get<double>(), digits);
  return text;
}

std::string start_text(const json& task) {
  const std::string start = task["start"].get<std::string>();
  return task["teacher"].is_null() ? start : start + ", teacher";
}

}  // namespace

data::GlueMetric glue_main_metric(const data::GlueTask& task) {
  return task.metrics.front();
}

json summarise_setting(const data::GlueTask& task, const GlueSetting& setting, const GlueSeeds& seeds) {
  check(!seeds.empty(), "glue results", "there is no result of ", setting.name());
  json runs = json::array(), sets = json::object();
  for (const json& result : seeds)
    runs.push_back({{"seed", result["seed"]},
                    {"scores", result["scores"]},
                    {"failed", result["failed"]},
                    {"updates", result["updates"]},
                    {"seconds", result["seconds"]}});
  for (const auto& item : seeds.front()["examples"]["dev"].items())
    for (const data::GlueMetric metric : task.metrics)
      sets[item.key()][to_string(metric)] = summarise(seeds, item.key(), to_string(metric));
  return {{"setting", setting.to_json()},
          {"name", setting.name()},
          {"main", sets.front()[to_string(glue_main_metric(task))]["mean"]},
          {"sets", sets},
          {"seeds", runs}};
}

size_t best_setting(const std::vector<json>& settings) {
  check(!settings.empty(), "glue results", "there is no setting");
  // A failed training's 0 must not beat a negative correlation: there is no model behind it.
  const auto rank = [&](size_t i) {
    const bool trained = settings[i]["seeds"].front()["failed"].is_null();
    return std::pair(trained, settings[i]["main"].get<double>());
  };
  size_t best = 0;
  for (size_t i = 1; i < settings.size(); ++i)
    if (rank(i) > rank(best)) best = i;
  return best;
}

json summarise_task(const data::GlueTask& task, const std::vector<json>& settings, const json& facts) {
  const json& best = settings[best_setting(settings)];
  json out{{"task", task.name}, {"metric", to_string(glue_main_metric(task))}};
  out.update(facts);
  double seconds = 0;
  for (const json& setting : settings)
    for (const json& run : setting["seeds"]) seconds += run["seconds"].get<double>();
  out["seconds"] = seconds;
  out["seeds"] = best["seeds"].size();
  out["best"] = {{"setting", best["setting"]}, {"name", best["name"]}, {"sets", best["sets"]}};
  out["median"] = {{"of", settings.size()},
                   {"sets", over_settings(settings, [&](const std::string& set, const std::string& metric) {
                      return median(settings, set, metric);
                    })}};
  out["settings"] = settings;
  return out;
}

bool glue_defined(const json& task) {
  const json& main = task["best"]["sets"].front()[task["metric"].get<std::string>()];
  return !main.contains("undefined") || main["undefined"]["count"] < task["seeds"];
}

json glue_averages_of(const std::vector<json>& tasks) {
  json out = json::object();
  for (const char* which : {"best", "median"}) {
    std::vector<data::GlueScore> scores;
    for (const json& task : tasks)
      for (data::GlueScore& score : as_scores(task[which]["sets"], task["seeds"].get<int64_t>()))
        scores.push_back(std::move(score));
    out[which] = json::array();
    for (const data::GlueAverage& average : data::glue_averages())
      out[which].push_back(describe(data::average_glue(average, scores)));
  }
  return out;
}

std::string glue_table(const json& results) {
  std::string text = padded("set", 8) + padded("metric", 10) + padded("best of grid", 18) +
                     padded("median", 10) + padded("n", 7) + padded("setting", 20) + "start\n";
  for (const json& task : results["tasks"]) {
    const auto seeds = task["seeds"].get<int64_t>();
    for (const auto& [name, metrics] : task["best"]["sets"].items()) {
      for (const data::GlueMetric metric : data::glue_set(name).task->metrics) {
        const std::string key = to_string(metric);
        text += padded(name, 8) + padded(key, 10) + padded(value_text(metrics[key], metric, seeds), 18) +
                padded(value_text(task["median"]["sets"][name][key], metric, seeds), 10) +
                padded(task["examples"]["dev"][name]["examples"].dump(), 7) +
                padded(task["best"]["name"].get<std::string>(), 20) + start_text(task) + "\n";
      }
    }
  }
  for (size_t i = 0; i < results["averages"]["best"].size(); ++i) {
    const json &best = results["averages"]["best"][i], &middle = results["averages"]["median"][i];
    if (best["value"].is_null()) continue;
    text += padded("average " + best["name"].get<std::string>(), 19) +
            padded(fixed(best["value"].get<double>(), 2), 18) + fixed(middle["value"].get<double>(), 2) +
            "\n";
  }
  return text;
}

}  // namespace mosaic::apps
