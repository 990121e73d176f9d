// Convolutions: independence of what is computed beside them, and refusals.
#include <doctest/doctest.h>

#include "tests/support/op_case.h"

using namespace mosaic;
using namespace mosaic::test;

TEST_CASE("ops: a convolution does not depend on what is computed beside it") {
  Generator rng(2);
  const Tensor x = normal({5, 16, 40, 70}, 0, 1, rng), weight = normal({24, 16, 3, 3}, 0, 1, rng);
  const Tensor all = conv2d(x, weight, {}, {.padding = 1});  // several pieces of rows
  for (const int64_t image : {0, 4}) {
    CHECK(same_bits(conv2d(slice(x, 0, image, image + 1), weight, {}, {.padding = 1}),
                    slice(all, 0, image, image + 1)));
  }
  CHECK(same_bits(slice(all, 2, 1, 39), conv2d(x, weight, {}, {.padding = {0, 1}})));
}

TEST_CASE("ops: convolutions say what does not fit") {
  const Tensor x = Tensor::zeros({2, 4, 5, 6}), weight = Tensor::zeros({6, 4, 3, 3}),
               bias = Tensor::zeros({6});
  CHECK_NOTHROW(conv2d(x, weight, bias));
  CHECK_THROWS_AS(conv2d(squeeze(slice(x, 0, 0, 1), 0), weight, bias), ShapeError);
  CHECK_THROWS_AS(conv2d(x, Tensor::zeros({6, 3, 3, 3}), bias), ShapeError);
  CHECK_THROWS_AS(conv2d(x, weight, Tensor::zeros({5})), ShapeError);
  CHECK_THROWS_AS(conv2d(x, weight, bias.to(f64)), DtypeError);
  CHECK_THROWS_AS(conv2d(x, weight, bias, {.dilation = 3}), ShapeError);
  CHECK_THROWS_AS(conv2d(x, weight, bias, {.stride = 0}), ArgumentError);
  CHECK_THROWS_AS(conv2d(x, weight, bias, {.padding = -1}), ArgumentError);
  CHECK_THROWS_AS(conv2d(x, weight, bias, {.groups = 0}), ArgumentError);
  CHECK_THROWS_AS(conv2d(x, Tensor::zeros({5, 2, 3, 3}), {}, {.groups = 2}), ArgumentError);
  CHECK_THROWS_AS(conv2d(x, {}, {}), ArgumentError);
  CHECK_THROWS_AS(conv1d(x, weight, bias), ShapeError);
}
