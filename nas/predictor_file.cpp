// Predictors and their reports as JSON and text.
#include <cmath>
#include <cstdio>

#include "engine/core/error.h"
#include "nas/predictor.h"

namespace mosaic::nas {

namespace {

json finite(double v) {
  return std::isfinite(v) ? json(v) : json(nullptr);
}

std::string fixed(double value, int width, int digits) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%*.*f", width, digits, value);
  return buffer;
}

PredictorReport report_from_json(const json& value, const std::string& where) {
  PredictorReport out;
  Fields f(value, where);
  for (const json& one : f.array("candidates")) {
    Fields c(one, cat(where, ": candidates[", out.candidates.size(), "]"));
    PredictorReport::Candidate candidate;
    candidate.kind = c.one_of("kind", {"linear", "quadratic", "mlp"});
    candidate.encoding = mos::encoding_named(c.one_of("encoding", {"coarse", "fine"}));
    candidate.penalty = c.number("penalty", 0);
    candidate.accuracy.rmse = c.number("rmse", 0);
    candidate.accuracy.mape = c.number("mape", 0);
    candidate.accuracy.kendall = c.any("kendall").is_null() ? std::nan("") : c.number("kendall", -1, 1);
    c.finish();
    out.candidates.push_back(candidate);
  }
  out.rows = f.integer("rows", 0);
  out.architectures = f.integer("architectures", 0);
  out.folds = f.integer("folds", 0);
  out.noise_ms = f.number("noise_ms");
  out.noise_percent = f.number("noise_percent");
  out.noise_between_measurements = f.boolean("noise_between_measurements");
  out.top_ten_has_best = f.boolean("top_ten_has_best");
  for (const json& n : f.array("notices"))
    if (n.is_string()) out.notices.push_back(n.get<std::string>());
  f.finish();
  return out;
}

}  // namespace

std::string PredictorReport::Candidate::name() const {
  return cat(kind, ", ", mos::encoding_name(encoding));
}

json PredictorReport::to_json() const {
  json list = json::array();
  for (const Candidate& c : candidates)
    list.push_back({{"kind", c.kind},
                    {"encoding", mos::encoding_name(c.encoding)},
                    {"penalty", c.penalty},
                    {"rmse", c.accuracy.rmse},
                    {"mape", c.accuracy.mape},
                    {"kendall", finite(c.accuracy.kendall)}});
  return {{"candidates", list},
          {"rows", rows},
          {"architectures", architectures},
          {"folds", folds},
          {"noise_ms", noise_ms},
          {"noise_percent", noise_percent},
          {"noise_between_measurements", noise_between_measurements},
          {"top_ten_has_best", top_ten_has_best},
          {"notices", notices}};
}

std::string PredictorReport::text() const {
  std::string out =
      cat(architectures, " architectures, ", rows, " measurements, ", folds, "-fold cross-validation\n");
  out += "predictor             RMSE ms   MAPE %  Kendall\n";
  for (const Candidate& c : candidates) {
    std::string name = c.name();
    name.resize(19, ' ');
    out += name + fixed(c.accuracy.rmse, 10, 4) + fixed(c.accuracy.mape, 9, 2) +
           fixed(c.accuracy.kendall, 9, 3) + (&c == candidates.data() ? "  taken\n" : "\n");
  }
  if (noise_ms >= 0)
    out += "noise floor        " + fixed(noise_ms, 10, 4) + fixed(noise_percent, 9, 2) +
           (noise_between_measurements ? "           (between measurements)\n"
                                       : "           (of the repeats' mean)\n");
  out += cat("the ten predicted fastest ", top_ten_has_best ? "contain" : "do not contain",
             " the fastest measured\n");
  for (const std::string& n : notices) out += "note: " + n + "\n";
  return out;
}

void Predictor::save(const std::filesystem::path& path) const {
  save_json(path, {{"format", "mosaic-predictor"},
                   {"version", 1},
                   {"space", space_.name()},
                   {"space_hash", space_.hash()},
                   {"predicts", "latency_ms"},
                   {"encoding", mos::encoding_name(encoding_)},
                   {"measured", measured_},
                   {"model", model_->to_json()},
                   {"report", report_.to_json()}});
}

Predictor Predictor::load(const std::filesystem::path& path, const mos::Space& space) {
  const json file = load_json(path);
  const std::string where = path.string();
  Fields f(file, where);
  f.one_of("format", {"mosaic-predictor"});
  f.integer("version", 1, 1);
  const std::string name = f.text("space");
  if (f.text("space_hash") != space.hash())
    throw FormatError(where, cat("this predictor is of space \"", name, "\" with other choices than \"",
                                 space.name(), "\""));
  f.one_of("predicts", {"latency_ms"});
  const mos::Encoding encoding = mos::encoding_named(f.one_of("encoding", {"coarse", "fine"}));
  const json measured = f.object("measured");
  std::shared_ptr<const Regressor> model = regressor_from_json(f.object("model"), where + ": model");
  PredictorReport report = report_from_json(f.object("report"), where + ": report");
  f.finish();
  if (model->inputs() != static_cast<size_t>(mos::encoding_size(space, encoding)))
    throw FormatError(where, cat("the model has ", model->inputs(), " inputs, the encoding ",
                                 mos::encoding_size(space, encoding)));
  return Predictor(space, encoding, std::move(model), std::move(report), measured);
}

}  // namespace mosaic::nas
