#include <doctest/doctest.h>

#include <cmath>

#include "tests/support/op_case.h"

using namespace mosaic;

TEST_CASE("softmax and cross_entropy stay finite for large and hidden logits") {
  const float inf = std::numeric_limits<float>::infinity();
  std::vector<float> row(5000, -inf);  // the first block of columns is hidden entirely
  row[4500] = 3e4f, row[4501] = 3e4f;
  const Tensor x = Tensor::from(row, {1, 5000});
  CHECK(softmax(x).values()[4500] == 0.5);
  CHECK(softmax(x).values()[0] == 0);
  const std::vector<int32_t> target = {4501};
  CHECK(cross_entropy(x, Tensor::from(target, {1})).item<double>() == doctest::Approx(std::log(2.0)));
  CHECK(log_softmax(x).values()[4500] == doctest::Approx(-std::log(2.0)));
}

TEST_CASE("cross_entropy refuses targets outside the classes") {
  const std::vector<int32_t> target = {0, 4};
  const Tensor x = Tensor::zeros({2, 4});
  CHECK_THROWS_AS(cross_entropy(x, Tensor::from(target, {2})), ArgumentError);
  CHECK_THROWS_AS(cross_entropy(x, Tensor::from(target, {2, 1})), ShapeError);
  CHECK_THROWS_AS(cross_entropy(x, Tensor::zeros({2})), DtypeError);
}
