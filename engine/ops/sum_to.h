// The gradient side of broadcasting.
#pragma once

#include "engine/core/tensor.h"

namespace mosaic {

// Sums x over the axes along which `shape` was broadcast to x's shape; not recorded.
Tensor sum_to(const Tensor& x, const Shape& shape);

// Sums over one axis (removed from the shape), times scale; not recorded.
Tensor sum_axis(const Tensor& x, int axis, double scale);

}  // namespace mosaic
