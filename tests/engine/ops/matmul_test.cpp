// Products of nothing, of slices, and refusals.
#include <doctest/doctest.h>

#include "tests/support/op_case.h"

using namespace mosaic;
using namespace mosaic::test;

TEST_CASE("ops: products of nothing") {
  CHECK(matmul(Tensor::zeros({0, 3}), Tensor::zeros({3, 2})).shape() == Shape{0, 2});
  CHECK(matmul(Tensor::zeros({2, 0}), Tensor::zeros({0, 2})).values() == std::vector<double>(4, 0));
  const Tensor weight = Tensor::full({2, 3}, 1).track();
  const Tensor y = linear(Tensor::zeros({0, 3}), weight, Tensor::zeros({2}));
  CHECK(y.shape() == Shape{0, 2});
  sum(y).backward();
  CHECK(weight.grad().values() == std::vector<double>(6, 0));
}

TEST_CASE("ops: a sliced weight is read in place and gives the bits of its copy") {
  Generator rng(3);
  const Tensor big = normal({96, 80}, 0, 1, rng), x = normal({50, 64}, 0, 1, rng);
  const Tensor view = leading(big, {72, 64});
  CHECK(same_bits(linear(x, view), linear(x, view.dense())));
}

TEST_CASE("ops: products refuse what does not fit") {
  CHECK_THROWS_AS(matmul(Tensor::zeros({2, 3}), Tensor::zeros({2, 3})), ShapeError);
  CHECK_THROWS_AS(matmul(Tensor::zeros({3}), Tensor::zeros({3, 3})), ShapeError);
  CHECK_THROWS_AS(linear(Tensor::zeros({2, 3}), Tensor::zeros({4, 2})), ShapeError);
  CHECK_THROWS_AS(linear(Tensor::zeros({2, 3}), Tensor::zeros({4, 3}), Tensor::zeros({3})), ShapeError);
  CHECK_THROWS_AS(linear(Tensor::zeros({2, 3}), Tensor::zeros({4, 3}, f64)), DtypeError);
}
