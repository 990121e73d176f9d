// Rotary and learned positions against PyTorch and their properties.
#include "nn/layers/rotary.h"
#include "nn/layers/learned_positions.h"
#include "tests/nn/golden.h"
#include "tests/support/op_case.h"

using namespace mosaic;
using namespace mosaic::nn;
using namespace mosaic::nn::testing;

namespace {

Tensor random(const Shape& shape, uint64_t seed, DType dtype = f64) {
  Generator rng(seed);
  return normal(shape, 0, 1, rng, dtype);
}

}  // namespace

TEST_CASE("rotary positions equal those PyTorch computes with complex numbers") {
  const SafetensorsFile file = sequence_golden("rotary");
  const auto compare = [&](const std::string& name, const RotaryPositions::Options& options, int64_t first) {
    CAPTURE(name);
    const RotaryPositions positions(options);
    for (const DType dtype : {f64, f32}) {
      const double tolerance = dtype == f64 ? 1e-13 : 1e-6;
      Tensor x = file.tensor(name + ".x").to(dtype).track();
      const Tensor y = positions(x, first);
      y.backward(file.tensor(name + ".cotangent").to(dtype));
      CHECK(relative_difference(y, file.tensor(name + ".y")) < tolerance);
      CHECK(relative_difference(x.grad(), file.tensor(name + ".gradient")) < tolerance);
    }
  };
  compare("halves", {.width = 8}, 0);
  compare("interleaved", {.width = 8, .interleaved = true}, 3);
  compare("partial", {.width = 10, .dims = 6, .base = 500}, 7);
  compare("partial.interleaved", {.width = 10, .dims = 4, .base = 500, .interleaved = true}, 7);
}

TEST_CASE("rotary positions: products depend on distances, tokens alone equal tokens among others") {
  for (const bool interleaved : {false, true}) {
    const RotaryPositions positions({.width = 6, .interleaved = interleaved});
    const Tensor q = random({1, 1, 6}, 1), k = random({1, 1, 6}, 2);
    const auto product = [&](int64_t i, int64_t j) {
      return sum(positions(q, i) * positions(k, j)).item<double>();
    };
    CHECK(product(5, 3) == doctest::Approx(product(102, 100)).epsilon(1e-9));
    CHECK(std::abs(product(5, 3) - product(5, 4)) > 1e-3);
    CHECK(test::same_bits(positions(q, 0), q));

    const Tensor x = random({2, 90, 12}, 3, f32), all = positions(x);
    CHECK(test::same_bits(positions(slice(x, 1, 70, 80), 70), slice(all, 1, 70, 80)));
    CHECK(test::same_bits(all, RotaryPositions({.width = 6, .interleaved = interleaved})(x)));
  }
}

TEST_CASE("gradients through positions") {
  RotaryPositions rotary({.width = 5, .dims = 4, .interleaved = true});
  const GradcheckResult turned =
      gradcheck([&](const Tensor& x) { return rotary(x, 4); }, random({2, 3, 10}, 5));
  CHECK_MESSAGE(turned.ok, turned.where);
  LearnedPositions learned({.positions = 7, .width = 4});
  const GradcheckResult added =
      check_gradients(learned, {random({2, 3, 4}, 6)}, [&](const auto& in) { return learned(in[0], 4); });
  CHECK_MESSAGE(added.ok, added.where);
}

TEST_CASE("learned positions are rows of a table") {
  Generator rng(3);
  const LearnedPositions learned({.positions = 5, .width = 4}, rng);
  const Tensor x = random({2, 3, 4}, 1, f32);
  CHECK(test::same_bits(learned(x, 2), x + learned.rows(2, 3)));
  CHECK(test::same_bits(learned(x), learned(x, 0)));
  CHECK(test::same_bits(slice(learned.rows(0, 5), 0, 1, 3), learned.rows(1, 2)));
  CHECK(learned(Tensor::zeros({0, 3, 4})).shape() == Shape{0, 3, 4});
}

TEST_CASE("positions say what does not fit") {
  CHECK_THROWS_AS(RotaryPositions({.width = 5}), ArgumentError);
  CHECK_THROWS_AS(RotaryPositions({.width = 4, .dims = 6}), ArgumentError);
  CHECK_THROWS_AS(RotaryPositions({.width = 4, .base = 1}), ArgumentError);
  const RotaryPositions rotary({.width = 4});
  CHECK_THROWS_AS(rotary(Tensor::zeros({1, 2, 6})), ShapeError);
  CHECK_THROWS_AS(rotary(Tensor::zeros({1, 2, 4}), -1), ArgumentError);
  CHECK_THROWS_AS(rotary(Tensor::zeros({1, 2, 4}, i32)), DtypeError);
  Generator rng(3);
  const LearnedPositions learned({.positions = 5, .width = 4}, rng);
  CHECK_THROWS_AS(learned(Tensor::zeros({1, 6, 4})), ArgumentError);
  CHECK_THROWS_AS(learned(Tensor::zeros({1, 2, 4}), 4), ArgumentError);
  CHECK_THROWS_AS(learned(Tensor::zeros({1, 2, 5})), ShapeError);
  CHECK_THROWS_AS(LearnedPositions({.positions = 0, .width = 4}), ArgumentError);
}
