// Pooling: ties, NaN, padding, refusals.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "tests/support/op_case.h"

using namespace mosaic;
using namespace mosaic::test;

TEST_CASE("ops: the gradient of a maximum goes to the first of equal ones, and NaN is the largest") {
  Tensor x = Tensor::full({1, 1, 1, 4}, 2);
  x.track();
  sum(max_pool2d(x, {.kernel = {1, 2}})).backward();
  CHECK(x.grad().values() == std::vector<double>{1, 0, 1, 0});
  const double nan = std::numeric_limits<double>::quiet_NaN(), low = -std::numeric_limits<double>::infinity();
  const std::vector<double> y =
      max_pool1d(Tensor::from(std::vector<double>{1, nan, 5, low, low, low}, {1, 1, 6}),
                 {.kernel = 2, .padding = 1})
          .values();
  CHECK(y[0] == 1);
  CHECK(std::isnan(y[1]));
  CHECK(y[2] == low);
  CHECK(y[3] == low);
}

TEST_CASE("ops: pools say what does not fit") {
  const Tensor x = Tensor::zeros({2, 3, 5, 6});
  CHECK_THROWS_AS(max_pool1d(x, {}), ShapeError);
  CHECK_THROWS_AS(max_pool2d(x, {.kernel = 7}), ShapeError);
  CHECK_THROWS_AS(max_pool2d(x, {.kernel = 2, .padding = 2}), ShapeError);  // a window of padding
  CHECK_THROWS_AS(max_pool2d(x, {.kernel = 0}), ArgumentError);
  CHECK_THROWS_AS(average_pool2d(x, {.kernel = 2, .stride = -1}), ArgumentError);
  CHECK_THROWS_AS(average_pool2d(x, {.kernel = 2, .padding = 3}), ShapeError);
  CHECK_THROWS_AS(adaptive_average_pool2d(x, {0, 2}), ArgumentError);
  CHECK_THROWS_AS(adaptive_average_pool2d(Tensor::zeros({2, 3, 0, 6}), 1), ShapeError);
  CHECK_THROWS_AS(max_pool2d(x.to(i32), {}), DtypeError);
}
