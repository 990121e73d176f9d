// Regression of one number on a few features: linear and quadratic ridge, and a small multilayer perceptron.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/core/json.h"
#include "engine/core/random.h"

namespace mosaic::nas {

// Rows of features, row-major.
struct Table {
  size_t columns = 0;
  std::vector<double> values;
  size_t rows() const { return columns == 0 ? 0 : values.size() / columns; }
  std::span<const double> row(size_t i) const { return {values.data() + i * columns, columns}; }
  void add(std::span<const double> row);  // ArgumentError for another length
};

// Features brought to mean 0 and deviation 1; constant ones are dropped because they explain nothing.
class Scaling {
 public:
  Scaling() = default;
  explicit Scaling(const Table& table);
  size_t size() const { return kept_.size(); }
  size_t dropped() const { return inputs_ - kept_.size(); }
  size_t inputs() const { return inputs_; }
  std::vector<double> operator()(std::span<const double> row) const;
  Table operator()(const Table& table) const;
  json to_json() const;
  static Scaling from_json(const json& value, const std::string& where);

 private:
  size_t inputs_ = 0;
  std::vector<size_t> kept_;
  std::vector<double> mean_, scale_;
};

struct MlpOptions {
  std::vector<int64_t> hidden = {32, 32};  // ReLU layers
  int64_t steps = 1500;
  int64_t batch = 64;
  double rate = 3e-3;  // Adam's, cosine to zero
};

class Regressor {
 public:
  virtual ~Regressor() = default;
  virtual double predict(std::span<const double> features) const = 0;
  virtual json to_json() const = 0;   // with "kind"
  virtual size_t inputs() const = 0;  // features
};

// Least squares with a penalty of ridge * rows on the squared weights of scaled columns; unique for any
// number of rows. quadratic adds all products of two scaled features. One regressor for each penalty, the
// normal equations being set up once.
std::vector<std::unique_ptr<Regressor>> fit_ridge(const Table& x, std::span<const double> y, bool quadratic,
                                                  const std::vector<double>& penalties);
// The number of columns fit_ridge solves for.
size_t ridge_columns(const Table& x, bool quadratic);
// Mean squared error of the scaled target by Adam on batches drawn without replacement; the same bits for the
// same generator.
std::unique_ptr<Regressor> fit_mlp(const Table& x, std::span<const double> y, const MlpOptions& options,
                                   Generator generator);
// Any of the above, checked. FormatError opens with `where`.
std::unique_ptr<Regressor> regressor_from_json(const json& value, const std::string& where);

}  // namespace mosaic::nas
