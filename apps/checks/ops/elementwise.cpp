// Elementwise ops, every derivative and broadcast; comparisons.
#include "apps/checks/tables.h"

namespace mosaic::checks {
namespace {

using Unary = Tensor (*)(const Tensor&);

OpCase unary_case(const char* name, Unary f, double low, double high, double gap = 0) {
  return {.name = name,
          .inputs = {{3, 37}},
          .run = [f](const Tensors& in) { return f(in[0]); },
          .low = low,
          .high = high,
          .gap = gap};
}

using Binary = Tensor (*)(const Tensor&, const Tensor&);

void add_binary(std::vector<OpCase>& cases, const std::string& name, Binary f, Binary composed,
                double low = -2, double gradcheck_step = 1e-3) {
  const std::vector<std::pair<const char*, std::vector<Shape>>> shapes = {
      {"same", {{3, 21}, {3, 21}}},
      {"bias", {{4, 3, 19}, {19}}},
      {"column", {{5, 7}, {5, 1}}},
      {"outer", {{6, 1}, {1, 9}}},
      {"middle", {{2, 1, 5}, {2, 3, 5}}},
      {"scalar", {{}, {3, 4}}},
      {"both", {{2, 1, 3, 1}, {4, 1, 17}}},
      {"six axes", {{2, 1, 2, 1, 2, 3}, {1, 2, 2, 2, 1, 3}}},
      {"channels", {{2, 3, 4, 5}, {3, 1, 1}}},
      {"ranks", {{7}, {1, 7}}},
  };
  for (const auto& [shape_name, inputs] : shapes) {
    cases.push_back({.name = name + "/" + shape_name,
                     .inputs = inputs,
                     .run = [f](const Tensors& in) { return f(in[0], in[1]); },
                     .composed = [composed](const Tensors& in) { return composed(in[0], in[1]); },
                     .low = low,
                     .gradcheck_step = gradcheck_step});
  }
}

}  // namespace

std::vector<OpCase> unary_cases() {
  return {
      unary_case("neg", neg, -2, 2),
      unary_case("exp", exp, -2, 2),
      unary_case("log", log, 0.2, 3),
      unary_case("sqrt", sqrt, 0.2, 3),
      unary_case("rsqrt", rsqrt, 0.2, 3),
      unary_case("square", square, -2, 2),
      unary_case("abs", abs, -2, 2, 0.05),
      unary_case("sin", sin, -2, 2),
      unary_case("cos", cos, -2, 2),
      unary_case("tanh", tanh, -2, 2),
      unary_case("sigmoid", sigmoid, -4, 4),
      unary_case("relu", relu, -2, 2, 0.05),
      unary_case("gelu", gelu, -3, 3),
      {.name = "add/a number", .inputs = {{4, 5}}, .run = [](const Tensors& in) { return add(in[0], 0.7); }},
      {.name = "mul/a number", .inputs = {{4, 5}}, .run = [](const Tensors& in) { return mul(in[0], -1.3); }},
      {.name = "pow",
       .inputs = {{4, 5}},
       .run = [](const Tensors& in) { return pow(in[0], 2.5); },
       .low = 0.2,
       .high = 2},
      {.name = "pow/whole",
       .inputs = {{4, 5}},
       .run = [](const Tensors& in) { return pow(in[0], 3); },
       .composed = [](const Tensors& in) { return in[0] * in[0] * in[0]; }},
      {.name = "clamp",
       .inputs = {{4, 5}},
       .run = [](const Tensors& in) { return clamp(in[0], -1, 0.00001); },
       .gap = 0.05},
      {.name = "exp/scalar", .inputs = {{}}, .run = [](const Tensors& in) { return exp(in[0]); }},
      {.name = "exp/empty", .inputs = {{3, 0}}, .run = [](const Tensors& in) { return exp(in[0]); }},
      {.name = "tanh/long",
       .inputs = {{70001}},
       .run = [](const Tensors& in) { return slice(tanh(in[0]), 0, 0, 70001); },
       .differentiable = false},
  };
}

std::vector<OpCase> binary_cases() {
  std::vector<OpCase> cases;
  add_binary(cases, "add", add, [](const Tensor& a, const Tensor& b) { return a - neg(b); });
  add_binary(cases, "sub", sub, [](const Tensor& a, const Tensor& b) { return a + neg(b); });
  add_binary(cases, "mul", mul, [](const Tensor& a, const Tensor& b) {
    return (square(a + b) - square(a - b)) * 0.25;  // polarisation
  });
  add_binary(
      cases, "div", div, [](const Tensor& a, const Tensor& b) { return a * pow(b, -1); }, 0.3);
  add_binary(
      cases, "maximum", maximum, [](const Tensor& a, const Tensor& b) { return a + relu(b - a); }, -2, 1e-6);
  add_binary(
      cases, "minimum", minimum, [](const Tensor& a, const Tensor& b) { return a - relu(a - b); }, -2, 1e-6);
  return cases;
}

std::vector<OpCase> where_cases() {
  const Tensor mask = Tensor::from(std::vector<uint8_t>{1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1}, {3, 4});
  return {
      {.name = "where",
       .inputs = {{3, 4}, {3, 4}},
       .run = [mask](const Tensors& in) { return where(mask.to(in[0].device()), in[0], in[1]); },
       .composed =
           [mask](const Tensors& in) {
             const Tensor m = mask.to(in[0].dtype());
             return m * in[0] + (1.0 - m) * in[1];
           }},
      {.name = "where/broadcast",
       .inputs = {{4}, {2, 3, 1}},
       .run = [mask](const Tensors& in) { return where(mask.to(in[0].device()), in[0], in[1]); },
       .composed =
           [mask](const Tensors& in) {
             const Tensor m = mask.to(in[0].dtype());
             return m * in[0] + (1.0 - m) * in[1];
           }},
  };
}

std::vector<OpCase> comparison_cases() {
  const auto compared = [](const char* name, Tensor (*f)(const Tensor&, const Tensor&)) {
    return OpCase{.name = name,
                  .inputs = {{3, 41}, {41}},
                  .run = [f](const Tensors& in) { return f(in[0], in[1]); },
                  .differentiable = false};
  };
  return {
      compared("less", less),
      // Whole numbers, so that some are equal.
      {.name = "equal",
       .inputs = {{3, 41}, {41}},
       .run = [](const Tensors& in) { return equal(in[0].to(i32), in[1].to(i32)); },
       .differentiable = false},
      compared("equal/floats", [](const Tensor& a, const Tensor& b) { return equal(relu(a), relu(b)); }),
      {.name = "is_finite",
       .inputs = {{5, 33}},
       .run = [](const Tensors& in) { return is_finite(log(in[0]) / relu(in[0] - 1.0)); },  // NaN, infinity
       .differentiable = false},
      {.name = "is_finite/empty",
       .inputs = {{3, 0}},
       .run = [](const Tensors& in) { return is_finite(in[0]); },
       .differentiable = false},
  };
}

}  // namespace mosaic::checks
