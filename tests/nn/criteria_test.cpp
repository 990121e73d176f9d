// Criteria against PyTorch, their definitions written as loops, and differences; extreme inputs and masks.
#include <limits>

#include "tests/nn/golden.h"
#include "tests/support/op_case.h"

using namespace mosaic;
using namespace mosaic::nn;
using namespace mosaic::nn::testing;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const CriterionOptions each{.reduction = Reduction::none};

Tensor bytes(std::initializer_list<uint8_t> values, const Shape& shape) {
  const std::vector<uint8_t> list(values);
  return Tensor::from(std::span<const uint8_t>(list), shape);
}
Tensor numbers(std::initializer_list<double> values, const Shape& shape) {
  const std::vector<double> list(values);
  return Tensor::from(std::span<const double>(list), shape);
}

}  // namespace

TEST_CASE("criteria equal PyTorch's") {
  const SafetensorsFile file = sequence_golden("criteria");
  const auto get = [&](const char* name) { return file.tensor(name); };
  const Tensor y = get("y"), t = get("t"), cotangent = get("cotangent");
  const auto compare = [&](const std::string& name, const std::function<Tensor(const Tensor&)>& f) {
    CAPTURE(name);
    const Tensor golden = file.tensor(name);
    for (const DType dtype : {f64, f32}) {
      const double tolerance = dtype == f64 ? 1e-12 : 2e-6;
      Tensor x = file.tensor("x").to(dtype).track();
      const Tensor losses = f(x);
      CHECK(relative_difference(reshape(losses.detach(), golden.shape()), golden) < tolerance);
      if (losses.rank() == 0) {
        losses.backward();
      } else {
        losses.backward((losses.rank() == 1 ? slice(cotangent, 1, 0, 1).dense() : cotangent)
                            .to(dtype)
                            .with_layout(losses.shape(), dense_strides(losses.shape()), 0));
      }
      CHECK(relative_difference(x.grad(), file.tensor(name + ".gradient")) < tolerance);
    }
  };
  const auto like = [](const Tensor& a, const Tensor& x) { return a.to(x.dtype()); };
  const auto bce = [&](const Tensor& x, const CriterionOptions& options, const Tensor& positive = {}) {
    return binary_cross_entropy_with_logits(x, like(t, x), positive, options);
  };
  compare("mse", [&](const Tensor& x) { return mse_loss(x, like(y, x), each); });
  compare("mse.sum", [&](const Tensor& x) { return mse_loss(x, like(y, x), {.reduction = Reduction::sum}); });
  compare("l1", [&](const Tensor& x) { return l1_loss(x, like(y, x), each); });
  compare("huber", [&](const Tensor& x) { return huber_loss(x, like(y, x), 0.7, each); });
  compare("bce", [&](const Tensor& x) {
    return bce(x, {.reduction = Reduction::none, .weight = like(get("weight"), x)}, like(get("positive"), x));
  });
  compare("bce.mean", [&](const Tensor& x) { return bce(x, {.weight = like(get("weight"), x)}); });
  compare("focal", [&](const Tensor& x) {
    return sigmoid_focal_loss(x, like(get("labels"), x), {.gamma = 1.5, .alpha = 0.3}, each);
  });
  compare("class_focal",
          [&](const Tensor& x) { return focal_loss(x, get("classes"), 2, like(get("positive"), x), each); });
  const auto kl = [&](const Tensor& x, const CriterionOptions& options) {
    return kl_divergence(log_softmax(x), like(get("p"), x), Target::probabilities, options);
  };
  compare("kl", [&](const Tensor& x) { return kl(x, each); });
  compare("kl.mean", [&](const Tensor& x) { return kl(x, {}); });
  compare("kl.log", [&](const Tensor& x) {
    return kl_divergence(log_softmax(x), log_softmax(like(y, x)), Target::log_probabilities, each);
  });
  compare("distillation", [&](const Tensor& x) { return distillation_loss(x, like(y, x), 3, each); });
}

TEST_CASE("criteria stay finite for logits, probabilities and log-probabilities at their ends") {
  for (const DType dtype : {f32, f64}) {
    const Tensor labels = numbers({1, 0, 1, 0, 1, 0}, {6}).to(dtype);
    Tensor x = numbers({3e4, 3e4, -3e4, -3e4, 0, 0}, {6}).to(dtype).track();
    const Tensor losses = binary_cross_entropy_with_logits(x, labels, {}, each);
    const double two = std::log(2.0);
    CHECK(largest_difference(losses, numbers({0, 3e4, 3e4, 0, two, two}, {6}).to(dtype)) < 1e-6);
    sum(losses).backward();
    CHECK(largest_difference(x.grad(), numbers({0, 1, -1, 0, -0.5, 0.5}, {6}).to(dtype)) < 1e-6);

    x.zero_grad();
    for (const double gamma : {0.5, 1.0, 2.0})
      sum(sigmoid_focal_loss(x, labels, {.gamma = gamma, .alpha = -1}, each)).backward();
    for (const double g : x.grad().values()) CHECK(std::isfinite(g));

    Tensor rows = numbers({3e4, 0, -3e4, 0, 3e4, 0}, {2, 3}).to(dtype).track();
    sum(focal_loss(rows, ids({0, 0}, {2}), 0.5)).backward();
    for (const double g : rows.grad().values()) CHECK(std::isfinite(g));
  }
  // Targets that say "never", in either form, and predictions that agree.
  Tensor log_q = numbers({std::log(0.25), std::log(0.75), -infinity}, {3}).track();
  CHECK(kl_divergence(log_q, numbers({1, 0, 0}, {3})).item<double>() == doctest::Approx(std::log(4.0)));
  Tensor log_p = numbers({0, -infinity, -infinity}, {3}).track();
  const Tensor loss = kl_divergence(log_q, log_p, Target::log_probabilities);
  CHECK(loss.item<double>() == doctest::Approx(std::log(4.0)));
  loss.backward();
  CHECK(log_q.grad().values() == std::vector<double>{-1, 0, 0});
  for (const double g : log_p.grad().values()) CHECK(std::isfinite(g));
}

TEST_CASE("what a criterion's mask hides does not matter, NaN included") {
  const Tensor mask = bytes({1, 0, 1}, {3});
  const Tensor clean = numbers({0.5, -1, 2, 0, 1, 0, 3, -2, 1}, {3, 3}), dirty = clean.to(f64).dense();
  const Tensor copy = Tensor::empty({3, 3}, f64);
  copy_(copy, dirty);
  fill_(slice(copy, 0, 1, 2), std::nan(""));
  const CriterionOptions rows{.mask = unsqueeze(mask, 1)}, whole{.mask = mask};
  const auto check = [&](const std::function<Tensor(const Tensor&)>& f) {
    Tensor a = clean.detach().track(), b = copy.detach().track();
    const Tensor la = f(a), lb = f(b);
    CHECK(la.item<double>() == lb.item<double>());
    la.backward(), lb.backward();
    const Tensor ga = a.grad(), gb = b.grad();
    CHECK(test::same_bits(ga, gb));
    CHECK(squared_norm(slice(ga, 0, 1, 2)) == 0);
    CHECK(squared_norm(ga) > 0);
  };
  check([&](const Tensor& x) { return mse_loss(x, x.detach() * 0.5, rows); });
  check([&](const Tensor& x) { return l1_loss(x, x.detach() + 1, rows); });
  check([&](const Tensor& x) { return huber_loss(x, x.detach() * 0.5, 1, rows); });
  check([&](const Tensor& x) { return binary_cross_entropy_with_logits(x, x.detach() * 0.1, {}, rows); });
  check([&](const Tensor& x) {
    return sigmoid_focal_loss(x, numbers({1, 0, 0, 1, 0, 1, 0, 1, 1}, {3, 3}), {}, rows);
  });
  check([&](const Tensor& x) { return focal_loss(x, ids({2, 77, 0}, {3}), 2, {}, whole); });
  check([&](const Tensor& x) { return distillation_loss(x, x.detach() * 0.5, 2, whole); });
  check([&](const Tensor& x) {
    return kl_divergence(x, numbers({0.5, 0.5, 0, 0, 1, 0, 1, 0, 0}, {3, 3}), Target::probabilities, whole);
  });
  const Tensor none = bytes({0, 0, 0}, {3, 1});
  CHECK(mse_loss(copy, copy, {.mask = none}).item<double>() == 0);
}

TEST_CASE("criteria say what does not fit") {
  const Tensor x = Tensor::zeros({2, 3}), y = Tensor::zeros({3, 2});
  CHECK_THROWS_AS(mse_loss(x, y), ShapeError);
  CHECK_THROWS_AS(mse_loss(x, Tensor::zeros({2, 3}, f64)), DtypeError);
  CHECK_THROWS_AS(mse_loss(x, x, {.mask = Tensor::zeros({2, 3})}), DtypeError);
  CHECK_THROWS_AS(mse_loss(x, x, {.mask = Tensor::zeros({2, 2}, u8)}), ShapeError);
  CHECK_THROWS_AS(mse_loss(x, x, {.weight = Tensor::zeros({2, 2, 3})}), ShapeError);
  CHECK_THROWS_AS(huber_loss(x, x, 0), ArgumentError);
  CHECK_THROWS_AS(binary_cross_entropy_with_logits(x, x, Tensor::zeros({2})), ShapeError);
  CHECK_THROWS_AS(sigmoid_focal_loss(x, x + 0.5), ArgumentError);
  CHECK_THROWS_AS(sigmoid_focal_loss(x, x, {.gamma = -1}), ArgumentError);
  CHECK_THROWS_AS(sigmoid_focal_loss(x, x, {.alpha = 2}), ArgumentError);
  CHECK_THROWS_AS(focal_loss(x, ids({0, 3}, {2})), ArgumentError);
  CHECK_THROWS_AS(focal_loss(x, ids({0, 1, 1}, {3})), ShapeError);
  CHECK_THROWS_AS(focal_loss(x, ids({0, 1}, {2}), 2, Tensor::zeros({2})), ShapeError);
  CHECK_THROWS_AS(kl_divergence(Tensor::zeros({}), Tensor::zeros({})), ShapeError);
  CHECK_THROWS_AS(distillation_loss(x, x, 0), ArgumentError);
  CHECK_THROWS_AS(distillation_loss(x, x, 1, {.mask = Tensor::zeros({2, 3}, u8)}), ShapeError);
}
