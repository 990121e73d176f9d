#include "apps/common/scaling.h"

#include <algorithm>

#include "apps/common/aligned.h"
#include "apps/common/output.h"
#include "apps/common/svg.h"
#include "apps/common/text.h"
#include "apps/common/timed_updates.h"
#include "engine/core/meter.h"
#include "engine/core/parallel.h"
#include "engine/cpu/isa.h"
#include "nas/statistics.h"

namespace mosaic::apps {
namespace {

struct ScalingAxis {
  const char* name;
  const char* label;
  std::vector<int64_t> sizes;
  void (*set)(TimedModel& model, int64_t size);
};

// 2,048 tokens a side, two layers a side.
TimedModel usual_model() {
  TimedModel model;
  model.embed = 128, model.ffn = 512, model.heads = 4, model.layers = 2;
  model.vocabulary = 4000;
  model.rows = 64, model.length = 32;
  model.dropout = 0.1;
  return model;
}

const std::vector<ScalingAxis>& table() {
  static const std::vector<ScalingAxis> axes = {
      {"rows",
       "sentences of 32 tokens",
       {8, 16, 32, 64, 96, 128, 192, 256},
       [](TimedModel& model, int64_t size) { model.rows = size; }},
      {"length",
       "tokens of 64 sentences",
       {8, 16, 32, 48, 64, 96, 128},
       [](TimedModel& model, int64_t size) { model.length = size; }},
      {"width",
       "width (feed-forward layers four times that)",
       {32, 64, 96, 128, 192, 256, 384, 512},
       [](TimedModel& model, int64_t size) { model.embed = size, model.ffn = 4 * size; }},
      {"depth",
       "layers of the encoder and of the decoder",
       {1, 2, 3, 4, 6, 8},
       [](TimedModel& model, int64_t size) { model.layers = size; }},
      {"experts",
       "experts of a neuron-wise mixture",
       {1, 2, 4, 8, 12, 16},
       [](TimedModel& model, int64_t size) {
         model.space = mos::space_named("tiny");
         model.policy = nas::Policy::single;  // every point draws the same architectures
         model.mixture.routing = size > 1 ? mos::Routing::per_neuron : mos::Routing::none;
         model.mixture.experts = size;
         model.mixture.router_hidden = 32;
       }},
  };
  return axes;
}

struct Point {
  int64_t size;
  std::unique_ptr<TimedUpdates> updates;
  std::vector<double> milliseconds = {}, gigaflops = {}, speeds = {};
};

json point_json(const Point& point, int team) {
  return {{"size", point.size},
          {"threads", team},
          {"milliseconds", median(point.milliseconds)},
          {"milliseconds_low", nas::quantile(point.milliseconds, 0.25)},
          {"milliseconds_high", nas::quantile(point.milliseconds, 0.75)},
          {"gigaflops", median(point.gigaflops)},
          {"gigaflops_per_second", median(point.speeds)}};
}

void time_points(std::vector<Point>& points, const ScalingOptions& options) {
  const Meter meter;
  for (Point& point : points) point.milliseconds.clear(), point.gigaflops.clear(), point.speeds.clear();
  for (int64_t round = -1; round < options.rounds; ++round) {  // one to warm up
    for (Point& point : points) {
      const int64_t before = meter.read().multiply_adds;
      const double taken = point.updates->update(options.clock);
      if (round < 0) continue;
      point.milliseconds.push_back(taken);
      point.gigaflops.push_back(2e-9 * static_cast<double>(meter.read().multiply_adds - before));
      point.speeds.push_back(point.gigaflops.back() / taken * 1e3);
    }
  }
}

// Of every round, whose update is of one architecture at all points, what a mixture adds; the median.
double milliseconds_an_expert(const Point& mixed, const Point& alone) {
  std::vector<double> more;
  for (size_t i = 0; i < mixed.milliseconds.size(); ++i)
    more.push_back((mixed.milliseconds[i] - alone.milliseconds[i]) / static_cast<double>(mixed.size));
  return median(more);
}

json run_axis(const ScalingAxis& axis, const ScalingOptions& options) {
  std::vector<Point> points;
  for (const int64_t size : axis.sizes) {
    if (options.points > 0 && std::ssize(points) == options.points) break;
    TimedModel model = usual_model();
    axis.set(model, size);
    points.push_back({.size = size, .updates = std::make_unique<TimedUpdates>(model)});
  }
  json list = json::array();
  for (const int team : options.teams) {
    set_threads(team);
    const ProcessorShare processor;
    time_points(points, options);
    const double share = processor.share();
    for (const Point& point : points) {
      list.push_back(point_json(point, team));
      list.back()["processor_share"] = share;
      if (std::string(axis.name) == "experts" && point.size > 1)
        list.back()["milliseconds_an_expert"] = milliseconds_an_expert(point, points.front());
    }
  }
  return {{"axis", axis.name}, {"label", axis.label}, {"points", list}};
}

// One series for each number of threads.
Chart chart_of(const json& axis, const char* value, const char* title) {
  Chart chart{.title = cat("update, ", axis["axis"].get<std::string>(), ": ", title),
              .x_label = axis["label"].get<std::string>(),
              .y_label = title,
              .series = {},
              .zero_y = true,
              .width = 520,
              .height = 280};
  for (const json& point : axis["points"]) {
    if (!point.contains(value)) continue;
    const std::string name = cat(point["threads"].dump(), point["threads"] == 1 ? " thread" : " threads");
    if (chart.series.empty() || chart.series.back().name != name)
      chart.series.push_back({.name = name, .x = {}, .y = {}, .emphasis = true});
    chart.series.back().x.push_back(point["size"].get<double>());
    chart.series.back().y.push_back(point[value].get<double>());
  }
  return chart;
}

}  // namespace

std::vector<std::string> scaling_axes() {
  std::vector<std::string> names;
  for (const ScalingAxis& axis : table()) names.emplace_back(axis.name);
  return names;
}

json run_scaling(const ScalingOptions& options) {
  const std::vector<std::string> known = scaling_axes();
  for (const std::string& name : options.axes)
    check<UsageError>(std::find(known.begin(), known.end(), name) != known.end(), "--axis", "\"", name,
                      "\" is not one of ", join(known, ", "));
  json axes = json::array();
  for (const ScalingAxis& axis : table()) {
    if (!options.axes.empty() &&
        std::find(options.axes.begin(), options.axes.end(), axis.name) == options.axes.end())
      continue;
    say("timing ", axis.name);
    axes.push_back(run_axis(axis, options));
  }
  return {{"rounds", options.rounds}, {"isa", kernels::isa_name()}, {"axes", axes}};
}

std::string scaling_text(const json& result) {
  std::vector<std::vector<std::string>> rows = {
      {"axis", "size", "threads", "ms", "quartiles", "GFLOP/s", "ms an expert"}};
  for (const json& axis : result["axes"])
    for (const json& p : axis["points"]) {
      const auto number = [&](const char* key, int digits) { return fixed(p[key].get<double>(), digits); };
      rows.push_back({axis["axis"].get<std::string>(), p["size"].dump(), p["threads"].dump(),
                      number("milliseconds", 2),
                      cat(number("milliseconds_low", 2), " - ", number("milliseconds_high", 2)),
                      number("gigaflops_per_second", 1),
                      p.contains("milliseconds_an_expert") ? number("milliseconds_an_expert", 3) : ""});
    }
  return aligned(rows);
}

std::string scaling_svg(const json& result) {
  std::vector<Chart> charts;
  for (const json& axis : result["axes"]) {
    charts.push_back(chart_of(axis, "milliseconds", "milliseconds"));
    charts.push_back(axis["axis"] == "experts"
                         ? chart_of(axis, "milliseconds_an_expert", "milliseconds more an expert")
                         : chart_of(axis, "gigaflops_per_second", "GFLOP/s"));
  }
  return draw_side_by_side(charts, 2);
}

}  // namespace mosaic::apps
