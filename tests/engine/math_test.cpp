// The vectorising functions of kernels/math.h against the C library in double, in ulps of the right result.
#include "engine/kernels/math.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace k = mosaic::kernels::baseline;

namespace {

double ulps(float got, double want) {
  const float rounded = static_cast<float>(want);
  if (std::isnan(rounded)) return std::isnan(got) ? 0 : 1e9;
  if (got == rounded) return 0;
  if (std::isinf(got) || std::isinf(rounded)) return 1e9;
  const double spacing =
      std::nextafter(std::fabs(rounded), std::numeric_limits<float>::infinity()) - std::fabs(rounded);
  return std::fabs(got - want) / spacing;
}

template <class F, class G>
double worst(double low, double high, F f, G reference) {
  double worst = 0;
  constexpr int steps = 400000;
  for (int i = 0; i <= steps; ++i) {
    const float x = static_cast<float>(low + (high - low) * i / steps);
    worst = std::fmax(worst, ulps(f(x), reference(static_cast<double>(x))));
  }
  return worst;
}

}  // namespace

TEST_CASE("math: exp within 2 ulps, with its edges") {
  CHECK(worst(
            -87, 88.7, [](float x) { return k::exp(x); }, [](double x) { return std::exp(x); }) <= 2);
  CHECK(worst(
            -1, 1, [](float x) { return k::exp(x); }, [](double x) { return std::exp(x); }) <= 2);
  CHECK(worst(
            -103, -87, [](float x) { return k::exp(x); }, [](double x) { return std::exp(x); }) <= 2);
  CHECK(k::exp(0.0f) == 1.0f);
  CHECK(k::exp(-std::numeric_limits<float>::infinity()) == 0.0f);
  CHECK(std::isinf(k::exp(89.0f)));
  CHECK(std::isinf(k::exp(std::numeric_limits<float>::infinity())));
  CHECK(std::isnan(k::exp(std::nanf(""))));
}

TEST_CASE("math: log within 2 ulps, with its edges") {
  const auto log = [](float x) { return k::log(x); };
  const auto reference = [](double x) { return std::log(x); };
  CHECK(worst(1e-6, 4, log, reference) <= 2);
  CHECK(worst(0.5, 1.5, log, reference) <= 2);
  CHECK(worst(1e-45, 1e-37, log, reference) <= 2);
  CHECK(worst(1e3, 3e38, log, reference) <= 2);
  CHECK(k::log(1.0f) == 0.0f);
  CHECK(k::log(0.0f) == -std::numeric_limits<float>::infinity());
  CHECK(std::isinf(k::log(std::numeric_limits<float>::infinity())));
  CHECK(std::isnan(k::log(-1.0f)));
  CHECK(std::isnan(k::log(std::nanf(""))));
}

TEST_CASE("math: tanh and sigmoid within 3 ulps") {
  CHECK(worst(
            -12, 12, [](float x) { return k::tanh(x); }, [](double x) { return std::tanh(x); }) <= 3);
  CHECK(worst(
            -1e-3, 1e-3, [](float x) { return k::tanh(x); }, [](double x) { return std::tanh(x); }) <= 3);
  CHECK(worst(
            -80, 80, [](float x) { return k::sigmoid(x); },
            [](double x) { return 1 / (1 + std::exp(-x)); }) <= 3);
  CHECK(k::tanh(100.0f) == 1.0f);
  CHECK(k::tanh(-100.0f) == -1.0f);
  CHECK(std::isnan(k::tanh(std::nanf(""))));
  CHECK(k::sigmoid(-200.0f) == 0.0f);
  CHECK(k::sigmoid(200.0f) == 1.0f);
}

TEST_CASE("math: gelu and its derivative, absolutely and where they vanish") {
  const auto phi = [](double x) { return 0.5 * std::erfc(-x * std::sqrt(0.5)); };
  const auto density = [](double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * M_PI); };
  double value = 0, slope = 0, tail = 0, slope_tail = 0;
  for (int i = -90000; i <= 90000; ++i) {
    const float x = static_cast<float>(i) * 1e-4f;
    const double d = x, y = d * phi(d), dy = phi(d) + d * density(d);
    value = std::fmax(value, std::fabs(k::gelu(x) - y) / std::fmax(1, std::fabs(d)));
    slope = std::fmax(slope, std::fabs(k::gelu_derivative(x) - dy));
    if (i != 0) tail = std::fmax(tail, std::fabs(k::gelu(x) / y - 1));
    if (d < -1) slope_tail = std::fmax(slope_tail, std::fabs(k::gelu_derivative(x) / dy - 1));
  }
  CHECK(value < 1.2e-7);
  CHECK(slope < 1.8e-7);
  CHECK(tail < 5e-6);
  CHECK(slope_tail < 5e-6);
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(k::gelu(infinity) == infinity);
  CHECK(k::gelu(-infinity) == 0.0f);
  CHECK(k::gelu(0.0f) == 0.0f);
  CHECK(k::gelu_derivative(infinity) == 1.0f);
  CHECK(k::gelu_derivative(-infinity) == 0.0f);
  CHECK(k::gelu_derivative(0.0f) == doctest::Approx(0.5).epsilon(1e-6));
  CHECK(std::isnan(k::gelu(std::nanf(""))));
  CHECK(std::isnan(k::gelu_derivative(std::nanf(""))));
}

TEST_CASE("math: a value is the same in a vector and in a loop's tail") {
  std::vector<float> x(1003), long_run(x.size()), one(x.size());
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i) * 0.013f - 6.5f;
  const auto all = [](const float* in, float* out, size_t n) {
    for (size_t i = 0; i < n; ++i)
      out[i] = k::exp(in[i]) + k::tanh(in[i]) * k::gelu(in[i]) + k::log(k::abs(in[i]));
  };
  all(x.data(), long_run.data(), x.size());
  for (size_t i = 0; i < x.size(); ++i) all(&x[i], &one[i], 1);
  CHECK(long_run == one);
}
