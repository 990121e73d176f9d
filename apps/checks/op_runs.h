// What both checks of an op case are made of: inputs, runs with gradients, layouts, comparisons.
#pragma once

#include "apps/checks/op_case.h"

namespace mosaic::checks {

Tensors make_inputs(const OpCase& op_case, DType dtype);
Tensor cotangent_for(const Tensor& y);

struct Outcome {
  Tensor y;
  Tensors gradients;  // of the inputs; none of a case that has no derivative
};
// `seed` undefined: a random cotangent. GradError when a differentiable case gives an untracked result.
Outcome run_with_gradients(const std::function<Tensor(const Tensors&)>& f, const Tensors& inputs,
                           bool differentiable, const Tensor& seed = {});

// The same values, laid out as the transpose of a dense tensor.
Tensor transposed_copy(const Tensor& x);
// The same values as the leading block of a larger tensor; `base` receives that tensor.
Tensor sliced_copy(const Tensor& x, Tensor& base);
// The case on such views; the gradients are those inside them. GradError when one is not zero around its
// slice.
Outcome run_on_slices(const OpCase& op_case, const Tensors& inputs);

// Largest |a - b| over max(1, largest |b|); infinite when shapes differ or a NaN meets a number.
double difference(const Tensor& a, const Tensor& b);
// The largest over the result and the gradients.
double difference(const Outcome& a, const Outcome& b);
// The same shape and the same bytes in row-major order.
bool same_bits(const Tensor& a, const Tensor& b);
bool same_bits(const Outcome& a, const Outcome& b);

}  // namespace mosaic::checks
