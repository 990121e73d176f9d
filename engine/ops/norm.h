// Normalisations beside layer_norm and add_layer_norm of ops.h, whose rules hold.
#pragma once

#include "engine/core/random.h"
#include "engine/core/tensor.h"

namespace mosaic {

// Over the last axis: x / sqrt(mean(x^2) + eps) * gamma; gamma {cols} (Zhang and Sennrich 2019, "Root mean
// square layer normalization").
Tensor rms_norm(const Tensor& x, const Tensor& gamma, double eps = 1e-6);
// rms_norm(x + dropout(y, p)): one pass over a residual block's end. rng may be null when p == 0.
Tensor add_rms_norm(const Tensor& x, const Tensor& y, double dropout, Generator* rng, const Tensor& gamma,
                    double eps = 1e-6);

// Over all axes but 1 (Ioffe and Szegedy 2015): x {batch, channels, ...} -> (x - mean) / sqrt(variance + eps)
// * gamma + beta, with gamma and beta {channels} or undefined (ones, zeros).
struct BatchNormResult {
  Tensor y;
  Tensor mean, variance;  // {channels}, never tracked; variance: squares over the number of elements
};
// With the statistics of x, which the gradient goes through. ShapeError when there are no elements.
BatchNormResult batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, double eps = 1e-5);
// With given statistics {channels}, as in evaluation; GradError when they are tracked.
Tensor batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, const Tensor& mean,
                  const Tensor& variance, double eps = 1e-5);

}  // namespace mosaic
