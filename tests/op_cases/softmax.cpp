#include <doctest/doctest.h>

#include <cmath>

#include "tests/support/op_case.h"

using namespace mosaic;
using mosaic::test::OpCase;
using mosaic::test::Tensors;

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

}  // namespace

TEST_CASE("softmax, log_softmax and cross_entropy have the right values and gradients") {
  const auto run = [](const Tensors& t) { return softmax(t[0]); };
  const auto run_log = [](const Tensors& t) { return log_softmax(t[0]); };
  const auto composed_log = [](const Tensors& t) { return t[0] - logsumexp(t[0], -1, true); };
  test::check_cases({
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
      cross_entropy_case("cross_entropy/empty", {0, 17}, 0.2, -100),
  });
}

TEST_CASE("softmax and cross_entropy stay finite for large and hidden logits") {
  const float inf = std::numeric_limits<float>::infinity();
  std::vector<float> row(5000, -inf);  // the first block of columns is hidden entirely
  row[4500] = 3e4f, row[4501] = 3e4f;
  const Tensor x = Tensor::from(row, {1, 5000});
  CHECK(softmax(x).values()[4500] == 0.5);
  CHECK(softmax(x).values()[0] == 0);
  const std::vector<int32_t> target = {4501};
  CHECK(cross_entropy(x, Tensor::from(target, {1})).item<double>() == doctest::Approx(std::log(2.0)));
  CHECK(log_softmax(x).values()[4500] == doctest::Approx(-std::log(2.0)));
}

TEST_CASE("cross_entropy refuses targets outside the classes") {
  const std::vector<int32_t> target = {0, 4};
  const Tensor x = Tensor::zeros({2, 4});
  CHECK_THROWS_AS(cross_entropy(x, Tensor::from(target, {2})), ArgumentError);
  CHECK_THROWS_AS(cross_entropy(x, Tensor::from(target, {2, 1})), ShapeError);
  CHECK_THROWS_AS(cross_entropy(x, Tensor::zeros({2})), DtypeError);
}
