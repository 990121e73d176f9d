// Where a gradient is summed because its input was broadcast.
#include "engine/ops/sum_to.h"

#include "engine/ops/ops.h"

namespace mosaic {

std::optional<SummedAxes> summed_axes(const Shape& whole, const Shape& shape) {
  const int added = whole.rank() - shape.rank();
  const auto summed = [&](int axis) {
    return whole[axis] != 1 && (axis < added || shape[axis - added] == 1);
  };
  int last = whole.rank();
  while (last > 0 && !summed(last - 1)) --last;
  if (last == 0) return {};
  int first = last - 1;
  while (first > 0 && (whole[first - 1] == 1 || summed(first - 1))) --first;
  SummedAxes axes{first, last, 1, 1, 1};
  for (int axis = 0; axis < whole.rank(); ++axis) {
    (axis < first ? axes.outer : axis < last ? axes.n : axes.cols) *= whole[axis];
  }
  return axes;
}

Shape SummedAxes::summed(Shape shape) const {
  for (int axis = first; axis < last; ++axis) shape = shape.with(axis, 1);
  return shape;
}

std::optional<std::array<int64_t, 3>> SummedAxes::strides(const Tensor& x, const Shape& shape) const {
  std::array<int64_t, 3> strides{};
  const int ends[] = {0, first, last, shape.rank()}, added = shape.rank() - x.rank();
  for (size_t group = 0; group < 3; ++group) {
    int64_t size = 1;
    for (int axis = ends[group + 1] - 1; axis >= ends[group]; --axis) {
      if (shape[axis] == 1) continue;
      const int64_t stride = axis < added || x.dim(axis - added) == 1 ? 0 : x.stride(axis - added);
      if (size == 1) {
        strides[group] = stride;
      } else if (stride != strides[group] * size) {
        return {};
      }
      size *= shape[axis];
    }
  }
  return strides;
}

Tensor sum_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  Tensor rest = x.detach().dense();
  while (const auto axes = summed_axes(rest.shape(), shape)) {
    const Tensor whole = reshape(rest, {axes->outer, axes->n, axes->cols});
    rest = reshape(sum_axis(whole, 1, 1), axes->summed(rest.shape()));
  }
  return reshape(rest, shape);
}

}  // namespace mosaic
