// Views: bytes shared, gradients of strided leaves, refusals.
#include <doctest/doctest.h>

#include "tests/support/op_case.h"

using namespace mosaic;
using namespace mosaic::test;

TEST_CASE("ops: views share bytes") {
  const Tensor x = reshape(arange(12, f32), {3, 4});
  CHECK(slice(x, 0, 1, 2).data<float>() == x.data<float>() + 4);
  CHECK(leading(x, {2, 2}).stride(0) == 4);
  CHECK(transpose(x).raw() == x.raw());
  CHECK(reshape(x, {2, 6}).raw() == x.raw());
  CHECK(reshape(slice(x, 1, 0, 2), {3, 2, 1}).raw() == x.raw());
  CHECK(reshape(slice(x, 1, 0, 2), {6}).raw() != x.raw());
  CHECK(expand(slice(x, 0, 0, 1), {5, 4}).stride(0) == 0);
  CHECK(unsqueeze(x, 0).is_dense());
  CHECK(unsqueeze(x, 2).is_dense());
  CHECK(reshape(transpose(x), {12}).values() == std::vector<double>{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11});
  CHECK(concat(Tensors{arange(2), arange(3)}, 0).values() == std::vector<double>{0, 1, 0, 1, 2});
}

TEST_CASE("ops: a dense view of a strided leaf still gets its gradient") {
  // The values of permute(leaf) are dense, its gradient's region is not.
  Tensor leaf = transpose(reshape(arange(6, f64), {2, 3})).track();
  const Tensor flat = reshape(transpose(leaf), {6});
  sum(flat * arange(6, f64)).backward();
  CHECK(leaf.grad().values() == std::vector<double>{0, 3, 1, 4, 2, 5});
}

TEST_CASE("ops: views refuse what does not fit") {
  const Tensor x = Tensor::zeros({3, 4});
  CHECK_THROWS_AS(slice(x, 0, 2, 4), ShapeError);
  CHECK_THROWS_AS(slice(x, 2, 0, 1), ShapeError);
  CHECK_THROWS_AS(leading(x, {4, 4}), ShapeError);
  CHECK_THROWS_AS(reshape(x, {5, -1}), ShapeError);
  CHECK_THROWS_AS(reshape(x, {-1, -1}), ShapeError);
  CHECK_THROWS_AS(reshape(x, {13}), ShapeError);
  CHECK_THROWS_AS(squeeze(x, 0), ShapeError);
  CHECK_THROWS_AS(permute(x, std::vector<int>{0, 0}), ShapeError);
  CHECK_THROWS_AS(expand(x, {3, 5}), ShapeError);
  CHECK_THROWS_AS(concat(Tensors{}, 0), ArgumentError);
  CHECK_THROWS_AS(concat(Tensors{x, Tensor::zeros({3, 4, 1})}, 0), ShapeError);
}
