#include "data/metrics/correlation.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "engine/core/error.h"

namespace mosaic::data {
namespace {

__extension__ using Wide = __int128;

// A sum carried as an unevaluated pair: rounding errors of every addition and product are kept (Ogita, Rump
// and Oishi 2005).
struct Sum {
  double high = 0, low = 0;

  void add(double value) {
    const double next = high + value;
    const double back = next - high;
    low += (high - (next - back)) + (value - back);
    high = next;
  }
  void add_product(double a, double b) {
    const double product = a * b;
    add(product);
    low += std::fma(a, b, -product);
  }
  double value() const { return high + low; }
};

// Values scaled by a power of two and taken from their mean; value i is high[i] + low[i].
struct Centered {
  std::vector<double> high, low;
  double left = 0;  // the mean of what remains: the mean itself has a rounding error
};

Centered center(std::span<const double> values) {
  double largest = 0;
  for (const double v : values) largest = std::max(largest, std::abs(v));
  int exponent = 0;
  std::frexp(largest, &exponent);
  const size_t n = values.size();
  Centered c{.high = std::vector<double>(n), .low = std::vector<double>(n)};
  Sum sum;
  for (size_t i = 0; i < n; ++i) {
    c.high[i] = std::ldexp(values[i], -exponent);
    sum.add(c.high[i]);
  }
  const double mean = sum.value() / static_cast<double>(n);
  Sum rest;
  for (size_t i = 0; i < n; ++i) {
    const double v = c.high[i], difference = v - mean, back = v - difference;
    c.low[i] = (v - (difference + back)) + (back - mean);
    c.high[i] = difference;
    rest.add(difference);
    rest.low += c.low[i];
  }
  c.left = rest.value() / static_cast<double>(n);
  return c;
}

double covariance(const Centered& a, const Centered& b) {
  Sum sum;
  for (size_t i = 0; i < a.high.size(); ++i) {
    sum.add_product(a.high[i], b.high[i]);
    sum.low += a.high[i] * b.low[i] + a.low[i] * b.high[i];
  }
  sum.add(-static_cast<double>(a.high.size()) * a.left * b.left);
  return sum.value();
}

bool constant(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [&](double v) { return v == values.front(); });
}

void need_finite(std::span<const double> values, const char* op, const char* side) {
  for (size_t i = 0; i < values.size(); ++i)
    check(std::isfinite(values[i]), op, side, " ", i + 1, " is ", values[i], ", expected a finite number");
}

// Refuses what is wrong and says what has no correlation; empty when there is one.
std::string undefined(std::span<const double> predictions, std::span<const double> gold, const char* op) {
  check(predictions.size() == gold.size(), op, "there are ", predictions.size(), " predictions for ",
        gold.size(), " gold scores");
  check(!gold.empty(), op, "there is no example to score");
  need_finite(predictions, op, "prediction");
  need_finite(gold, op, "gold score");
  if (gold.size() < 2) return "a single example";
  const bool p = constant(predictions), g = constant(gold);
  if (p && g) return "constant predictions and gold scores";
  if (p) return "constant predictions";
  return g ? "constant gold scores" : "";
}

// The ratio of exact or nearly exact sums. Equal sums give exactly 1: sqrt(a a) is a.
MetricValue ratio(double both, double predictions, double gold) {
  return MetricValue::of(std::clamp(both / std::sqrt(predictions * gold), -1.0, 1.0));
}

// Twice the average ranks, which are integers.
std::vector<int64_t> doubled_ranks(std::span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<int64_t> ranks(values.size());
  for (size_t first = 0; first < order.size();) {
    size_t end = first + 1;
    while (end < order.size() && values[order[end]] == values[order[first]]) ++end;
    for (size_t i = first; i < end; ++i) ranks[order[i]] = static_cast<int64_t>(first + 1 + end);
    first = end;
  }
  return ranks;
}

}  // namespace

MetricValue pearson(std::span<const double> predictions, std::span<const double> gold) {
  std::string reason = undefined(predictions, gold, "pearson");
  if (!reason.empty()) return MetricValue::undefined(std::move(reason));
  const Centered p = center(predictions), g = center(gold);
  return ratio(covariance(p, g), covariance(p, p), covariance(g, g));
}

MetricValue spearman(std::span<const double> predictions, std::span<const double> gold) {
  std::string reason = undefined(predictions, gold, "spearman");
  if (!reason.empty()) return MetricValue::undefined(std::move(reason));
  const std::vector<int64_t> p = doubled_ranks(predictions), g = doubled_ranks(gold);
  const auto mean = static_cast<int64_t>(gold.size()) + 1;  // of doubled ranks
  Wide both = 0, of_p = 0, of_g = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    const Wide a = p[i] - mean, b = g[i] - mean;
    both += a * b;
    of_p += a * a;
    of_g += b * b;
  }
  return ratio(static_cast<double>(both), static_cast<double>(of_p), static_cast<double>(of_g));
}

std::vector<double> average_ranks(std::span<const double> values) {
  for (size_t i = 0; i < values.size(); ++i)
    check(!std::isnan(values[i]), "average_ranks", "value ", i + 1, " is NaN");
  std::vector<double> out;
  out.reserve(values.size());
  for (const int64_t rank : doubled_ranks(values)) out.push_back(static_cast<double>(rank) / 2);
  return out;
}

}  // namespace mosaic::data
