#include "nas/predictor.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "engine/core/error.h"
#include "nas/statistics.h"

namespace mosaic::nas {

namespace {

constexpr size_t kMaxColumns = 2000;

using Candidate = PredictorReport::Candidate;

// Rows of one architecture share a group; groups are dealt to folds in a random order.
struct Groups {
  std::vector<size_t> of_row;
  size_t count = 0;
};

Groups groups_of(const std::vector<LatencyRow>& rows) {
  Groups out;
  std::map<std::string, size_t> known;
  for (const LatencyRow& r : rows)
    out.of_row.push_back(known.emplace(r.arch.text(), known.size()).first->second);
  out.count = known.size();
  return out;
}

std::vector<size_t> folds_of(const Groups& groups, size_t folds, uint64_t seed) {
  std::vector<size_t> order(groups.count), fold(groups.count);
  std::iota(order.begin(), order.end(), size_t{0});
  Generator generator = Generator(seed).fork("folds");
  generator.shuffle(order);
  for (size_t i = 0; i < order.size(); ++i) fold[order[i]] = i % folds;
  std::vector<size_t> out;
  for (const size_t g : groups.of_row) out.push_back(fold[g]);
  return out;
}

// The regressors of one kind on one table: one a penalty, or the single MLP.
std::vector<std::unique_ptr<Regressor>> fit(const std::string& kind, const Table& x,
                                            const std::vector<double>& y, const PredictorOptions& options) {
  if (kind != "mlp") return fit_ridge(x, y, kind == "quadratic", options.penalties);
  std::vector<std::unique_ptr<Regressor>> out;
  out.push_back(fit_mlp(x, y, options.mlp, Generator(options.seed).fork("mlp")));
  return out;
}

Accuracy accuracy_of(const std::vector<double>& predicted, const std::vector<double>& actual) {
  return {.rmse = root_mean_square_error(predicted, actual),
          .mape = mean_absolute_percentage_error(predicted, actual),
          .kendall = kendall_tau(predicted, actual)};
}

// One kind on one encoding: the best penalty by RMSE over all held-out predictions, which are returned too.
Candidate validate(const std::string& kind, mos::Encoding encoding, const Table& x,
                   const std::vector<double>& y, const std::vector<size_t>& fold,
                   const PredictorOptions& options, std::vector<double>& held_out) {
  const size_t models = kind == "mlp" ? 1 : options.penalties.size();
  std::vector<std::vector<double>> predicted(models, std::vector<double>(y.size()));
  const size_t folds = *std::max_element(fold.begin(), fold.end()) + 1;
  for (size_t f = 0; f < folds; ++f) {
    Table part;
    std::vector<double> target;
    for (size_t r = 0; r < y.size(); ++r)
      if (fold[r] != f) part.add(x.row(r)), target.push_back(y[r]);
    const auto fitted = fit(kind, part, target, options);
    for (size_t m = 0; m < models; ++m)
      for (size_t r = 0; r < y.size(); ++r)
        if (fold[r] == f) predicted[m][r] = fitted[m]->predict(x.row(r));
  }
  Candidate best;
  for (size_t m = 0; m < models; ++m) {
    const Accuracy accuracy = accuracy_of(predicted[m], y);
    if (m > 0 && accuracy.rmse >= best.accuracy.rmse) continue;
    best = {kind, encoding, kind == "mlp" ? 0 : options.penalties[m], accuracy};
    held_out = predicted[m];
  }
  return best;
}

// The deviation of a mean latency from what measuring again would give.
void add_noise(PredictorReport& report, const std::vector<LatencyRow>& rows, const Groups& groups) {
  std::vector<std::vector<double>> measured(groups.count);
  for (size_t r = 0; r < rows.size(); ++r) measured[groups.of_row[r]].push_back(rows[r].latency_ms);
  double squares = 0, freedom = 0;
  std::vector<double> relative;
  for (const auto& m : measured) {
    if (m.size() < 2) continue;
    const double d = deviation(m);
    squares += d * d * static_cast<double>(m.size() - 1);
    freedom += static_cast<double>(m.size() - 1);
    relative.push_back(100 * d / mean(m));
  }
  report.noise_between_measurements = freedom > 0;
  if (freedom == 0)
    for (const LatencyRow& r : rows) {
      if (r.repeats < 2) continue;
      const double d = r.latency_ms_std / std::sqrt(static_cast<double>(r.repeats));
      squares += d * d;
      freedom += 1;
      relative.push_back(100 * d / r.latency_ms);
    }
  if (freedom == 0) return;
  report.noise_ms = std::sqrt(squares / freedom);
  report.noise_percent = quantile(relative, 0.5);
}

bool top_ten_has_best(const std::vector<double>& predicted, const std::vector<double>& actual) {
  const size_t best = static_cast<size_t>(std::min_element(actual.begin(), actual.end()) - actual.begin());
  const auto faster =
      std::count_if(predicted.begin(), predicted.end(), [&](double p) { return p < predicted[best]; });
  return faster < 10;
}

}  // namespace

Predictor fit_predictor(const mos::Space& space, const LatencyData& data, const PredictorOptions& options) {
  const std::vector<LatencyRow>& rows = data.rows;
  const Groups groups = groups_of(rows);
  check(groups.count >= 2, "predictor", groups.count, " measured architectures, at least 2 are needed");
  check(options.folds >= 2, "predictor", options.folds, " folds, at least 2 are needed");
  check(!options.kinds.empty() && !options.encodings.empty() && !options.penalties.empty(), "predictor",
        "no kinds, encodings or penalties to choose from");
  std::vector<double> y;
  for (const LatencyRow& r : rows) y.push_back(r.latency_ms);
  const size_t folds = std::min(static_cast<size_t>(options.folds), groups.count);
  const std::vector<size_t> fold = folds_of(groups, folds, options.seed);

  PredictorReport report{.candidates = {},
                         .rows = static_cast<int64_t>(rows.size()),
                         .architectures = static_cast<int64_t>(groups.count),
                         .folds = static_cast<int64_t>(folds),
                         .notices = data.warnings};
  std::map<mos::Encoding, Table> tables;
  std::vector<double> held_out, taken;
  for (const mos::Encoding encoding : options.encodings) {
    Table& x = tables[encoding];
    for (const LatencyRow& r : rows) x.add(mos::encode(space, r.arch, encoding));
    const Scaling scaling(x);
    if (scaling.dropped() > 0)
      report.notices.push_back(cat(scaling.dropped(), " of ", x.columns, " ", mos::encoding_name(encoding),
                                   " features are constant in the data and were dropped"));
    for (const std::string& kind : options.kinds) {
      check(kind == "linear" || kind == "quadratic" || kind == "mlp", "predictor", "\"", kind,
            "\" is not one of linear, quadratic, mlp");
      const size_t columns = kind == "mlp" ? 0 : ridge_columns(x, kind == "quadratic");
      if (columns > kMaxColumns) {
        report.notices.push_back(
            cat(kind, ", ", mos::encoding_name(encoding), " was left out: ", columns, " columns"));
        continue;
      }
      if (columns >= groups.count)
        report.notices.push_back(cat(kind, ", ", mos::encoding_name(encoding), ": ", groups.count,
                                     " architectures for ", columns,
                                     " columns, decided by the ridge penalty"));
      const Candidate c = validate(kind, encoding, x, y, fold, options, held_out);
      if (report.candidates.empty() || c.accuracy.rmse < report.candidates[0].accuracy.rmse) taken = held_out;
      const auto at = std::upper_bound(
          report.candidates.begin(), report.candidates.end(), c,
          [](const Candidate& a, const Candidate& b) { return a.accuracy.rmse < b.accuracy.rmse; });
      report.candidates.insert(at, c);
    }
  }
  check(!report.candidates.empty(), "predictor", "every candidate has more than ", kMaxColumns, " columns");
  add_noise(report, rows, groups);
  report.top_ten_has_best = top_ten_has_best(taken, y);

  const Candidate& best = report.candidates[0];
  PredictorOptions final_options = options;
  if (best.kind != "mlp") final_options.penalties = {best.penalty};
  std::shared_ptr<const Regressor> model(
      std::move(fit(best.kind, tables[best.encoding], y, final_options)[0]));
  return Predictor(space, best.encoding, std::move(model), std::move(report), data.measured);
}

Predictor::Predictor(mos::Space space, mos::Encoding encoding, std::shared_ptr<const Regressor> model,
                     PredictorReport report, json measured)
    : space_(std::move(space)),
      encoding_(encoding),
      model_(std::move(model)),
      report_(std::move(report)),
      measured_(std::move(measured)) {}

double Predictor::operator()(const mos::Arch& arch) const {
  return std::max(0.0, model_->predict(mos::encode(space_, arch, encoding_)));
}

}  // namespace mosaic::nas
