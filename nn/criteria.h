// Criteria: how far predictions are from what is wanted, as tensors of losses that any model can be trained
// on.
//
// nn/loss.h has the summed losses of this project's models; these are the general ones. All are made of ops,
// so they run on every device, and every one is written so that large logits, probabilities of exactly 0 or 1
// and masked-out NaNs give neither NaN nor infinity.
//
// Shared by all: predictions and targets have one shape, dtype and device (ShapeError, DtypeError,
// DeviceError); gradients reach both, unless said otherwise. Of half types they are computed, and given, in
// f32.
#pragma once

#include <cstdint>

#include "engine/core/tensor.h"

namespace mosaic::nn {

enum class Reduction : uint8_t { mean, sum, none };

// How the losses of elements (or rows) become one number.
struct CriterionOptions {
  Reduction reduction = Reduction::mean;
  // u8, broadcasts to the losses: 1 = counts. Elsewhere the loss is 0, no gradient flows, and predictions and
  // targets may hold anything, NaN too. The mean is over what counts; of nothing it is 0.
  Tensor mask = {};
  // Float, broadcasts to the losses, multiplies them. The mean divides by their number, not by the weights'
  // sum.
  Tensor weight = {};
};

// (prediction - target)^2 -> {...}, or {} when reduced.
Tensor mse_loss(const Tensor& prediction, const Tensor& target, const CriterionOptions& options = {});
// |prediction - target|; gradient 0 where they are equal.
Tensor l1_loss(const Tensor& prediction, const Tensor& target, const CriterionOptions& options = {});
// With e = prediction - target: e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2) (Huber 1964).
// Divided by delta it is known as the smooth L1 loss. ArgumentError unless delta > 0.
Tensor huber_loss(const Tensor& prediction, const Tensor& target, double delta = 1,
                  const CriterionOptions& options = {});

// Binary cross-entropy of p = sigmoid(logits): -(w t log p + (1 - t) log(1 - p)); targets usually in [0, 1].
// positive_weight w, float, broadcasts to the logits (one a class, say); undefined: 1.
Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& targets,
                                        const Tensor& positive_weight = {},
                                        const CriterionOptions& options = {});

struct FocalOptions {
  double gamma = 2;     // how much less easy examples count; 0: cross-entropy
  double alpha = 0.25;  // the weight of positives, negatives have 1 - alpha; negative: no weights
};
// Focal loss of independent labels, -alpha_t (1 - p_t)^gamma log p_t, where p_t is the probability that
// sigmoid(logits) gives to the target (Lin et al. 2017, "Focal Loss for Dense Object Detection").
// ArgumentError for targets other than 0 and 1, gamma < 0 or alpha > 1. No gradient for targets.
Tensor sigmoid_focal_loss(const Tensor& logits, const Tensor& targets, const FocalOptions& focal = {},
                          const CriterionOptions& options = {});
// The same for one class out of several: logits {..., classes}, targets i32 {...} -> {...} with
// -class_weight[t] (1 - p_t)^gamma log p_t, p = softmax(logits). class_weight {classes}; undefined: 1.
// Targets equal to `ignore` are masked out. ArgumentError for other targets outside the classes, fewer than
// two classes or gamma < 0.
Tensor focal_loss(const Tensor& logits, const Tensor& targets, double gamma = 2,
                  const Tensor& class_weight = {}, const CriterionOptions& options = {},
                  int64_t ignore = -100);

// What the target of a divergence is given as.
enum class Target : uint8_t { probabilities, log_probabilities };
// KL(target || prediction) of the last axis, sum_c t_c (log t_c - log q_c) with log q = log_prediction
// {..., classes}, -> {...}: one loss a distribution, so the mean is over distributions. 0 log 0 is 0, and
// where t_c is 0, log q_c may be -infinity.
Tensor kl_divergence(const Tensor& log_prediction, const Tensor& target, Target kind = Target::probabilities,
                     const CriterionOptions& options = {});
// T^2 KL(softmax(teacher / T) || softmax(logits / T)) of logits {..., classes} -> {...}. The factor keeps the
// gradient's size when the temperature T changes (Hinton et al. 2015, "Distilling the Knowledge in a Neural
// Network"). No gradient for the teacher. ArgumentError unless T > 0.
Tensor distillation_loss(const Tensor& logits, const Tensor& teacher, double temperature = 1,
                         const CriterionOptions& options = {});

}  // namespace mosaic::nn
