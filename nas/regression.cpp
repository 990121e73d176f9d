#include "nas/regression.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "nas/mlp.h"

namespace mosaic::nas {

namespace {

// [z, products z_i z_j with i <= j]
std::vector<double> expand(const std::vector<double>& z, bool quadratic) {
  std::vector<double> out = z;
  if (quadratic)
    for (size_t i = 0; i < z.size(); ++i)
      for (size_t j = i; j < z.size(); ++j) out.push_back(z[i] * z[j]);
  return out;
}

class Ridge final : public Regressor {
 public:
  bool quadratic = false;
  Scaling base, columns;  // before and after the products
  std::vector<double> weights;
  double bias = 0;

  double predict(std::span<const double> features) const override {
    const std::vector<double> z = columns(expand(base(features), quadratic));
    double out = bias;
    for (size_t i = 0; i < z.size(); ++i) out += weights[i] * z[i];
    return out;
  }

  size_t inputs() const override { return base.inputs(); }

  json to_json() const override {
    return {{"kind", quadratic ? "quadratic" : "linear"},
            {"base", base.to_json()},
            {"columns", columns.to_json()},
            {"weights", weights},
            {"bias", bias}};
  }
};

// Eight partial sums, so that the compiler may use vectors without changing the order of any sum.
double dot(const double* a, const double* b, size_t n) {
  double part[8] = {};
  size_t i = 0;
  for (; i + 8 <= n; i += 8)
    for (size_t k = 0; k < 8; ++k) part[k] += a[i + k] * b[i + k];
  for (; i < n; ++i) part[0] += a[i] * b[i];
  return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
}

// Solves A x = b for the positive definite A of which the lower triangle is given; false when a pivot
// vanishes.
bool cholesky_solve(std::vector<double> a, size_t n, std::vector<double>& b) {
  for (size_t j = 0; j < n; ++j) {
    double* row = a.data() + j * n;
    for (size_t k = 0; k <= j; ++k) {
      const double* other = a.data() + k * n;
      const double sum = row[k] - dot(row, other, k);
      if (k < j) {
        row[k] = sum / other[k];
      } else {
        if (!(sum > 1e-12)) return false;
        row[j] = std::sqrt(sum);
      }
    }
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k < i; ++k) b[i] -= a[i * n + k] * b[k];
    b[i] /= a[i * n + i];
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t k = i + 1; k < n; ++k) b[i] -= a[k * n + i] * b[k];
    b[i] /= a[i * n + i];
  }
  return true;
}

}  // namespace

void Table::add(std::span<const double> row) {
  if (columns == 0) columns = row.size();
  check(row.size() == columns && columns > 0, "table", "a row of ", row.size(), " numbers for ", columns,
        " columns");
  values.insert(values.end(), row.begin(), row.end());
}

Scaling::Scaling(const Table& table) : inputs_(table.columns) {
  const double n = static_cast<double>(table.rows());
  for (size_t c = 0; c < table.columns; ++c) {
    double mean = 0, square = 0, size = 0;
    for (size_t r = 0; r < table.rows(); ++r) mean += table.row(r)[c];
    mean /= n;
    for (size_t r = 0; r < table.rows(); ++r) {
      square += (table.row(r)[c] - mean) * (table.row(r)[c] - mean);
      size = std::max(size, std::abs(table.row(r)[c]));
    }
    const double scale = std::sqrt(square / n);
    if (scale <= 1e-12 * size || scale == 0) continue;
    kept_.push_back(c);
    mean_.push_back(mean);
    scale_.push_back(scale);
  }
}

std::vector<double> Scaling::operator()(std::span<const double> row) const {
  check(row.size() == inputs_, "regression", row.size(), " features, ", inputs_, " are needed");
  std::vector<double> out(kept_.size());
  for (size_t i = 0; i < kept_.size(); ++i) out[i] = (row[kept_[i]] - mean_[i]) / scale_[i];
  return out;
}

Table Scaling::operator()(const Table& table) const {
  Table out;
  out.columns = size();
  for (size_t r = 0; r < table.rows(); ++r) {
    const std::vector<double> z = (*this)(table.row(r));
    out.values.insert(out.values.end(), z.begin(), z.end());
  }
  return out;
}

json Scaling::to_json() const {
  return {{"inputs", inputs_}, {"kept", kept_}, {"mean", mean_}, {"scale", scale_}};
}

Scaling Scaling::from_json(const json& value, const std::string& where) {
  Fields f(value, where);
  Scaling out;
  out.inputs_ = static_cast<size_t>(f.integer("inputs", 0, 1 << 20));
  for (const int64_t k : f.integers("kept", 0, static_cast<int64_t>(out.inputs_) - 1))
    out.kept_.push_back(static_cast<size_t>(k));
  out.mean_ = f.numbers("mean");
  out.scale_ = f.numbers("scale");
  f.finish();
  if (out.mean_.size() != out.kept_.size() || out.scale_.size() != out.kept_.size())
    throw FormatError(where, "kept, mean and scale differ in length");
  for (const double s : out.scale_)
    if (!(s > 0)) throw FormatError(where, "a scale is not positive");
  return out;
}

size_t ridge_columns(const Table& x, bool quadratic) {
  const size_t n = Scaling(x).size();
  return quadratic ? n + n * (n + 1) / 2 : n;
}

std::vector<std::unique_ptr<Regressor>> fit_ridge(const Table& x, std::span<const double> y, bool quadratic,
                                                  const std::vector<double>& penalties) {
  check(x.rows() == y.size() && !y.empty(), "regression", x.rows(), " rows of features for ", y.size(),
        " targets");
  for (const double v : x.values) check(std::isfinite(v), "regression", "a feature is ", v);
  for (const double v : y) check(std::isfinite(v), "regression", "a target is ", v);
  Ridge model;
  model.quadratic = quadratic;
  model.base = Scaling(x);
  Table expanded;
  expanded.columns = ridge_columns(x, quadratic);
  for (size_t r = 0; r < x.rows(); ++r) {
    const std::vector<double> row = expand(model.base(x.row(r)), quadratic);
    expanded.values.insert(expanded.values.end(), row.begin(), row.end());
  }
  model.columns = Scaling(expanded);
  const size_t n = model.columns.size();
  const double rows = static_cast<double>(y.size());
  for (const double v : y) model.bias += v / rows;
  std::vector<double> gram(n * n, 0.0), moments(n, 0.0);  // lower triangle
  for (size_t r = 0; r < y.size(); ++r) {
    const std::vector<double> z = n > 0 ? model.columns(expanded.row(r)) : std::vector<double>{};
    for (size_t i = 0; i < n; ++i) {
      double* out = gram.data() + i * n;
      for (size_t j = 0; j <= i; ++j) out[j] += z[i] * z[j];
      moments[i] += z[i] * (y[r] - model.bias);
    }
  }
  std::vector<std::unique_ptr<Regressor>> out;
  for (double penalty : penalties) {
    check(penalty > 0, "regression", "ridge penalty ", penalty, " is not positive");
    // Columns that depend on one another may need a larger penalty than asked for to be told apart at all.
    for (bool solved = false; !solved; penalty *= 10) {
      std::vector<double> a = gram;
      for (size_t i = 0; i < n; ++i) a[i * n + i] += penalty * rows;
      model.weights = moments;
      solved = cholesky_solve(std::move(a), n, model.weights);
    }
    out.push_back(std::make_unique<Ridge>(model));
  }
  return out;
}

std::unique_ptr<Regressor> regressor_from_json(const json& value, const std::string& where) {
  Fields f(value, where);
  const std::string kind = f.one_of("kind", {"linear", "quadratic", "mlp"});
  if (kind == "mlp") return Mlp::from_json(value, where);
  auto out = std::make_unique<Ridge>();
  out->quadratic = kind == "quadratic";
  out->base = Scaling::from_json(f.object("base"), where + ": base");
  out->columns = Scaling::from_json(f.object("columns"), where + ": columns");
  out->weights = f.numbers("weights");
  out->bias = f.number("bias");
  f.finish();
  const size_t n = out->base.size(), expanded = out->quadratic ? n + n * (n + 1) / 2 : n;
  if (out->columns.inputs() != expanded || out->weights.size() != out->columns.size())
    throw FormatError(where, "the numbers of columns and weights do not fit one another");
  return out;
}

}  // namespace mosaic::nas
