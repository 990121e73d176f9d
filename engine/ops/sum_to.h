// The gradient side of broadcasting.
#pragma once

#include <array>
#include <optional>

#include "engine/core/tensor.h"

namespace mosaic {

// Neighbouring axes [first, last) of a shape that are summed as one: the shape seen as {outer, n, cols}.
struct SummedAxes {
  int first, last;
  int64_t outer, n, cols;

  // The shape with these axes of size one.
  Shape summed(Shape shape) const;
  // Strides of x, broadcast to `shape`, over {outer, n, cols}; none where axes do not lie as one.
  std::optional<std::array<int64_t, 3>> strides(const Tensor& x, const Shape& shape) const;
};

// The last axes along which `shape` was broadcast to `whole`; none when they have the same elements.
std::optional<SummedAxes> summed_axes(const Shape& whole, const Shape& shape);

// Sums x over the axes along which `shape` was broadcast to x's shape; not recorded.
Tensor sum_to(const Tensor& x, const Shape& shape);

// Sums over one axis (removed from the shape), times scale; not recorded.
Tensor sum_axis(const Tensor& x, int axis, double scale);

}  // namespace mosaic
