// Predicts the latency of an architecture from its encoding; the form of the model is chosen by
// cross-validation.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "mos/encoding.h"
#include "nas/latency_data.h"
#include "nas/regression.h"

namespace mosaic::nas {

struct Accuracy {
  double rmse = 0;     // ms
  double mape = 0;     // per cent
  double kendall = 0;  // tau-b
};

// What cross-validation found, for people and as JSON.
struct PredictorReport {
  struct Candidate {
    std::string kind;  // "linear", "quadratic", "mlp"
    mos::Encoding encoding = mos::Encoding::coarse;
    double penalty = 0;        // ridge penalty a row; 0 for the MLP
    Accuracy accuracy;         // of predictions for architectures not seen in fitting
    std::string name() const;  // "quadratic, fine"
  };
  std::vector<Candidate>
      candidates;  // the best penalty of each kind and encoding, lowest RMSE first: [0] was taken
  int64_t rows = 0, architectures = 0, folds = 0;
  // The deviation of a measured mean in ms (root mean square): from architectures measured several times,
  // where there are any, else from the deviation of the repeats. No predictor can be better. Negative when
  // unknown.
  double noise_ms = -1;
  double noise_percent = -1;  // the median over architectures, relative to their latency
  bool noise_between_measurements = false;
  // Whether the ten architectures predicted fastest contain the one measured fastest.
  bool top_ten_has_best = false;
  std::vector<std::string> notices;  // constant features, fewer rows than columns, ...

  json to_json() const;
  std::string text() const;  // a small table
};

class Predictor {
 public:
  Predictor(mos::Space space, mos::Encoding encoding, std::shared_ptr<const Regressor> model,
            PredictorReport report, json measured);

  // Milliseconds, never below zero. ArgumentError when the architecture is not of the space.
  double operator()(const mos::Arch& arch) const;
  const PredictorReport& report() const { return report_; }
  const mos::Space& space() const { return space_; }
  // How the latencies it learned from were measured.
  const json& measured() const { return measured_; }

  void save(const std::filesystem::path& path) const;
  // FormatError when the file is damaged or of another space. The report read back has its JSON's content
  // only.
  static Predictor load(const std::filesystem::path& path, const mos::Space& space);

 private:
  mos::Space space_;
  mos::Encoding encoding_;
  std::shared_ptr<const Regressor> model_;
  PredictorReport report_;
  json measured_;
};

struct PredictorOptions {
  std::vector<std::string> kinds = {"linear", "quadratic", "mlp"};
  std::vector<mos::Encoding> encodings = {mos::Encoding::coarse, mos::Encoding::fine};
  std::vector<double> penalties = {1e-6, 1e-4, 1e-2};
  int64_t folds = 5;  // all measurements of one architecture are in one fold
  MlpOptions mlp;
  uint64_t seed = 1;
};

// Cross-validates every kind on every encoding, takes the one with the lowest RMSE and fits it on all rows.
// Candidates with more than 2000 columns are left out. ArgumentError for fewer than two architectures or rows
// that are not of the space.
Predictor fit_predictor(const mos::Space& space, const LatencyData& data,
                        const PredictorOptions& options = {});

}  // namespace mosaic::nas
