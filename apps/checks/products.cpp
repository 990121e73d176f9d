#include <algorithm>
#include <cmath>
#include <exception>
#include <span>

#include "apps/checks/device_checks.h"
#include "apps/checks/op_runs.h"

namespace mosaic::checks {
namespace {

constexpr int64_t edges[] = {1, 31, 32, 33, 77, 257};

struct Size {
  int64_t m, n, k;
};
std::vector<Size> sizes_of(Level level) {
  if (level == Level::quick) return {{1, 1, 1}, {1, 257, 77}, {31, 33, 32}, {77, 1, 257}, {257, 77, 31}};
  std::vector<Size> sizes;
  for (const int64_t m : edges)
    for (const int64_t n : edges)
      for (const int64_t k : edges) sizes.push_back({m, n, k});
  return sizes;
}

struct Operands {
  Tensor a, b, bias;  // {m, k}, {k, n}, {n}
};
Operands draw(const Size& s, DType dtype) {
  Generator rng(static_cast<uint64_t>(s.m * 1000003 + s.n * 1009 + s.k));
  return {normal({s.m, s.k}, 0, 1, rng, dtype), normal({s.k, s.n}, 0, 1, rng, dtype),
          normal({s.n}, 0, 1, rng, dtype)};
}

// sum_k a_ik b_kj, and the sum of the absolute values, which bounds the rounding of any order of summation.
struct Naive {
  std::vector<double> product, magnitude;
};
Naive naive(const Operands& o) {
  const int64_t m = o.a.dim(0), k = o.a.dim(1), n = o.b.dim(1);
  const std::vector<double> a = o.a.values(), b = o.b.values();
  Naive result{std::vector<double>(static_cast<size_t>(m * n), 0.0), {}};
  result.magnitude = result.product;
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t p = 0; p < k; ++p) {
      const double left = a[static_cast<size_t>(i * k + p)];
      for (int64_t j = 0; j < n; ++j) {
        const double term = left * b[static_cast<size_t>(p * n + j)];
        result.product[static_cast<size_t>(i * n + j)] += term;
        result.magnitude[static_cast<size_t>(i * n + j)] += std::abs(term);
      }
    }
  }
  return result;
}

// The largest error relative to its magnitude.
double error_of(const Tensor& y, const std::vector<double>& product, const std::vector<double>& magnitude) {
  const std::vector<double> found = y.values();
  if (found.size() != product.size()) return INFINITY;
  double worst = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    const double error = std::abs(found[i] - product[i]) / (magnitude[i] + 1e-300);
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

// The sum of a linear layer: bias added, then ReLU, neither of which makes an error larger but for one
// rounding.
void add_bias_and_relu(Naive& sums, const std::vector<double>& bias) {
  for (size_t i = 0; i < sums.product.size(); ++i) {
    const double b = bias[i % bias.size()];
    sums.product[i] = std::max(sums.product[i] + b, 0.0);
    sums.magnitude[i] += std::abs(b);
  }
}

void check_size(const Size& s, DType dtype, Device device, CaseReport& report) {
  const std::string what = cat("product, ", dtype), where = cat(s.m, " x ", s.k, " by ", s.k, " x ", s.n);
  const double tolerance = 2 * static_cast<double>(s.k + 2) * (dtype == f32 ? 0x1p-24 : 0x1p-53);
  const Operands here = draw(s, dtype);
  Naive sums = naive(here);
  const Tensor a = here.a.to(device), b = here.b.to(device);
  const Tensor turned_a = transposed_copy(a), turned_b = transposed_copy(b);
  for (const Tensor& left : {a, turned_a})
    for (const Tensor& right : {b, turned_b})
      report.near(what, error_of(matmul(left, right), sums.product, sums.magnitude), tolerance, where);
  add_bias_and_relu(sums, here.bias.values());
  const Tensor y = linear(a, transpose(b), here.bias.to(device), Activation::relu);
  report.near(what, error_of(y, sums.product, sums.magnitude), tolerance, "linear, " + where);
}

}  // namespace

int64_t product_count(Level level) {
  return static_cast<int64_t>(sizes_of(level).size()) * 2 * 5;  // dtypes; four layouts and linear
}

CaseReport check_products(Device device, Level level) {
  CaseReport report;
  try {
    for (const Size& s : sizes_of(level))
      for (const DType dtype : {f32, f64}) check_size(s, dtype, device, report);
  } catch (const std::exception& error) {
    report.holds(false, error.what());
  }
  return report;
}

}  // namespace mosaic::checks
