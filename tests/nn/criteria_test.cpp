// Criteria against PyTorch, their definitions written as loops, and differences; extreme inputs and masks.
#include <limits>

#include "tests/nn/golden.h"
#include "tests/support/op_case.h"

using namespace mosaic;
using namespace mosaic::nn;
using namespace mosaic::nn::testing;
using test::OpCase;
using test::Tensors;

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

// 0 or 1, in the dtype of x.
Tensor labels_for(const Tensor& x) {
  std::vector<double> values;
  for (int64_t i = 0; i < x.numel(); ++i) values.push_back(i % 3 == 1 ? 1 : 0);
  return Tensor::from(std::span<const double>(values), x.shape()).to(x.dtype());
}
Tensor classes_for(const Tensor& x) {
  std::vector<int32_t> values;
  for (int64_t i = 0; i < x.shape().without(-1).numel(); ++i)
    values.push_back(i % 4 == 2 ? -100 : static_cast<int32_t>((i * 5 + 1) % x.dim(-1)));
  return Tensor::from(std::span<const int32_t>(values), x.shape().without(-1));
}

Tensor teacher_for(const Tensor& x) {
  return reshape(sin(arange(x.numel(), x.dtype(), x.device()) * 1.7) * 2, x.shape());
}

// -alpha_t (1 - p_t)^gamma log p_t as it is printed.
Tensor printed_focal(const Tensor& x, double gamma, double alpha) {
  const Tensor t = labels_for(x), p = sigmoid(x);
  const Tensor p_t = p * t + (1 - p) * (1 - t);
  return neg(alpha * t + (1 - alpha) * (1 - t)) * pow(1 - p_t, gamma) * log(p_t);
}
Tensor printed_class_focal(const Tensor& x, double gamma) {
  std::vector<int32_t> safe;
  std::vector<double> keep;
  const Tensor classes = classes_for(x);
  for (const int32_t id : classes.host<int32_t>()) {
    safe.push_back(std::max(id, 0));
    keep.push_back(id < 0 ? 0 : 1);
  }
  const Tensor p = gather(softmax(x), Tensor::from(std::span<const int32_t>(safe), classes.shape()));
  return neg(pow(1 - p, gamma)) * log(p) *
         Tensor::from(std::span<const double>(keep), classes.shape()).to(x.dtype());
}

OpCase pair_case(const char* name, const Shape& shape, Tensor (*run)(const Tensor&, const Tensor&),
                 Tensor (*composed)(const Tensor&, const Tensor&)) {
  return {.name = name,
          .inputs = {shape, shape},
          .run = [run](const Tensors& t) { return run(t[0], t[1]); },
          .composed = [composed](const Tensors& t) { return composed(t[0], t[1]); }};
}

}  // namespace

TEST_CASE("criteria have the right values and gradients") {
  const auto huber = [](const Tensor& a, const Tensor& b) { return huber_loss(a, b, 0.8, each); };
  const auto printed_huber = [](const Tensor& a, const Tensor& b) {
    const Tensor d = abs(a - b);
    const Tensor inner = less(d, Tensor::full({}, 0.8, d.dtype()));
    return where(inner, square(d) * 0.5, 0.8 * (d - 0.4));
  };
  const auto bce = [](const Tensor& x, const Tensor& t) {
    return binary_cross_entropy_with_logits(x, sigmoid(t), {}, each);
  };
  const auto printed_bce = [](const Tensor& x, const Tensor& t) {
    return neg(sigmoid(t) * log(sigmoid(x)) + sigmoid(neg(t)) * log(sigmoid(neg(x))));
  };
  const auto kl = [](const Tensor& x, const Tensor& y) {
    return kl_divergence(log_softmax(x), softmax(y), Target::probabilities, each);
  };
  const auto kl_log = [](const Tensor& x, const Tensor& y) {
    return kl_divergence(log_softmax(x), log_softmax(y), Target::log_probabilities, each);
  };
  const auto printed_kl = [](const Tensor& x, const Tensor& y) {
    return sum(softmax(y) * (log_softmax(y) - log_softmax(x)), -1);
  };
  test::check_cases({
      pair_case(
          "mse/odd", {3, 7}, [](const Tensor& a, const Tensor& b) { return mse_loss(a, b, each); },
          [](const Tensor& a, const Tensor& b) { return (a - b) * (a - b); }),
      pair_case(
          "mse/mean of none", {0, 7}, [](const Tensor& a, const Tensor& b) { return mse_loss(a, b); },
          [](const Tensor& a, const Tensor& b) { return sum(a * b); }),
      pair_case(
          "l1/odd", {3, 7}, [](const Tensor& a, const Tensor& b) { return l1_loss(a * 0.1, b + 3, each); },
          [](const Tensor& a, const Tensor& b) { return b + 3 - a * 0.1; }),
      pair_case("huber/odd", {5, 5}, huber, printed_huber),
      pair_case("binary cross-entropy/odd", {3, 7}, bce, printed_bce),
      pair_case("binary cross-entropy/empty", {0, 3}, bce, printed_bce),
      pair_case("kl/odd", {2, 3, 7}, kl, printed_kl),
      pair_case("kl/log targets", {4, 33}, kl_log, printed_kl),
      {.name = "distillation/temperature",
       .inputs = {{3, 9}},
       .run = [](const Tensors& t) { return distillation_loss(t[0], teacher_for(t[0]), 2.5, each); },
       .composed =
           [](const Tensors& t) {
             const Tensor p = softmax(teacher_for(t[0]) / 2.5);
             return 6.25 * sum(p * (log(p) - log_softmax(t[0] / 2.5)), -1);
           },
       .half_roundings = 16},  // the teacher is made in the half type
      {.name = "sigmoid focal/odd",
       .inputs = {{3, 7}},
       .run = [](const Tensors& t) { return sigmoid_focal_loss(t[0], labels_for(t[0]), {}, each); },
       .composed = [](const Tensors& t) { return printed_focal(t[0], 2, 0.25); }},
      {.name = "sigmoid focal/gamma below one",
       .inputs = {{9}},
       .run =
           [](const Tensors& t) {
             return sigmoid_focal_loss(t[0], labels_for(t[0]), {.gamma = 0.5, .alpha = 0.6}, each);
           },
       .composed = [](const Tensors& t) { return printed_focal(t[0], 0.5, 0.6); }},
      {.name = "focal/ignored rows",
       .inputs = {{2, 3, 5}},
       .run = [](const Tensors& t) { return focal_loss(t[0], classes_for(t[0]), 1.7, {}, each); },
       .composed = [](const Tensors& t) { return printed_class_focal(t[0], 1.7); }},
      {.name = "focal/two classes, gamma zero",
       .inputs = {{5, 2}},
       .run = [](const Tensors& t) { return focal_loss(t[0], classes_for(t[0]), 0, {}, each); },
       .composed = [](const Tensors& t) { return cross_entropy(t[0], classes_for(t[0])); }},
      {.name = "mse/weights, mask and mean",
       .inputs = {{3, 4}, {3, 4}, {4}},
       .run =
           [](const Tensors& t) {
             return mse_loss(t[0], t[1], {.mask = bytes({1, 0, 1}, {3, 1}), .weight = t[2]});
           },
       .composed =
           [](const Tensors& t) {
             const auto row = [&](int64_t i) {
               return sum(square(slice(t[0], 0, i, i + 1) - slice(t[1], 0, i, i + 1)) * t[2]);
             };
             return (row(0) + row(2)) / 8;
           }},
  });
}

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
