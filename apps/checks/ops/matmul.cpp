// Products against sums of broadcast products.
#include "apps/checks/tables.h"

namespace mosaic::checks {
namespace {

// sum_k a[..., i, k] b[..., k, j] by elementwise ops.
Tensor slow_matmul(const Tensors& in) {
  return sum(unsqueeze(in[0], -1) * unsqueeze(in[1], -3), -2);
}

OpCase matmul_case(const char* name, const Shape& a, const Shape& b) {
  return {.name = cat("matmul/", name),
          .inputs = {a, b},
          .run = [](const Tensors& in) { return matmul(in[0], in[1]); },
          .composed = slow_matmul};
}

Tensor slow_linear(const Tensors& in) {
  const Tensor y = sum(unsqueeze(in[0], -2) * in[1], -1);
  return in.size() > 2 ? y + in[2] : y;
}

OpCase linear_case(const char* name, const std::vector<Shape>& inputs,
                   Activation activation = Activation::none) {
  return {.name = cat("linear/", name),
          .inputs = inputs,
          .run =
              [activation](const Tensors& in) {
                return linear(in[0], in[1], in.size() > 2 ? in[2] : Tensor(), activation);
              },
          .composed =
              [activation](const Tensors& in) {
                return activation == Activation::relu ? relu(slow_linear(in)) : slow_linear(in);
              },
          .gradcheck_step = 1e-4};
}

}  // namespace

std::vector<OpCase> matmul_cases() {
  return {
      matmul_case("plain", {3, 5}, {5, 4}),
      matmul_case("one row", {1, 5}, {5, 4}),
      matmul_case("one column", {3, 5}, {5, 1}),
      matmul_case("inner one", {3, 1}, {1, 4}),
      matmul_case("tall", {2, 3, 5}, {5, 4}),
      matmul_case("batched", {3, 2, 5}, {3, 5, 4}),
      matmul_case("broadcast left", {2, 5}, {3, 5, 4}),
      matmul_case("broadcast right", {2, 3, 2, 5}, {3, 5, 4}),
      matmul_case("broadcast both", {2, 1, 3, 2}, {1, 4, 2, 3}),
      matmul_case("five axes", {2, 1, 2, 2, 3}, {2, 3, 1, 3, 2}),
      matmul_case("larger", {37, 29}, {29, 41}),
      {.name = "matmul/transposed operands",
       .inputs = {{5, 3}, {4, 5}},
       .run = [](const Tensors& in) { return matmul(transpose(in[0]), transpose(in[1])); },
       .composed =
           [](const Tensors& in) {
             return slow_matmul({transpose(in[0]), transpose(in[1])});
           }},
      {.name = "matmul/heads by permutation",
       .inputs = {{2, 4, 3, 5}, {2, 6, 3, 5}},
       .run =
           [](const Tensors& in) {
             return matmul(transpose(in[0], 1, 2), transpose(transpose(in[1], 1, 2)));
           },
       .composed =
           [](const Tensors& in) {
             return slow_matmul({transpose(in[0], 1, 2), transpose(transpose(in[1], 1, 2))});
           }},
      {.name = "matmul/expanded operand",
       .inputs = {{4, 1}, {3, 2}},
       .run =
           [](const Tensors& in) {
             return matmul(expand(in[0], {4, 3}), in[1]);
           },
       .composed =
           [](const Tensors& in) {
             return slow_matmul({expand(in[0], {4, 3}), in[1]});
           }},
  };
}

std::vector<OpCase> linear_cases() {
  return {
      linear_case("plain", {{6, 5}, {4, 5}}),
      linear_case("bias", {{2, 3, 5}, {4, 5}, {4}}),
      linear_case("relu", {{2, 3, 5}, {7, 5}, {7}}, Activation::relu),
      linear_case("relu without bias", {{6, 5}, {4, 5}}, Activation::relu),
      linear_case("vector", {{5}, {4, 5}, {4}}),
      linear_case("one output", {{6, 5}, {1, 5}, {1}}),
      linear_case("one input", {{6, 1}, {3, 1}, {3}}),
      linear_case("larger", {{70, 33}, {65, 33}, {65}}),
      {.name = "linear/weight used twice",
       .inputs = {{3, 4}, {4, 4}},
       .run = [](const Tensors& in) { return linear(linear(in[0], in[1]), in[1]); },
       .composed =
           [](const Tensors& in) {
             return slow_linear({slow_linear(in), in[1]});
           }},
      {.name = "linear/slices of one weight",
       .inputs = {{3, 4}, {6, 8}, {6}},
       .run =
           [](const Tensors& in) {
             return linear(in[0], leading(in[1], {5, 4}), slice(in[2], 0, 0, 5)) +
                    linear(in[0], slice(slice(in[1], 1, 4, 8), 0, 1, 6), slice(in[2], 0, 1, 6));
           },
       .composed =
           [](const Tensors& in) {
             return slow_linear({in[0], leading(in[1], {5, 4}), slice(in[2], 0, 0, 5)}) +
                    slow_linear({in[0], slice(slice(in[1], 1, 4, 8), 0, 1, 6), slice(in[2], 0, 1, 6)});
           }},
  };
}

}  // namespace mosaic::checks
