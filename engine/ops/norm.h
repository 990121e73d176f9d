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

}  // namespace mosaic
