#include "nn/criteria.h"

#include <algorithm>
#include <limits>

#include "engine/autograd/node.h"
#include "engine/ops/check.h"
#include "engine/ops/half.h"
#include "engine/ops/ops.h"

namespace mosaic::nn {
namespace {

Tensor constant(double value, const Tensor& like) {
  return Tensor::full({}, value, like.dtype(), like.device());
}

void check_pair(const char* op, const Tensor& prediction, const Tensor& target) {
  check_defined(op, {&prediction, &target});
  check_float(op, {&prediction, &target});
  check<ShapeError>(prediction.shape() == target.shape(), op, "predictions ", prediction.shape(),
                    " and targets ", target.shape(), " must have one shape");
}

void check_broadcasts(const char* op, const char* what, const Tensor& x, const Shape& losses) {
  check<ShapeError>(Shape::broadcast(x.shape(), losses) == losses, op, what, " ", x.shape(),
                    " does not broadcast to ", losses);
}

// x with zeros where nothing counts, so that what is there reaches neither values nor gradients, and in f32
// where it was in a half type. `each_row`: the mask speaks of rows of x.
Tensor counted(const Tensor& x, const CriterionOptions& options, bool each_row = false) {
  const Tensor& mask = options.mask;
  const Tensor full = widened(x);
  if (!mask.defined()) return full;
  return where(each_row ? unsqueeze(mask, -1) : mask, full, constant(0, full));
}

void check_options(const char* op, const Shape& losses, const CriterionOptions& options) {
  if (options.mask.defined()) {
    check<DtypeError>(options.mask.dtype() == u8, op, "the mask must be u8, got ", options.mask.dtype());
    check_broadcasts(op, "mask", options.mask, losses);
  }
  if (options.weight.defined()) check_broadcasts(op, "weight", options.weight, losses);
}

// Losses, masked, weighted and reduced.
Tensor reduced(Tensor losses, const CriterionOptions& options) {
  if (options.weight.defined()) losses = losses * widened(options.weight);
  losses = counted(losses, options);
  if (options.reduction == Reduction::none) return losses;
  const Tensor total = sum(losses);
  if (options.reduction == Reduction::sum) return total;
  if (!options.mask.defined()) return total / static_cast<double>(std::max<int64_t>(losses.numel(), 1));
  // The count stays on its device; masks are not tracked.
  const Tensor counting = expand(options.mask.to(total.dtype()), losses.shape());
  return total / maximum(sum(counting), constant(1, total));
}

// log(1 + e^x), linear for large x; its derivative is sigmoid(x), at 0 too (half of the maximum's tie).
Tensor log_one_plus_exp(const Tensor& x) {
  return maximum(x, constant(0, x)) + log(exp(neg(abs(x))) + 1);
}

// targets -> -1 or 1; ArgumentError for other than 0 and 1.
Tensor signs_of(const char* op, const Tensor& targets) {
  for (const double value : targets.values())
    check(value == 0 || value == 1, op, "targets must be 0 or 1, got ", value);
  return targets.detach() * 2 - 1;
}

}  // namespace

Tensor mse_loss(const Tensor& prediction, const Tensor& target, const CriterionOptions& options) {
  check_pair("mse_loss", prediction, target);
  check_options("mse_loss", prediction.shape(), options);
  return reduced(square(counted(prediction, options) - counted(target, options)), options);
}

Tensor l1_loss(const Tensor& prediction, const Tensor& target, const CriterionOptions& options) {
  check_pair("l1_loss", prediction, target);
  check_options("l1_loss", prediction.shape(), options);
  return reduced(abs(counted(prediction, options) - counted(target, options)), options);
}

Tensor huber_loss(const Tensor& prediction, const Tensor& target, double delta,
                  const CriterionOptions& options) {
  check(delta > 0, "huber_loss", "delta must be above 0, got ", delta);
  check_pair("huber_loss", prediction, target);
  check_options("huber_loss", prediction.shape(), options);
  const Tensor error = counted(prediction, options) - counted(target, options);
  const Tensor near = clamp(error, -delta, delta);
  return reduced(near * (error - near * 0.5), options);  // both pieces in one formula
}

Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& targets,
                                        const Tensor& positive_weight, const CriterionOptions& options) {
  constexpr const char* op = "binary_cross_entropy_with_logits";
  check_pair(op, logits, targets);
  check_options(op, logits.shape(), options);
  const Tensor x = counted(logits, options), t = counted(targets, options);
  // Each term by itself: -log p = log(1 + e^-x) and -log(1 - p) = log(1 + e^x) lose no digits to one another.
  Tensor positive = t * log_one_plus_exp(neg(x));
  if (positive_weight.defined()) {
    check_broadcasts(op, "positive_weight", positive_weight, logits.shape());
    positive = positive * widened(positive_weight);
  }
  return reduced(positive + (1 - t) * log_one_plus_exp(x), options);
}

Tensor sigmoid_focal_loss(const Tensor& logits, const Tensor& targets, const FocalOptions& focal,
                          const CriterionOptions& options) {
  constexpr const char* op = "sigmoid_focal_loss";
  check(focal.gamma >= 0, op, "gamma must not be negative, got ", focal.gamma);
  check(focal.alpha <= 1, op, "alpha must be at most 1, got ", focal.alpha);
  check_pair(op, logits, targets);
  check_options(op, logits.shape(), options);
  // With z = x for positives and -x for negatives: -log p_t = log(1 + e^-z), and log(1 - p_t) = -log(1 + e^z)
  // keeps the power and its derivative finite for every gamma.
  const Tensor t = counted(targets, options), signs = signs_of(op, t);
  const Tensor z = counted(logits, options) * signs;
  Tensor losses = log_one_plus_exp(neg(z));
  if (focal.gamma > 0) losses = losses * exp(log_one_plus_exp(z) * -focal.gamma);
  if (focal.alpha >= 0) losses = losses * (t.detach() * (2 * focal.alpha - 1) + (1 - focal.alpha));
  return reduced(losses, options);
}

Tensor focal_loss(const Tensor& logits, const Tensor& targets, double gamma, const Tensor& class_weight,
                  const CriterionOptions& options, int64_t ignore) {
  constexpr const char* op = "focal_loss";
  check(gamma >= 0, op, "gamma must not be negative, got ", gamma);
  check_defined(op, {&logits, &targets});
  check(logits.rank() >= 1 && logits.dim(-1) >= 2, op, "needs at least two classes, got logits ",
        logits.shape());
  check_options(op, logits.shape().without(-1), options);
  // A target that is masked out need not be a class.
  Tensor wanted = targets;
  if (options.mask.defined()) {
    const Tensor ignored = Tensor::full({}, static_cast<double>(ignore), i32, targets.device());
    wanted = where(options.mask, targets, ignored);
  }
  const Tensor x = counted(logits, options, true);
  const Tensor negative_log_p = cross_entropy(x, wanted, 0, ignore);  // checks targets; 0 where ignored
  Tensor seen;                                                        // u8 {...}
  CriterionOptions masked = options;
  Tensor losses = negative_log_p;
  {
    const NoGrad quiet;
    const Tensor ignored = equal(wanted, Tensor::full({}, static_cast<double>(ignore), i32, x.device()));
    seen = equal(ignored, Tensor::zeros({}, u8, x.device()));
    masked.mask = seen;
    wanted = where(seen, wanted, Tensor::zeros({}, i32, x.device()));
  }
  if (gamma > 0) {
    // log(1 - p_t): what the other classes have of the sum of exponentials.
    const Tensor is_target = equal(arange(x.dim(-1), i32, x.device()), unsqueeze(wanted, -1));
    const Tensor others = where(is_target, constant(-std::numeric_limits<double>::infinity(), x), x);
    losses = losses * exp((logsumexp(others, -1) - logsumexp(x, -1)) * gamma);
  }
  if (class_weight.defined()) {
    check<ShapeError>(class_weight.shape() == Shape{x.dim(-1)}, op, "class_weight must be {", x.dim(-1),
                      "}, got ", class_weight.shape());
    losses = losses * reshape(index_select(widened(class_weight), reshape(wanted, {-1})), wanted.shape());
  }
  return reduced(losses, masked);
}

Tensor kl_divergence(const Tensor& log_prediction, const Tensor& target, Target kind,
                     const CriterionOptions& options) {
  constexpr const char* op = "kl_divergence";
  check_pair(op, log_prediction, target);
  check<ShapeError>(target.rank() >= 1, op, "needs at least one axis, got scalars");
  check_options(op, target.shape().without(-1), options);
  const Tensor log_q = counted(log_prediction, options, true), t = counted(target, options, true);
  const Tensor zero = constant(0, t);
  Tensor terms;
  if (kind == Target::log_probabilities) {
    // Where the target is -infinity its probability is 0, and so is the term.
    terms = exp(t) * where(is_finite(t), t - log_q, zero);
  } else {
    const Tensor positive = less(zero, t);
    terms = t * (log(where(positive, t, constant(1, t))) - where(positive, log_q, zero));
  }
  return reduced(sum(terms, -1), options);
}

Tensor distillation_loss(const Tensor& logits, const Tensor& teacher, double temperature,
                         const CriterionOptions& options) {
  constexpr const char* op = "distillation_loss";
  check(temperature > 0, op, "the temperature must be above 0, got ", temperature);
  check_pair(op, logits, teacher);
  check<ShapeError>(logits.rank() >= 1, op, "needs at least one axis, got scalars");
  check_options(op, logits.shape().without(-1), options);
  const double inverse = 1 / temperature;
  const Tensor log_q = log_softmax(counted(logits, options, true) * inverse);
  const Tensor log_p = log_softmax(counted(teacher.detach(), options, true) * inverse);
  return kl_divergence(log_q, log_p, Target::log_probabilities, options) * (temperature * temperature);
}

}  // namespace mosaic::nn
