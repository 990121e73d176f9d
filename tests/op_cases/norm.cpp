#include <doctest/doctest.h>

#include "tests/support/op_case.h"

using namespace mosaic;
using mosaic::test::OpCase;
using mosaic::test::Tensors;

namespace {

Tensor composed_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta) {
  const Tensor centred = x - mean(x, -1, true);
  return centred * rsqrt(mean(square(centred), -1, true) + 1e-5) * gamma + beta;
}

OpCase plain(const char* name, const Shape& x) {
  const Shape cols{x[-1]};
  return {.name = name,
          .inputs = {x, cols, cols},
          .run = [](const Tensors& t) { return layer_norm(t[0], t[1], t[2]); },
          .composed = [](const Tensors& t) { return composed_norm(t[0], t[1], t[2]); },
          .f32_tolerance = 1e-4};
}

OpCase added(const char* name, const Shape& x, double p) {
  const Shape cols{x[-1]};
  return {.name = name,
          .inputs = {x, x, cols, cols},
          .run =
              [p](const Tensors& t) {
                Generator rng(5, 11);
                return add_layer_norm(t[0], t[1], p, &rng, t[2], t[3]);
              },
          .composed =
              [p](const Tensors& t) {
                Generator rng(5, 11);
                const Tensor y = p > 0 ? dropout(t[1], p, rng) : t[1];
                return composed_norm(t[0] + y, t[2], t[3]);
              },
          .f32_tolerance = 1e-4};
}

Tensor composed_rms(const Tensor& x, const Tensor& gamma) {
  return x * rsqrt(mean(square(x), -1, true) + 1e-6) * gamma;
}

OpCase rms(const char* name, const Shape& x) {
  return {.name = name,
          .inputs = {x, {x[-1]}},
          .run = [](const Tensors& t) { return rms_norm(t[0], t[1]); },
          .composed = [](const Tensors& t) { return composed_rms(t[0], t[1]); },
          .f32_tolerance = 1e-4};
}

OpCase added_rms(const char* name, const Shape& x, double p) {
  return {.name = name,
          .inputs = {x, x, {x[-1]}},
          .run =
              [p](const Tensors& t) {
                Generator rng(5, 11);
                return add_rms_norm(t[0], t[1], p, &rng, t[2]);
              },
          .composed =
              [p](const Tensors& t) {
                Generator rng(5, 11);
                return composed_rms(t[0] + (p > 0 ? dropout(t[1], p, rng) : t[1]), t[2]);
              },
          .f32_tolerance = 1e-4};
}

}  // namespace

TEST_CASE("rms_norm and add_rms_norm have the right values and gradients") {
  test::check_cases({
      rms("rms_norm/odd", {7, 129}),
      rms("rms_norm/many rows", {300, 6}),
      rms("rms_norm/three axes", {2, 3, 16}),
      rms("rms_norm/vector", {24}),
      rms("rms_norm/one column", {5, 1}),
      rms("rms_norm/empty", {0, 8}),
      added_rms("add_rms_norm/without dropout", {5, 32}, 0),
      added_rms("add_rms_norm/dropout", {9, 37}, 0.3),
  });
}

TEST_CASE("layer_norm and add_layer_norm have the right values and gradients") {
  test::check_cases({
      plain("layer_norm/odd", {7, 129}),
      plain("layer_norm/many rows", {300, 6}),
      plain("layer_norm/three axes", {2, 3, 16}),
      plain("layer_norm/vector", {24}),
      plain("layer_norm/empty", {0, 8}),
      added("add_layer_norm/without dropout", {5, 32}, 0),
      added("add_layer_norm/dropout", {40, 32}, 0.3),
      added("add_layer_norm/dropout, odd columns", {2, 7, 9}, 0.1),
      added("add_layer_norm/dropout, long rows", {3, 1037}, 0.5),
      {.name = "add_layer_norm/the same summand twice",
       .inputs = {{6, 20}, {20}, {20}},
       .run =
           [](const Tensors& t) {
             Generator rng(9);
             return add_layer_norm(t[0], t[0], 0.25, &rng, t[1], t[2]);
           },
       .composed =
           [](const Tensors& t) {
             Generator rng(9);
             return composed_norm(t[0] + dropout(t[0], 0.25, rng), t[1], t[2]);
           },
       .f32_tolerance = 1e-4},
  });
}

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
