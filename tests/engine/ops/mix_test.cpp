#include <doctest/doctest.h>

#include "tests/support/op_case.h"

using namespace mosaic;

TEST_CASE("mix_experts of a slice equals the slice of the mixture, and its gradient lands inside the slice") {
  Generator rng(4);
  Tensor stack = normal({2, 12, 20}, 0, 1, rng), alpha = normal({2}, 0, 1, rng);
  stack.track();
  const Shape part{2, 5, 16};
  const Tensor mixed = mix_experts(alpha, leading(stack, part));
  CHECK(test::same_bits(mixed, leading(mix_experts(alpha, stack.detach()), {5, 16}).dense()));
  mixed.backward(Tensor::full({5, 16}, 1));
  const Tensor g = stack.grad();
  CHECK(squared_norm(g) == doctest::Approx(squared_norm(leading(g, part).dense())));
  CHECK(leading(g, {1, 1, 1}).item<float>() == alpha.values()[0]);
}

TEST_CASE("mix_experts says what does not fit") {
  const Tensor stack = Tensor::zeros({2, 3, 4});
  CHECK_THROWS_AS(mix_experts(Tensor::zeros({3}), stack), ShapeError);
  CHECK_THROWS_AS(mix_experts(Tensor::zeros({2, 3}), stack), ShapeError);
  CHECK_THROWS_AS(mix_experts(Tensor::zeros({2}), Tensor::zeros({2})), ShapeError);
  CHECK_THROWS_AS(mix_experts(Tensor::zeros({2}, f64), stack), DtypeError);
}
