#include "apps/common/reports.h"

#include "apps/common/report.h"
#include "apps/common/run.h"
#include "apps/common/text.h"

namespace mosaic::apps {
namespace fs = std::filesystem;
namespace {

// What a result file says, as far as it is there.
json result_of(const fs::path& run, const char* name) {
  const fs::path path = run / "results" / name;
  return fs::exists(path) ? load_json(path) : json::object();
}

// A value for people: texts as they are, numbers short, nothing for null.
std::string shown(const json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return brief(value.get<double>());
  if (value.is_number_integer()) return with_thousands(value.get<int64_t>());
  return value.dump();
}

std::vector<std::pair<std::string, std::string>> facts_of(const json& result,
                                                          const std::vector<const char*>& keys) {
  std::vector<std::pair<std::string, std::string>> facts;
  for (const char* key : keys)
    if (result.contains(key)) facts.emplace_back(key, shown(result[key]));
  return facts;
}

Chart search_chart(const json& result) {
  const std::string cost = result.value("cost", "parameters");
  Chart chart{.title = "Architectures scored and the Pareto front",
              .x_label = cost == "latency_ms" ? "predicted latency (ms)" : "parameters",
              .y_label = "validation loss (nats a token)",
              .series = {}};
  Series all{.name = "scored", .x = {}, .y = {}, .line = false};
  for (const json& point : result.value("points", json::array())) {
    all.x.push_back(point[0].get<double>());
    all.y.push_back(point[1].get<double>());
  }
  Series front{.name = "Pareto front", .x = {}, .y = {}, .emphasis = true};
  std::vector<json> points = result.value("front", std::vector<json>{});
  std::sort(points.begin(), points.end(),
            [&](const json& a, const json& b) { return a[cost].get<double>() < b[cost].get<double>(); });
  for (const json& point : points) {
    front.x.push_back(point[cost].get<double>());
    front.y.push_back(point["score"].get<double>());
    front.labels.push_back(point["arch"].dump());
  }
  chart.series = {std::move(all), std::move(front)};
  return chart;
}

void add_search(Page& page, const json& result) {
  page.facts(
      facts_of(result, {"constraint", "score", "parameters", "latency_ms_predicted", "latency_ms_measured",
                        "latency_ms_interval", "evaluated", "distinct", "seconds"}));
  page.chart(search_chart(result));
  if (result.contains("best")) page.details("Best architecture", result["best"].dump(2));
}

void add_training(Page& page, const fs::path& run) {
  page.facts(
      facts_of(result_of(run, "training.json"), {"steps", "seconds", "tokens_per_second", "initial_loss",
                                                 "loss", "best_loss", "peak_bytes", "reason"}));
  page.chart(loss_chart(read_log(run)));
}

Chart latency_chart(const json& points) {
  Chart chart{.title = "Latency: predicted against measured (ms)",
              .x_label = "measured",
              .y_label = "predicted",
              .series = {}};
  Series series{.name = "", .x = {}, .y = {}, .line = false};
  for (const json& point : points) {
    series.x.push_back(point[0].get<double>());
    series.y.push_back(point[1].get<double>());
  }
  chart.series = {std::move(series)};
  return chart;
}

void add_quickstart(Page& page, const fs::path& run) {
  const json result = result_of(run, "quickstart.json");
  page.facts(facts_of(result, {"pairs", "bleu_supernet", "bleu_inherited", "bleu_finetuned", "signature",
                               "latency_ms_limit", "latency_ms_predicted", "latency_ms_measured",
                               "latency_ms_interval", "parameters", "seconds"}));
  page.heading("Ten translations");
  std::vector<std::vector<std::string>> rows;
  for (const json& sample : result.value("samples", json::array()))
    rows.push_back(
        {sample.value("source", ""), sample.value("translation", ""), sample.value("reference", "")});
  page.table({"source", "translation", "reference"}, rows);
  page.heading("Supernet");
  add_training(page, run / "supernet");
  page.heading("Latency");
  page.chart(latency_chart(result.value("latency_points", json::array())));
  page.heading("Search");
  add_search(page, result_of(run / "search", "search.json"));
  page.heading("Further training of the extracted model");
  add_training(page, run / "finetune");
}

// "52.71 +- 1.20"
std::string with_error(const json& value) {
  const std::string mean = fixed(value["mean"].get<double>(), 4);
  const json error = value.value("standard_error", json());
  return error.is_null() ? mean : cat(mean, " +- ", fixed(error.get<double>(), 4));
}

// The settings of a task with every metric's mean over seeds.
void add_glue_task(Page& page, const json& task) {
  page.heading(task["task"].get<std::string>());
  page.facts({{"start", shown(task["start"])},
              {"teacher", task["teacher"].is_null() ? "none" : shown(task["teacher"]["model"])},
              {"best", shown(task["best"]["name"])},
              {"examples to train on", shown(task["examples"]["train"]["examples"])},
              {"seconds", shown(task["seconds"])}});
  std::vector<std::string> header{"setting"};
  std::vector<std::vector<std::string>> rows;
  for (const auto& [set, metrics] : task["best"]["sets"].items())
    for (const auto& item : metrics.items()) header.push_back(set + " " + item.key());
  for (const json& setting : task["settings"]) {
    rows.push_back({setting["name"].get<std::string>()});
    for (const json& metrics : setting["sets"])
      for (const json& value : metrics) rows.back().push_back(with_error(value));
  }
  page.table(header, rows);
}

void add_glue(Page& page, const json& result) {
  page.facts(facts_of(result, {"model", "start", "random_init", "seeds", "seconds"}));
  for (const json& task : result.value("tasks", json::array())) add_glue_task(page, task);
}

}  // namespace

fs::path write_report(const fs::path& run) {
  const fs::path config_file = run / "config.json";
  const json config = load_json(config_file);
  Fields fields(config, config_file.string());
  fields.one_of("format", {"mosaic-run"});
  const std::string command =
      fields.one_of("command", {"train", "finetune", "finetune glue", "search", "quickstart"});
  Page page("mosaic " + command + ": " + path_text(fs::absolute(run).lexically_normal()));
  if (command == "search")
    add_search(page, result_of(run, "search.json"));
  else if (command == "quickstart")
    add_quickstart(page, run);
  else if (command == "finetune glue")
    add_glue(page, result_of(run, "glue.json"));
  else
    add_training(page, run);
  for (const char* name : {"config.json", "manifest.json"})
    if (fs::exists(run / name)) page.details(name, load_json(run / name).dump(2));
  page.save(run / "report.html");
  return run / "report.html";
}

}  // namespace mosaic::apps
