// Activations and gated linear units: values against the C library and compositions, behaviour at the ends.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/support/op_case.h"

using namespace mosaic;
using namespace mosaic::test;

namespace {

using Unary = std::function<Tensor(const Tensor&)>;

OpCase unary_case(const char* name, const Unary& f, const Unary& composed, double low, double high,
                  double gap = 0) {
  return {.name = name,
          .inputs = {{3, 37}},
          .run = [f](const Tensors& in) { return f(in[0]); },
          .composed = [composed](const Tensors& in) { return composed(in[0]); },
          .low = low,
          .high = high,
          .gap = gap};
}

void check_values(const Unary& op, double (*reference)(double), double low, double high) {
  std::vector<double> x, want;
  for (int i = 0; i < 3000; ++i) x.push_back(low + (high - low) * i / 2999.0);
  for (const double value : x) want.push_back(reference(value));
  const Tensor in = Tensor::from(x, {3000});
  CHECK(difference(op(in), Tensor::from(want, {3000})) < 1e-14);
  CHECK(difference(op(in.to(f32)).to(f64), Tensor::from(want, {3000})) < 1e-6);
}

Tensor gate_of(const Tensor& x, Gate gate) {
  switch (gate) {
    case Gate::sigmoid:
      return sigmoid(x);
    case Gate::relu:
      return relu(x);
    case Gate::gelu:
      return gelu(x);
    case Gate::gelu_tanh:
      return gelu_tanh(x);
    case Gate::silu:
      return silu(x);
  }
  return {};
}

OpCase gate_case(const char* name, Gate gate, const Shape& x) {
  return {.name = name,
          .inputs = {x},
          .run = [gate](const Tensors& in) { return glu(in[0], gate); },
          .composed =
              [gate](const Tensors& in) {
                const int64_t n = in[0].dim(-1) / 2;
                return slice(in[0], -1, 0, n) * gate_of(slice(in[0], -1, n, 2 * n), gate);
              },
          .gap = 0.02};
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

TEST_CASE("ops: activations") {
  check_cases({
      unary_case(
          "silu", silu, [](const Tensor& x) { return x * sigmoid(x); }, -4, 4),
      unary_case(
          "gelu_tanh", gelu_tanh,
          [](const Tensor& x) {
            return x * 0.5 * (1.0 + tanh((x + 0.044715 * (x * x * x)) * std::sqrt(2 / M_PI)));
          },
          -4, 4),
      unary_case(
          "mish", mish, [](const Tensor& x) { return x * tanh(log(1.0 + exp(x))); }, -4, 4),
      unary_case(
          "softplus", softplus, [](const Tensor& x) { return log(1.0 + exp(x)); }, -4, 4),
      unary_case(
          "log_sigmoid", log_sigmoid, [](const Tensor& x) { return log(sigmoid(x)); }, -4, 4),
      unary_case(
          "elu", [](const Tensor& x) { return elu(x, 0.7); },
          [](const Tensor& x) { return relu(x) + 0.7 * (exp(minimum(x, zeros_like(x))) - 1.0); }, -3, 3,
          0.05),
      unary_case(
          "selu", selu, [](const Tensor& x) { return 1.0507009873554804934 * elu(x, 1.6732632423543772848); },
          -3, 3, 0.05),
      unary_case(
          "leaky_relu", [](const Tensor& x) { return leaky_relu(x, 0.1); },
          [](const Tensor& x) { return relu(x) - 0.1 * relu(neg(x)); }, -3, 3, 0.05),
      unary_case(
          "hard_sigmoid", hard_sigmoid, [](const Tensor& x) { return clamp(x / 6 + 0.5, 0, 1); }, -2.9, 2.9),
      unary_case(
          "hard_swish", hard_swish, [](const Tensor& x) { return x * clamp(x / 6 + 0.5, 0, 1); }, -2.9, 2.9),
      unary_case(
          "hard_swish/constant side", hard_swish, [](const Tensor& x) { return x * 0.0; }, -5, -3.1),
      unary_case(
          "hard_swish/straight side", hard_swish, [](const Tensor& x) { return x * 1.0; }, 3.1, 5),
      {.name = "silu/empty", .inputs = {{3, 0}}, .run = [](const Tensors& in) { return silu(in[0]); }},
      {.name = "elu/scalar", .inputs = {{}}, .run = [](const Tensors& in) { return elu(in[0]); }},
  });
}

TEST_CASE("ops: gated linear units") {
  check_cases({
      gate_case("glu", Gate::sigmoid, {3, 74}),
      gate_case("reglu", Gate::relu, {3, 74}),
      gate_case("geglu", Gate::gelu, {2, 3, 34}),
      gate_case("geglu by tanh", Gate::gelu_tanh, {2, 3, 34}),
      gate_case("swiglu", Gate::silu, {3, 74}),
      gate_case("swiglu/one column", Gate::silu, {5, 2}),
      gate_case("swiglu/long rows", Gate::silu, {2, 2 * 1031}),
      gate_case("swiglu/vector", Gate::silu, {66}),
      gate_case("swiglu/no rows", Gate::silu, {0, 8}),
      gate_case("swiglu/no columns", Gate::silu, {3, 0}),
      {.name = "swiglu/the input used twice",
       .inputs = {{3, 10}},
       .run = [](const Tensors& in) { return glu(in[0], Gate::silu) + slice(square(in[0]), 1, 0, 5); },
       .composed =
           [](const Tensors& in) {
             return slice(in[0], 1, 0, 5) * silu(slice(in[0], 1, 5, 10)) + slice(square(in[0]), 1, 0, 5);
           }},
  });
  CHECK_THROWS_AS(glu(Tensor::zeros({2, 3})), ShapeError);
  CHECK_THROWS_AS(glu(Tensor::scalar(1)), ShapeError);
  CHECK_THROWS_AS(glu(arange(4)), DtypeError);
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
