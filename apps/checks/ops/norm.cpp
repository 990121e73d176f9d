#include "apps/checks/tables.h"

namespace mosaic::checks {
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

std::vector<OpCase> rms_norm_cases() {
  return {
      rms("rms_norm/odd", {7, 129}),
      rms("rms_norm/many rows", {300, 6}),
      rms("rms_norm/three axes", {2, 3, 16}),
      rms("rms_norm/vector", {24}),
      rms("rms_norm/one column", {5, 1}),
      rms("rms_norm/empty", {0, 8}),
      added_rms("add_rms_norm/without dropout", {5, 32}, 0),
      added_rms("add_rms_norm/dropout", {9, 37}, 0.3),
  };
}

std::vector<OpCase> layer_norm_cases() {
  return {
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
  };
}

}  // namespace mosaic::checks
