// Activations: values against the C library, behaviour at the ends, refusals.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/support/op_case.h"

using namespace mosaic;
using namespace mosaic::test;

namespace {

using Unary = std::function<Tensor(const Tensor&)>;

void check_values(const Unary& op, double (*reference)(double), double low, double high) {
  std::vector<double> x, want;
  for (int i = 0; i < 3000; ++i) x.push_back(low + (high - low) * i / 2999.0);
  for (const double value : x) want.push_back(reference(value));
  const Tensor in = Tensor::from(x, {3000});
  CHECK(difference(op(in), Tensor::from(want, {3000})) < 1e-14);
  CHECK(difference(op(in.to(f32)).to(f64), Tensor::from(want, {3000})) < 1e-6);
}

}  // namespace

TEST_CASE("ops: activations equal the C library's") {
  check_values(
      silu, [](double x) { return x / (1 + std::exp(-x)); }, -20, 9);
  check_values(
      gelu_tanh,
      [](double x) { return x / (1 + std::exp(-std::sqrt(8 / M_PI) * (x + 0.044715 * x * x * x))); }, -6, 6);
  check_values(
      mish, [](double x) { return x * std::tanh(std::log1p(std::exp(x))); }, -20, 9);
  check_values(
      softplus, [](double x) { return std::log1p(std::exp(x)); }, -20, 9);
  check_values(
      log_sigmoid, [](double x) { return -std::log1p(std::exp(-x)); }, -9, 20);
  check_values([](const Tensor& x) { return elu(x, 1.5); },
               [](double x) { return x > 0 ? x : 1.5 * std::expm1(x); }, -20, 3);
  check_values(
      selu,
      [](double x) { return 1.0507009873554804934 * (x > 0 ? x : 1.6732632423543772848 * std::expm1(x)); },
      -20, 3);
  check_values([](const Tensor& x) { return leaky_relu(x, 0.2); },
               [](double x) { return x > 0 ? x : 0.2 * x; }, -3, 3);
  check_values(
      hard_sigmoid, [](double x) { return std::clamp(x / 6 + 0.5, 0.0, 1.0); }, -5, 5);
  check_values(
      hard_swish, [](double x) { return x * std::clamp(x + 3, 0.0, 6.0) / 6; }, -5, 5);
}

TEST_CASE("ops: activations keep small results and large inputs") {
  const std::vector<double> x{-90, -60, -30, -1e-6, 1e-6, 60, 1e30};
  const Tensor in = Tensor::from(x, {7}).to(f32);
  const std::vector<double> soft = softplus(in).values(), below = elu(in).values();
  for (size_t i = 0; i < 3; ++i) CHECK(soft[i] == doctest::Approx(std::exp(x[i])).epsilon(1e-5));
  CHECK(below[3] == doctest::Approx(-1e-6).epsilon(1e-5));
  for (const Unary& f : {Unary(silu), Unary(gelu_tanh), Unary(mish), Unary(hard_swish), Unary(softplus)}) {
    Tensor leaf = in.detach();
    leaf.track();
    const Tensor y = f(leaf);
    CHECK(y.values()[5] == 60);
    CHECK(y.values()[6] == doctest::Approx(1e30));
    sum(y).backward();
    CHECK(leaf.grad().values()[5] == 1);
    CHECK(leaf.grad().values()[6] == 1);
    CHECK(std::abs(leaf.grad().values()[0]) < 1e-30);
  }
}

TEST_CASE("ops: NaN passes through the activations") {
  const Tensor nan = Tensor::full({1}, std::nan(""));
  for (const Tensor& y : {silu(nan), gelu_tanh(nan), mish(nan), softplus(nan), log_sigmoid(nan), elu(nan),
                          selu(nan), leaky_relu(nan), hard_sigmoid(nan), hard_swish(nan)}) {
    CHECK(std::isnan(y.item<double>()));
  }
}

TEST_CASE("ops: activations refuse what hides the side of their kink") {
  const Tensor x = Tensor::zeros({2});
  CHECK_THROWS_AS(elu(x, -1), ArgumentError);
  CHECK_THROWS_AS(leaky_relu(x, -1), ArgumentError);
  CHECK_THROWS_AS(silu(arange(3)), DtypeError);
  CHECK_THROWS_AS(silu(Tensor()), ArgumentError);
}

TEST_CASE("ops: gated linear units refuse what has no halves") {
  CHECK_THROWS_AS(glu(Tensor::zeros({2, 3})), ShapeError);
  CHECK_THROWS_AS(glu(Tensor::scalar(1)), ShapeError);
  CHECK_THROWS_AS(glu(arange(4)), DtypeError);
}
