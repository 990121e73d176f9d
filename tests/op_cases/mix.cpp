#include <doctest/doctest.h>

#include "tests/support/op_case.h"

using namespace mosaic;
using mosaic::test::OpCase;
using mosaic::test::Tensors;

namespace {

// Broadcast product and sum; alpha {m} or {out, m} to {m, out or 1, 1}.
Tensor composed_mix(const Tensors& t) {
  const Tensor &alpha = t[0], &experts = t[1];
  Tensor weight = alpha.rank() == 1 ? unsqueeze(alpha, 1) : transpose(alpha);
  if (experts.rank() == 3) weight = unsqueeze(weight, 2);
  return sum(weight * experts, 0);
}

OpCase mix_case(const char* name, const Shape& alpha, const Shape& experts) {
  return {.name = name,
          .inputs = {alpha, experts},
          .run = [](const Tensors& t) { return mix_experts(t[0], t[1]); },
          .composed = composed_mix};
}

}  // namespace

TEST_CASE("mix_experts has the right values and gradients") {
  test::check_cases({
      mix_case("mix_experts/shared", {2}, {2, 7, 33}),
      mix_case("mix_experts/neuron", {7, 2}, {2, 7, 33}),
      mix_case("mix_experts/shared bias", {3}, {3, 21}),
      mix_case("mix_experts/neuron bias", {21, 3}, {3, 21}),
      mix_case("mix_experts/one expert", {1}, {1, 3, 4}),
      mix_case("mix_experts/five experts", {6, 5}, {5, 6, 10}),
      mix_case("mix_experts/nine experts", {9}, {9, 4, 18}),
      mix_case("mix_experts/one column", {4, 2}, {2, 4, 1}),
      mix_case("mix_experts/empty", {2}, {2, 0, 5}),
  });
}

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
