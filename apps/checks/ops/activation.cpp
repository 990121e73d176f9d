// Activations and gated linear units against compositions.
#include <cmath>

#include "apps/checks/tables.h"

namespace mosaic::checks {
namespace {

using Unary = std::function<Tensor(const Tensor&)>;

OpCase unary_case(const char* name, const Unary& f, const Unary& composed, double low, double high,
                  double gap = 0) {
  return {.name = name,
          .inputs = {{3, 37}},
          .run = [f](const Tensors& in) { return f(in[0]); },
          .composed = [composed](const Tensors& in) { return composed(in[0]); },
          .low = low,
          .high = high,
          .gap = gap};
}

Tensor gate_of(const Tensor& x, Gate gate) {
  switch (gate) {
    case Gate::sigmoid:
      return sigmoid(x);
    case Gate::relu:
      return relu(x);
    case Gate::gelu:
      return gelu(x);
    case Gate::gelu_tanh:
      return gelu_tanh(x);
    case Gate::silu:
      return silu(x);
  }
  return {};
}

OpCase gate_case(const char* name, Gate gate, const Shape& x) {
  return {.name = name,
          .inputs = {x},
          .run = [gate](const Tensors& in) { return glu(in[0], gate); },
          .composed =
              [gate](const Tensors& in) {
                const int64_t n = in[0].dim(-1) / 2;
                return slice(in[0], -1, 0, n) * gate_of(slice(in[0], -1, n, 2 * n), gate);
              },
          .gap = 0.02};
}

}  // namespace

std::vector<OpCase> activation_cases() {
  return {
      unary_case(
          "silu", silu, [](const Tensor& x) { return x * sigmoid(x); }, -4, 4),
      unary_case(
          "gelu_tanh", gelu_tanh,
          [](const Tensor& x) {
            return x * 0.5 * (1.0 + tanh((x + 0.044715 * (x * x * x)) * std::sqrt(2 / M_PI)));
          },
          -4, 4),
      unary_case(
          "mish", mish, [](const Tensor& x) { return x * tanh(log(1.0 + exp(x))); }, -4, 4),
      unary_case(
          "softplus", softplus, [](const Tensor& x) { return log(1.0 + exp(x)); }, -4, 4),
      unary_case(
          "log_sigmoid", log_sigmoid, [](const Tensor& x) { return log(sigmoid(x)); }, -4, 4),
      unary_case(
          "elu", [](const Tensor& x) { return elu(x, 0.7); },
          [](const Tensor& x) { return relu(x) + 0.7 * (exp(minimum(x, zeros_like(x))) - 1.0); }, -3, 3,
          0.05),
      unary_case(
          "selu", selu, [](const Tensor& x) { return 1.0507009873554804934 * elu(x, 1.6732632423543772848); },
          -3, 3, 0.05),
      unary_case(
          "leaky_relu", [](const Tensor& x) { return leaky_relu(x, 0.1); },
          [](const Tensor& x) { return relu(x) - 0.1 * relu(neg(x)); }, -3, 3, 0.05),
      unary_case(
          "hard_sigmoid", hard_sigmoid, [](const Tensor& x) { return clamp(x / 6 + 0.5, 0, 1); }, -2.9, 2.9),
      unary_case(
          "hard_swish", hard_swish, [](const Tensor& x) { return x * clamp(x / 6 + 0.5, 0, 1); }, -2.9, 2.9),
      unary_case(
          "hard_swish/constant side", hard_swish, [](const Tensor& x) { return x * 0.0; }, -5, -3.1),
      unary_case(
          "hard_swish/straight side", hard_swish, [](const Tensor& x) { return x * 1.0; }, 3.1, 5),
      {.name = "silu/empty", .inputs = {{3, 0}}, .run = [](const Tensors& in) { return silu(in[0]); }},
      {.name = "elu/scalar", .inputs = {{}}, .run = [](const Tensors& in) { return elu(in[0]); }},
  };
}

std::vector<OpCase> gated_unit_cases() {
  return {
      gate_case("glu/sigmoid", Gate::sigmoid, {3, 74}),
      gate_case("glu/relu", Gate::relu, {3, 74}),
      gate_case("glu/gelu", Gate::gelu, {2, 3, 34}),
      gate_case("glu/gelu_tanh", Gate::gelu_tanh, {2, 3, 34}),
      gate_case("glu/silu", Gate::silu, {3, 74}),
      gate_case("glu/silu, one column", Gate::silu, {5, 2}),
      gate_case("glu/silu, long rows", Gate::silu, {2, 2 * 1031}),
      gate_case("glu/silu, vector", Gate::silu, {66}),
      gate_case("glu/silu, no rows", Gate::silu, {0, 8}),
      gate_case("glu/silu, no columns", Gate::silu, {3, 0}),
      {.name = "glu/silu, the input used twice",
       .inputs = {{3, 10}},
       .run = [](const Tensors& in) { return glu(in[0], Gate::silu) + slice(square(in[0]), 1, 0, 5); },
       .composed =
           [](const Tensors& in) {
             return slice(in[0], 1, 0, 5) * silu(slice(in[0], 1, 5, 10)) + slice(square(in[0]), 1, 0, 5);
           }},
  };
}

}  // namespace mosaic::checks
