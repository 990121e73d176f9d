// Criteria against their definitions as they are printed.
#include "nn/criteria.h"

#include "apps/checks/tables.h"

namespace mosaic::checks {
namespace {

using namespace nn;

const CriterionOptions each{.reduction = Reduction::none};

// 0 or 1, in the dtype of x.
Tensor labels_for(const Tensor& x) {
  std::vector<double> values;
  for (int64_t i = 0; i < x.numel(); ++i) values.push_back(i % 3 == 1 ? 1 : 0);
  return Tensor::from(std::span<const double>(values), x.shape()).to(x.dtype()).to(x.device());
}
Tensor classes_for(const Tensor& x) {
  std::vector<int32_t> values;
  for (int64_t i = 0; i < x.shape().without(-1).numel(); ++i)
    values.push_back(i % 4 == 2 ? -100 : static_cast<int32_t>((i * 5 + 1) % x.dim(-1)));
  return Tensor::from(std::span<const int32_t>(values), x.shape().without(-1), x.device());
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
         Tensor::from(std::span<const double>(keep), classes.shape()).to(x.dtype()).to(x.device());
}

OpCase pair_case(const char* name, const Shape& shape, Tensor (*run)(const Tensor&, const Tensor&),
                 Tensor (*composed)(const Tensor&, const Tensor&)) {
  return {.name = name,
          .inputs = {shape, shape},
          .run = [run](const Tensors& t) { return run(t[0], t[1]); },
          .composed = [composed](const Tensors& t) { return composed(t[0], t[1]); }};
}

}  // namespace

std::vector<OpCase> criterion_cases() {
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
  return {
      pair_case(
          "mse_loss/odd", {3, 7}, [](const Tensor& a, const Tensor& b) { return mse_loss(a, b, each); },
          [](const Tensor& a, const Tensor& b) { return (a - b) * (a - b); }),
      pair_case(
          "mse_loss/mean of none", {0, 7}, [](const Tensor& a, const Tensor& b) { return mse_loss(a, b); },
          [](const Tensor& a, const Tensor& b) { return sum(a * b); }),
      pair_case(
          "l1_loss/odd", {3, 7},
          [](const Tensor& a, const Tensor& b) { return l1_loss(a * 0.1, b + 3, each); },
          [](const Tensor& a, const Tensor& b) { return b + 3 - a * 0.1; }),
      pair_case("huber_loss/odd", {5, 5}, huber, printed_huber),
      pair_case("binary_cross_entropy_with_logits/odd", {3, 7}, bce, printed_bce),
      pair_case("binary_cross_entropy_with_logits/empty", {0, 3}, bce, printed_bce),
      pair_case("kl_divergence/odd", {2, 3, 7}, kl, printed_kl),
      pair_case("kl_divergence/log targets", {4, 33}, kl_log, printed_kl),
      {.name = "distillation_loss/temperature",
       .inputs = {{3, 9}},
       .run = [](const Tensors& t) { return distillation_loss(t[0], teacher_for(t[0]), 2.5, each); },
       .composed =
           [](const Tensors& t) {
             const Tensor p = softmax(teacher_for(t[0]) / 2.5);
             return 6.25 * sum(p * (log(p) - log_softmax(t[0] / 2.5)), -1);
           },
       .half_roundings = 16},  // the teacher is made in the half type
      {.name = "sigmoid_focal_loss/odd",
       .inputs = {{3, 7}},
       .run = [](const Tensors& t) { return sigmoid_focal_loss(t[0], labels_for(t[0]), {}, each); },
       .composed = [](const Tensors& t) { return printed_focal(t[0], 2, 0.25); }},
      {.name = "sigmoid_focal_loss/gamma below one",
       .inputs = {{9}},
       .run =
           [](const Tensors& t) {
             return sigmoid_focal_loss(t[0], labels_for(t[0]), {.gamma = 0.5, .alpha = 0.6}, each);
           },
       .composed = [](const Tensors& t) { return printed_focal(t[0], 0.5, 0.6); }},
      {.name = "focal_loss/ignored rows",
       .inputs = {{2, 3, 5}},
       .run = [](const Tensors& t) { return focal_loss(t[0], classes_for(t[0]), 1.7, {}, each); },
       .composed = [](const Tensors& t) { return printed_class_focal(t[0], 1.7); }},
      {.name = "focal_loss/two classes, gamma zero",
       .inputs = {{5, 2}},
       .run = [](const Tensors& t) { return focal_loss(t[0], classes_for(t[0]), 0, {}, each); },
       .composed = [](const Tensors& t) { return cross_entropy(t[0], classes_for(t[0])); }},
      {.name = "mse_loss/weights, mask and mean",
       .inputs = {{3, 4}, {3, 4}, {4}},
       .run =
           [](const Tensors& t) {
             return mse_loss(t[0], t[1],
                             {.mask = Tensor::from(std::vector<uint8_t>{1, 0, 1}, {3, 1}, t[0].device()),
                              .weight = t[2]});
           },
       .composed =
           [](const Tensors& t) {
             const auto row = [&](int64_t i) {
               return sum(square(slice(t[0], 0, i, i + 1) - slice(t[1], 0, i, i + 1)) * t[2]);
             };
             return (row(0) + row(2)) / 8;
           }},
  };
}

}  // namespace mosaic::checks
