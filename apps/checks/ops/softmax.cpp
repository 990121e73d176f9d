#include <cmath>

#include "apps/checks/tables.h"

namespace mosaic::checks {
namespace {

Tensor composed_softmax(const Tensors& t) {
  const Tensor e = exp(t[0] - max(t[0], -1, true).detach());
  return e / sum(e, -1, true);
}

Tensor targets_for(const Shape& logits, int32_t ignored) {
  std::vector<int32_t> ids;
  const auto classes = static_cast<int32_t>(logits[-1]);
  const Shape shape = logits.without(-1);
  for (int32_t i = 0; i < static_cast<int32_t>(shape.numel()); ++i)
    ids.push_back(i % 3 == 1 ? ignored : (i * 7 + 2) % classes);
  return Tensor::from(ids, shape);
}

// Cross-entropy from log_softmax; targets equal to `ignored` give 0.
Tensor composed_cross_entropy(const Tensor& x, const Tensor& targets, double smoothing, int32_t ignored) {
  std::vector<int32_t> safe;
  std::vector<double> keep;
  for (const int32_t id : targets.host<int32_t>()) {
    safe.push_back(id == ignored ? 0 : id);
    keep.push_back(id == ignored ? 0 : 1);
  }
  const Tensor log_p = x - logsumexp(x, -1, true);
  const Tensor picked = gather(log_p, Tensor::from(safe, targets.shape()));
  const Tensor loss = -((1 - smoothing) * picked + smoothing * mean(log_p, -1));
  return loss * Tensor::from(keep, targets.shape()).to(x.dtype());
}

OpCase cross_entropy_case(const char* name, const Shape& logits, double smoothing, int32_t ignored) {
  const Tensor targets = targets_for(logits, ignored);
  return {.name = name,
          .inputs = {logits},
          .run =
              [=](const Tensors& t) {
                return cross_entropy(t[0], targets.to(t[0].device()), smoothing, ignored);
              },
          .composed =
              [=](const Tensors& t) { return composed_cross_entropy(t[0], targets, smoothing, ignored); }};
}

// x {n, in}, weight {classes, in}, bias {classes}.
OpCase linear_cross_entropy_case(const char* name, int64_t n, int64_t in, int64_t classes, bool bias) {
  const Tensor targets = targets_for({n, classes}, 0);
  const auto inputs = [=]() -> std::vector<Shape> {
    if (bias) return {{n, in}, {classes, in}, {classes}};
    return {{n, in}, {classes, in}};
  };
  const auto last = [=](const Tensors& t) { return bias ? t[2] : Tensor(); };
  return {.name = name,
          .inputs = inputs(),
          .run =
              [=](const Tensors& t) {
                return linear_cross_entropy(t[0], t[1], last(t), targets.to(t[0].device()), 0.1).loss;
              },
          .composed =
              [=](const Tensors& t) {
                const Tensor logits = matmul(t[0], transpose(t[1]));
                return sum(composed_cross_entropy(bias ? logits + t[2] : logits, targets, 0.1, -100));
              },
          .low = -1,
          .high = 1};
}

}  // namespace

std::vector<OpCase> softmax_cases() {
  const auto run = [](const Tensors& t) { return softmax(t[0]); };
  const auto run_log = [](const Tensors& t) { return log_softmax(t[0]); };
  const auto composed_log = [](const Tensors& t) { return t[0] - logsumexp(t[0], -1, true); };
  return {
      {.name = "softmax/odd", .inputs = {{7, 129}}, .run = run, .composed = composed_softmax},
      {.name = "softmax/short", .inputs = {{2, 3, 5}}, .run = run, .composed = composed_softmax},
      {.name = "softmax/vector", .inputs = {{33}}, .run = run, .composed = composed_softmax},
      {.name = "softmax/one column", .inputs = {{4, 1}}, .run = run, .composed = composed_softmax},
      {.name = "softmax/empty", .inputs = {{0, 4}}, .run = run},
      {.name = "log_softmax/odd", .inputs = {{7, 129}}, .run = run_log, .composed = composed_log},
      {.name = "log_softmax/many columns", .inputs = {{3, 4100}}, .run = run_log, .composed = composed_log},
      {.name = "log_softmax/three axes", .inputs = {{2, 3, 16}}, .run = run_log, .composed = composed_log},
      cross_entropy_case("cross_entropy/plain", {9, 31}, 0, -100),
      cross_entropy_case("cross_entropy/smoothed", {9, 31}, 0.1, -100),
      cross_entropy_case("cross_entropy/padding ignored", {2, 5, 16}, 0.1, 1),
      cross_entropy_case("cross_entropy/many classes", {3, 4100}, 0.1, -100),
      cross_entropy_case("cross_entropy/one row", {17}, 0.2, -100),
      linear_cross_entropy_case("linear_cross_entropy/odd", 9, 7, 31, true),
      linear_cross_entropy_case("linear_cross_entropy/without bias", 5, 16, 33, false),
      linear_cross_entropy_case("linear_cross_entropy/empty", 0, 4, 17, true),
      cross_entropy_case("cross_entropy/empty", {0, 17}, 0.2, -100),
  };
}

}  // namespace mosaic::checks
