// Elementwise ops: values against the C library, ties and kinks, NaN, conversions, refusals.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/support/op_case.h"

using namespace mosaic;
using namespace mosaic::test;

namespace {

using Unary = Tensor (*)(const Tensor&);

void check_values(Unary op, double (*reference)(double), double low, double high) {
  std::vector<double> x;
  for (int i = 0; i < 3000; ++i) x.push_back(low + (high - low) * i / 2999.0);
  const Tensor in = Tensor::from(x, {3000});
  std::vector<double> want;
  for (const double value : x) want.push_back(reference(value));
  CHECK(difference(op(in), Tensor::from(want, {3000})) < 1e-14);
  CHECK(difference(op(in.to(f32)).to(f64), Tensor::from(want, {3000})) < 1e-6);
}

}  // namespace

TEST_CASE("ops: unary functions equal the C library's") {
  check_values(
      neg, [](double x) { return -x; }, -3, 3);
  check_values(
      exp, [](double x) { return std::exp(x); }, -6, 3);
  check_values(
      log, [](double x) { return std::log(x); }, 0.01, 9);
  check_values(
      sqrt, [](double x) { return std::sqrt(x); }, 0, 9);
  check_values(
      rsqrt, [](double x) { return 1 / std::sqrt(x); }, 0.1, 9);
  check_values(
      square, [](double x) { return x * x; }, -3, 3);
  check_values(
      abs, [](double x) { return std::abs(x); }, -3, 3);
  check_values(
      sin, [](double x) { return std::sin(x); }, -9, 9);
  check_values(
      cos, [](double x) { return std::cos(x); }, -9, 9);
  check_values(
      tanh, [](double x) { return std::tanh(x); }, -4, 4);
  check_values(
      sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, -9, 9);
  check_values(
      relu, [](double x) { return std::max(x, 0.0); }, -3, 3);
  check_values(
      gelu, [](double x) { return x * 0.5 * std::erfc(-x / std::sqrt(2.0)); }, -6, 6);
}

TEST_CASE("ops: ties share the gradient, kinks have gradient zero") {
  Tensor a = Tensor::from(std::vector<float>{1, 2, 3}, {3}).track(),
         b = Tensor::from(std::vector<float>{1, 3, 2}, {3}).track();
  sum(maximum(a, b)).backward();
  CHECK(a.grad().values() == std::vector<double>{0.5, 0, 1});
  CHECK(b.grad().values() == std::vector<double>{0.5, 1, 0});
  Tensor zero = Tensor::zeros({2}).track();
  sum(relu(zero) + abs(zero)).backward();
  CHECK(zero.grad().values() == std::vector<double>{0, 0});
}

TEST_CASE("ops: NaN passes through maximum, minimum, relu and clamp") {
  const Tensor nan = Tensor::full({1}, std::nan("")), one = Tensor::full({1}, 1);
  for (const Tensor& y : {maximum(nan, one), maximum(one, nan), minimum(nan, one), minimum(one, nan),
                          relu(nan), clamp(nan, 0, 1)}) {
    CHECK(std::isnan(y.item<double>()));
  }
}

TEST_CASE("ops: comparisons and is_finite") {
  const double inf = std::numeric_limits<double>::infinity();
  const Tensor a = Tensor::from(std::vector<double>{1, 2, 3, inf}, {4}),
               b = Tensor::from(std::vector<double>{1, 3, 2, std::nan("")}, {4});
  CHECK(equal(a, b).values() == std::vector<double>{1, 0, 0, 0});
  CHECK(less(a, b).values() == std::vector<double>{0, 1, 0, 0});
  CHECK(is_finite(a).values() == std::vector<double>{1, 1, 1, 0});
  CHECK(is_finite(b).values() == std::vector<double>{1, 1, 1, 0});
  CHECK(equal(arange(3), Tensor::from(std::vector<int32_t>{1}, {1})).values() ==
        std::vector<double>{0, 1, 0});
  CHECK(equal(a, b).dtype() == u8);
}

TEST_CASE("ops: in place on strided views, and conversions") {
  const Tensor base = Tensor::zeros({4, 6});
  fill_(slice(transpose(base), 0, 1, 3), 2);
  add_(slice(base, 0, 1, 2), expand(Tensor::scalar(3), {1, 6}), 0.5);
  scale_(slice(base, 1, 2, 4), 10);
  CHECK(base.values() == std::vector<double>{0, 2, 20, 0, 0, 0, 1.5, 3.5, 35, 15, 1.5, 1.5,
                                             0, 2, 20, 0, 0, 0, 0,   2,   20, 0,  0,   0});
  const Tensor wild = Tensor::from(std::vector<double>{-1.7, 1.7, 300, -5e10, 5e10, std::nan("")}, {6});
  CHECK(wild.to(i32).values() == std::vector<double>{-1, 1, 300, -2147483648.0, 2147483647.0, 0});
  CHECK(wild.to(u8).values() == std::vector<double>{0, 1, 255, 0, 255, 0});
  CHECK(arange(3).to(f32).values() == std::vector<double>{0, 1, 2});
  CHECK(arange(3, f64).values() == std::vector<double>{0, 1, 2});
}

TEST_CASE("ops: transposed copies of every size") {
  for (const int64_t rows : {1, 3, 31, 32, 33, 100}) {
    for (const int64_t cols : {1, 5, 32, 65}) {
      const Tensor x = reshape(arange(rows * cols, f32), {rows, cols});
      const Tensor t = transpose(x).dense();
      CHECK(same_bits(transpose(t).dense(), x));
      CHECK(t.values()[static_cast<size_t>(t.numel() - 1)] == static_cast<double>(rows * cols - 1));
      if (rows > 1 && cols > 1) CHECK(t.values()[1] == static_cast<double>(cols));
    }
  }
}

TEST_CASE("ops: elementwise refuses what does not fit") {
  const Tensor x = Tensor::zeros({2, 3});
  CHECK_THROWS_AS(add(x, Tensor::zeros({2, 4})), ShapeError);
  CHECK_THROWS_AS(add(x, Tensor::zeros({2, 3}, f64)), DtypeError);
  CHECK_THROWS_AS(exp(arange(3)), DtypeError);
  CHECK_THROWS_AS(add(x, Tensor()), ArgumentError);
  CHECK_THROWS_AS(where(x, x, x), DtypeError);
  CHECK_THROWS_AS(clamp(x, 1, 0), ArgumentError);
  CHECK_THROWS_AS(copy_(x, Tensor::zeros({3, 2})), ShapeError);
}
