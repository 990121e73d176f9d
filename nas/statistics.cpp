#include "nas/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>

#include "engine/core/error.h"

namespace mosaic::nas {

namespace {

void check_values(const char* op, std::span<const double> x) {
  check(!x.empty(), op, "no values");
  for (size_t i = 0; i < x.size(); ++i) check(std::isfinite(x[i]), op, "value ", i, " is ", x[i]);
}

void check_pair(const char* op, std::span<const double> x, std::span<const double> y) {
  check(x.size() == y.size(), op, x.size(), " values against ", y.size());
  check_values(op, x);
  check_values(op, y);
}

double count(size_t n) {
  return static_cast<double>(n);
}

double pairs(double n) {
  return n * (n - 1) / 2;
}

// Pairs within runs of equal neighbours.
template <class Equal>
double tied_pairs(const std::vector<size_t>& order, Equal equal) {
  double out = 0;
  for (size_t i = 0, j = 0; i < order.size(); i = j) {
    for (j = i; j < order.size() && equal(order[i], order[j]);) ++j;
    out += pairs(count(j - i));
  }
  return out;
}

// Sorts by merging and returns how many pairs were out of order.
double sort_counting(std::vector<double>& v, std::vector<double>& spare, size_t low, size_t high) {
  if (high - low < 2) return 0;
  const size_t middle = (low + high) / 2;
  double swaps = sort_counting(v, spare, low, middle) + sort_counting(v, spare, middle, high);
  size_t a = low, b = middle;
  for (size_t k = low; k < high; ++k) {
    const bool left = b == high || (a < middle && v[a] <= v[b]);
    if (!left) swaps += count(middle - a);
    spare[k] = left ? v[a++] : v[b++];
  }
  std::copy(spare.begin() + static_cast<std::ptrdiff_t>(low),
            spare.begin() + static_cast<std::ptrdiff_t>(high), v.begin() + static_cast<std::ptrdiff_t>(low));
  return swaps;
}

}  // namespace

double mean(std::span<const double> x) {
  check_values("mean", x);
  return std::accumulate(x.begin(), x.end(), 0.0) / count(x.size());
}

double deviation(std::span<const double> x) {
  const double m = mean(x);
  if (x.size() == 1) return 0;
  double sum = 0;
  for (const double v : x) sum += (v - m) * (v - m);
  return std::sqrt(sum / count(x.size() - 1));
}

double quantile(std::span<const double> x, double q) {
  check_values("quantile", x);
  check(q >= 0 && q <= 1, "quantile", q, " is outside [0, 1]");
  std::vector<double> v(x.begin(), x.end());
  std::sort(v.begin(), v.end());
  const double at = q * count(v.size() - 1);
  const size_t low = static_cast<size_t>(at), high = std::min(low + 1, v.size() - 1);
  return v[low] + (at - count(low)) * (v[high] - v[low]);
}

double mean_absolute_error(std::span<const double> predicted, std::span<const double> actual) {
  check_pair("mean absolute error", predicted, actual);
  double sum = 0;
  for (size_t i = 0; i < actual.size(); ++i) sum += std::abs(predicted[i] - actual[i]);
  return sum / count(actual.size());
}

double root_mean_square_error(std::span<const double> predicted, std::span<const double> actual) {
  check_pair("root mean square error", predicted, actual);
  double sum = 0;
  for (size_t i = 0; i < actual.size(); ++i) sum += (predicted[i] - actual[i]) * (predicted[i] - actual[i]);
  return std::sqrt(sum / count(actual.size()));
}

double mean_absolute_percentage_error(std::span<const double> predicted, std::span<const double> actual) {
  check_pair("mean absolute percentage error", predicted, actual);
  double sum = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    check(actual[i] != 0, "mean absolute percentage error", "the actual value ", i, " is zero");
    sum += std::abs((predicted[i] - actual[i]) / actual[i]);
  }
  return 100 * sum / count(actual.size());
}

// Knight's method: sort by x (ties by y), then the discordant pairs are the exchanges a merge sort by y
// makes.
double kendall_tau(std::span<const double> x, std::span<const double> y) {
  check_pair("kendall tau", x, y);
  std::vector<size_t> order(x.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return x[a] != x[b] ? x[a] < x[b] : y[a] < y[b]; });
  const double ties_x = tied_pairs(order, [&](size_t a, size_t b) { return x[a] == x[b]; });
  const double ties_both =
      tied_pairs(order, [&](size_t a, size_t b) { return x[a] == x[b] && y[a] == y[b]; });
  std::vector<double> by_x(x.size()), spare(x.size());
  for (size_t i = 0; i < order.size(); ++i) by_x[i] = y[order[i]];
  const double discordant = sort_counting(by_x, spare, 0, by_x.size());
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return y[a] < y[b]; });
  const double ties_y = tied_pairs(order, [&](size_t a, size_t b) { return y[a] == y[b]; });
  const double all = pairs(count(x.size()));
  const double concordant = all - ties_x - ties_y + ties_both - discordant;
  const double scale = std::sqrt((all - ties_x) * (all - ties_y));
  if (scale == 0) return std::numeric_limits<double>::quiet_NaN();
  return (concordant - discordant) / scale;
}

double jensen_shannon_distance(std::span<const double> p, std::span<const double> q) {
  check_pair("jensen-shannon distance", p, q);
  double sum_p = 0, sum_q = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    check(p[i] >= 0 && q[i] >= 0, "jensen-shannon distance", "entry ", i, " is negative");
    sum_p += p[i], sum_q += q[i];
  }
  check(sum_p > 0 && sum_q > 0, "jensen-shannon distance", "a distribution sums to zero");
  double divergence = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    const double a = p[i] / sum_p, b = q[i] / sum_q, m = (a + b) / 2;
    if (a > 0) divergence += a * std::log(a / m) / 2;
    if (b > 0) divergence += b * std::log(b / m) / 2;
  }
  return std::sqrt(std::max(divergence, 0.0));
}

}  // namespace mosaic::nas
