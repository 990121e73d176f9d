// Ops that write into their first argument, and optimizer steps: on copies of the inputs, which a case may
// not change.
#include "apps/checks/tables.h"

namespace mosaic::checks {
namespace {

Tensor copy_of(const Tensor& x) {
  const Tensor copy = empty_like(x);
  copy_(copy, x);
  return copy;
}

OpCase changed(const char* name, const std::vector<Shape>& inputs,
               const std::function<void(const Tensor&, const Tensors&)>& change) {
  return {.name = name,
          .inputs = inputs,
          .run =
              [change](const Tensors& t) {
                const Tensor x = copy_of(t[0]);
                change(x, t);
                return x;
              },
          .differentiable = false};
}

// Three updates of one parameter, the second without a gradient -> {parameter, m, v} stacked.
OpCase adam_case(const char* name, const Shape& shape, bool decoupled) {
  return {.name = name,
          .inputs = {shape, shape},
          .run =
              [decoupled](const Tensors& t) {
                const Tensor w = copy_of(t[0]), m = zeros_like(w), v = zeros_like(w);
                for (int64_t step = 1; step <= 3; ++step) {
                  adamw_(w, step == 2 ? Tensor() : t[1].dense(), m, v,
                         {.lr = 0.01,
                          .beta1 = 0.9,
                          .beta2 = 0.98,
                          .eps = 1e-8,
                          .weight_decay = 0.1,
                          .step = step,
                          .decoupled = decoupled,
                          .grad_scale = 0.5});
                }
                return stack(Tensors{w, m, v});
              },
          .differentiable = false,
          .halves = false};
}

OpCase sgd_case(const char* name, double momentum, bool nesterov) {
  return {.name = name,
          .inputs = {{33, 7}, {33, 7}},
          .run =
              [=](const Tensors& t) {
                const Tensor w = copy_of(t[0]), v = zeros_like(w);
                for (int step = 0; step < 3; ++step) {
                  const SGDUpdate update{w,
                                         step == 1 ? Tensor() : t[1].dense(),
                                         momentum > 0 ? v : Tensor(),
                                         {.lr = 0.05,
                                          .momentum = momentum,
                                          .weight_decay = 0.1,
                                          .nesterov = nesterov,
                                          .grad_scale = 0.5}};
                  sgd_(std::span(&update, 1));
                }
                return stack(Tensors{w, v});
              },
          .differentiable = false,
          .halves = false};
}

}  // namespace

std::vector<OpCase> in_place_cases() {
  return {
      changed("fill_", {{5, 33}}, [](const Tensor& x, const Tensors&) { fill_(slice(x, 1, 3, 20), 0.5); }),
      changed("copy_", {{5, 33}, {33, 5}},
              [](const Tensor& x, const Tensors& t) {
                copy_(slice(x, 0, 1, 4), slice(transpose(t[1]), 0, 0, 3));
              }),
      changed("copy_/of another dtype", {{5, 33}, {5, 33}},
              [](const Tensor& x, const Tensors& t) { copy_(x, t[1].to(i32)); }),
      changed("add_", {{5, 33}, {33}},
              [](const Tensor& x, const Tensors& t) {
                add_(x, expand(t[1], {5, 33}), -0.5);
              }),
      changed("add_/of slices", {{9, 20}, {9, 20}},
              [](const Tensor& x, const Tensors& t) { add_(slice(x, 1, 2, 13), slice(t[1], 1, 0, 11)); }),
      changed("scale_", {{5, 33}}, [](const Tensor& x, const Tensors&) { scale_(transpose(x), 1.7); }),
      changed("scale_/empty", {{0, 3}}, [](const Tensor& x, const Tensors&) { scale_(x, 1.7); }),
  };
}

std::vector<OpCase> optimizer_cases() {
  return {
      adam_case("adamw_", {33, 7}, true),    adam_case("adamw_/L2", {257}, false), sgd_case("sgd_", 0, false),
      sgd_case("sgd_/momentum", 0.9, false), sgd_case("sgd_/Nesterov", 0.9, true),
  };
}

}  // namespace mosaic::checks
