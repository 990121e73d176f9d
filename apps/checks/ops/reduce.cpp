// Reductions against sums written out.
#include "apps/checks/tables.h"

namespace mosaic::checks {
namespace {

// Sum over an axis by adding its slices.
Tensor slow_sum(const Tensor& x, int axis) {
  Tensor total = squeeze(slice(x, axis, 0, 1), axis);
  for (int64_t i = 1; i < x.dim(axis); ++i) total = total + squeeze(slice(x, axis, i, i + 1), axis);
  return total;
}

Tensor slow_max(const Tensor& x, int axis) {
  Tensor best = squeeze(slice(x, axis, 0, 1), axis);
  for (int64_t i = 1; i < x.dim(axis); ++i) best = maximum(best, squeeze(slice(x, axis, i, i + 1), axis));
  return best;
}

using Reduction = Tensor (*)(const Tensor&, int, bool);

void add_axes(std::vector<OpCase>& cases, const std::string& name, Reduction f,
              const std::function<Tensor(const Tensor&, int)>& slow) {
  for (const int axis : {0, 1, 2}) {
    for (const bool keep : {false, true}) {
      cases.push_back({.name = name + "/axis " + std::to_string(axis) + (keep ? " keep" : ""),
                       .inputs = {{3, 4, 21}},
                       .run = [=](const Tensors& in) { return f(in[0], axis, keep); },
                       .composed =
                           [=](const Tensors& in) {
                             const Tensor y = slow(in[0], axis);
                             return keep ? unsqueeze(y, axis) : y;
                           },
                       .gradcheck_step = 1e-4});
    }
  }
}

}  // namespace

std::vector<OpCase> axis_reduction_cases() {
  std::vector<OpCase> cases;
  add_axes(cases, "sum", sum, slow_sum);
  add_axes(cases, "mean", mean,
           [](const Tensor& x, int axis) { return slow_sum(x, axis) / static_cast<double>(x.dim(axis)); });
  add_axes(cases, "max", max, slow_max);
  add_axes(cases, "logsumexp", logsumexp,
           [](const Tensor& x, int axis) { return log(slow_sum(exp(x), axis)); });
  return cases;
}

std::vector<OpCase> full_reduction_cases() {
  return {
      {.name = "sum/all",
       .inputs = {{3, 7}},
       .run = [](const Tensors& in) { return sum(in[0]); },
       .composed = [](const Tensors& in) { return slow_sum(slow_sum(in[0], 1), 0); }},
      {.name = "mean/all",
       .inputs = {{3, 7}},
       .run = [](const Tensors& in) { return mean(in[0]); },
       .composed = [](const Tensors& in) { return slow_sum(slow_sum(in[0], 1), 0) / 21; }},
      {.name = "sum/a vector", .inputs = {{9}}, .run = [](const Tensors& in) { return sum(in[0], 0); }},
      {.name = "sum/one", .inputs = {{}}, .run = [](const Tensors& in) { return sum(in[0]); }},
      {.name = "sum/trailing axes of size one",
       .inputs = {{3, 5, 1}},
       .run = [](const Tensors& in) { return sum(in[0], 1); }},
      {.name = "sum/wide columns",
       .inputs = {{70, 300}},
       .run = [](const Tensors& in) { return sum(in[0], 0); },
       .differentiable = false},
      {.name = "sum/many",
       .inputs = {{50021}},
       .run = [](const Tensors& in) { return sum(in[0]); },
       .differentiable = false},
  };
}

std::vector<OpCase> choice_cases() {
  const auto chosen = [](const char* name, const Shape& x, Tensor (*f)(const Tensor&)) {
    return OpCase{.name = name,
                  .inputs = {x},
                  .run = [f](const Tensors& in) { return f(in[0]); },
                  .differentiable = false};
  };
  return {
      chosen("argmax/first axis", {7, 33}, [](const Tensor& x) { return argmax(x, 0); }),
      chosen("argmax/long rows", {2, 1000}, [](const Tensor& x) { return argmax(x, 1); }),
      chosen("topk/values", {3, 100}, [](const Tensor& x) { return topk(x, 7).values; }),
      chosen("topk/indices", {3, 100}, [](const Tensor& x) { return topk(x, 7).indices; }),
      chosen("squared_norm", {13, 77},
             [](const Tensor& x) { return Tensor::full({}, squared_norm(x), x.dtype(), x.device()); }),
      chosen("squared_norm/empty", {0, 3},
             [](const Tensor& x) { return Tensor::full({}, squared_norm(x), x.dtype(), x.device()); }),
  };
}

}  // namespace mosaic::checks
