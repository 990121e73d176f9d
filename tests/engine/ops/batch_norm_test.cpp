// Batch norm's statistics, and its refusals.
#include <doctest/doctest.h>

#include "tests/support/op_case.h"

using namespace mosaic;
using namespace mosaic::test;

namespace {

// {channels, everything else} of x {batch, channels, ...}.
Tensor by_channel(const Tensor& x) {
  return reshape(transpose(reshape(x, {x.dim(0), x.dim(1), x.numel() / (x.dim(0) * x.dim(1))}), 0, 1),
                 {x.dim(1), -1});
}
}  // namespace

TEST_CASE("ops: batch norm's statistics are those of the elements") {
  Generator rng(4);
  const Tensor x = normal({6, 3, 5, 7}, 2, 3, rng, f64);
  const BatchNormResult result = batch_norm(x, {}, {});
  const Tensor rows = by_channel(x);
  CHECK(difference(result.mean, mean(rows, 1)) < 1e-14);
  CHECK(difference(result.variance, mean(square(rows - mean(rows, 1, true)), 1)) < 1e-14);
  CHECK_FALSE(result.mean.tracked());
  // Far from zero the variance is still that of the differences.
  const BatchNormResult far = batch_norm((x + 1e4).to(f32), {}, {});
  CHECK(difference(far.variance.to(f64), result.variance) < 1e-3);
}

TEST_CASE("ops: batch norm says what does not fit") {
  const Tensor x = Tensor::zeros({2, 4, 3}), four = Tensor::zeros({4}), three = Tensor::zeros({3});
  CHECK_THROWS_AS(batch_norm(x, three, four), ShapeError);
  CHECK_THROWS_AS(batch_norm(x, four, four.to(f64)), DtypeError);
  CHECK_THROWS_AS(batch_norm(x, four, four, -1), ArgumentError);
  CHECK_THROWS_AS(batch_norm(four, four, four), ShapeError);
  CHECK_THROWS_AS(batch_norm(Tensor::zeros({0, 4}), four, four), ShapeError);
  CHECK_THROWS_AS(batch_norm(x, four, four, three, four), ShapeError);
  CHECK_THROWS_AS(batch_norm(x, four, four, {}, four), ArgumentError);
  Tensor tracked = Tensor::zeros({4});
  tracked.track();
  CHECK_THROWS_AS(batch_norm(x, four, four, tracked, four), GradError);
}
