#include <doctest/doctest.h>

#include "tests/support/op_case.h"

using namespace mosaic;

TEST_CASE("layer_norm gives gradients for the inputs that want them only") {
  Generator rng(3);
  const Tensor x = normal({5, 12}, 0, 1, rng), ones = Tensor::full({12}, 1), zeros = Tensor::zeros({12});
  Tensor gamma = ones;
  gamma.track();
  layer_norm(x, gamma, zeros).backward(Tensor::full({5, 12}, 1));
  Tensor y = x.detach();
  y.track();
  Tensor all = Tensor::full({12}, 1);
  all.track();
  layer_norm(y, all, zeros).backward(Tensor::full({5, 12}, 1));
  CHECK(test::same_bits(gamma.grad(), all.grad()));
  CHECK(squared_norm(y.grad()) < 1e-8);  // rows of ones are orthogonal to what layer norm passes back
}

TEST_CASE("the fused dropout draws what dropout draws and advances the generator alike") {
  Generator a(7), b(7);
  const Tensor zeros = Tensor::zeros({4, 10}), ones = Tensor::full({4, 10}, 1), gamma = Tensor::full({10}, 1);
  const Tensor fused = add_layer_norm(zeros, ones, 0.4, &a, gamma, Tensor::zeros({10}));
  CHECK(test::same_bits(fused, layer_norm(dropout(ones, 0.4, b), gamma, Tensor::zeros({10}))));
  CHECK(a.position() == b.position());
}

TEST_CASE("norms say what does not fit") {
  const Tensor x = Tensor::zeros({2, 4}), four = Tensor::zeros({4}), three = Tensor::zeros({3});
  CHECK_THROWS_AS(layer_norm(x, three, four), ShapeError);
  CHECK_THROWS_AS(layer_norm(x, four.to(f64), four), DtypeError);
  CHECK_THROWS_AS(layer_norm(x, four, {}), ArgumentError);
  CHECK_THROWS_AS(rms_norm(x, three), ShapeError);
  CHECK_THROWS_AS(rms_norm(x, {}), ArgumentError);
  CHECK_THROWS_AS(add_layer_norm(x, four, 0, nullptr, four, four), ShapeError);
  CHECK_THROWS_AS(add_layer_norm(x, x, 0.1, nullptr, four, four), ArgumentError);
  Generator rng(1);
  CHECK_THROWS_AS(add_layer_norm(x, x, 1.0, &rng, four, four), ArgumentError);
}
