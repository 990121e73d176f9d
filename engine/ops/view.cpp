// Views share bytes with their base, and their gradients are regions of the base's gradient. Each view is one
// function from a tensor to a tensor without recording, applied to the values and later to the gradient.
#include <algorithm>
#include <optional>
#include <vector>

#include "engine/autograd/node.h"
#include "engine/ops/check.h"
#include "engine/ops/ops.h"
#include "engine/ops/sum_to.h"

namespace mosaic {
namespace {

size_t at(int axis) {
  return static_cast<size_t>(axis);
}

template <class F>
Tensor as_view(const char* op, const Tensor& x, const F& view) {
  return record_view(op, x, view(x), view);
}

// The strides with which x's elements, in row-major order, read as `shape`; nothing when no strides do.
std::optional<Strides> strides_as(const Tensor& x, const Shape& shape) {
  if (x.is_dense()) return dense_strides(shape);
  Strides strides{};
  int to = shape.rank() - 1;
  for (int axis = x.rank() - 1; axis >= 0;) {
    // A maximal group of x's axes that are one axis of memory.
    int64_t group = x.dim(axis);
    const int inner = axis--;
    int64_t step = x.stride(inner);
    if (group == 1) continue;
    while (axis >= 0 && (x.dim(axis) == 1 || x.stride(axis) == step * group)) group *= x.dim(axis--);
    // Axes of the new shape that fill the group exactly.
    while (group > 1) {
      if (to < 0 || group % shape[to] != 0) return std::nullopt;
      strides[at(to)] = step;
      step *= shape[to];
      group /= shape[to--];
    }
  }
  return strides;  // axes of size one that are left keep stride 0
}

Shape resolve(const Tensor& x, std::span<const int64_t> sizes) {
  int64_t known = 1;
  int open = -1;
  std::vector<int64_t> full(sizes.begin(), sizes.end());
  for (size_t i = 0; i < full.size(); ++i) {
    if (full[i] != -1) {
      known *= full[i];
      continue;
    }
    check<ShapeError>(open < 0, "reshape", "only one size may be -1");
    open = static_cast<int>(i);
  }
  if (open >= 0) {
    check<ShapeError>(known != 0 && x.numel() % known == 0, "reshape", x.shape(),
                      " has no whole number for the size -1");
    full[at(open)] = x.numel() / known;
  }
  return Shape(full);
}

}  // namespace

Tensor slice(const Tensor& x, int axis, int64_t begin, int64_t end) {
  axis = x.shape().check_axis(axis);
  check<ShapeError>(0 <= begin && begin <= end && end <= x.dim(axis), "slice", "[", begin, ", ", end,
                    ") does not lie in axis ", axis, " of ", x.shape());
  if (begin == 0 && end == x.dim(axis)) return x;
  return as_view("slice", x, [=](const Tensor& t) {
    return t.with_layout(t.shape().with(axis, end - begin), t.strides(), t.offset() + begin * t.stride(axis));
  });
}

Tensor leading(const Tensor& x, const Shape& shape) {
  check<ShapeError>(shape.rank() == x.rank(), "leading", shape, " of ", x.shape(),
                    " needs the same number of axes");
  for (int axis = 0; axis < x.rank(); ++axis) {
    check<ShapeError>(shape[axis] <= x.dim(axis), "leading", shape, " does not fit into ", x.shape());
  }
  if (shape == x.shape()) return x;
  return as_view("leading", x,
                 [shape](const Tensor& t) { return t.with_layout(shape, t.strides(), t.offset()); });
}

Tensor permute(const Tensor& x, std::span<const int> axes) {
  check<ShapeError>(static_cast<int>(axes.size()) == x.rank(), "permute", axes.size(), " axes for ",
                    x.shape());
  std::vector<int> order;
  for (const int axis : axes) {
    order.push_back(x.shape().check_axis(axis));
    check<ShapeError>(std::count(order.begin(), order.end(), order.back()) == 1, "permute", "axis ", axis,
                      " is named twice");
  }
  return as_view("permute", x, [order](const Tensor& t) {
    Shape shape = t.shape();
    Strides strides{};
    for (size_t i = 0; i < order.size(); ++i) {
      shape = shape.with(static_cast<int>(i), t.dim(order[i]));
      strides[i] = t.stride(order[i]);
    }
    return t.with_layout(shape, strides, t.offset());
  });
}

Tensor transpose(const Tensor& x, int a, int b) {
  a = x.shape().check_axis(a);
  b = x.shape().check_axis(b);
  std::vector<int> order;
  for (int axis = 0; axis < x.rank(); ++axis) order.push_back(axis == a ? b : axis == b ? a : axis);
  return permute(x, order);
}

Tensor squeeze(const Tensor& x, int axis) {
  axis = x.shape().check_axis(axis);
  check<ShapeError>(x.dim(axis) == 1, "squeeze", "axis ", axis, " of ", x.shape(), " is not of size one");
  return as_view("squeeze", x, [axis](const Tensor& t) {
    Strides strides = t.strides();
    std::copy(strides.begin() + axis + 1, strides.end(), strides.begin() + axis);
    return t.with_layout(t.shape().without(axis), strides, t.offset());
  });
}

Tensor unsqueeze(const Tensor& x, int axis) {
  const Shape shape = x.shape().inserted(axis, 1);
  if (axis < 0) axis += shape.rank();
  return as_view("unsqueeze", x, [axis, shape](const Tensor& t) {
    Strides strides = t.strides();
    std::copy_backward(strides.begin() + axis, strides.end() - 1, strides.end());
    // What a dense tensor would have there, so that dense stays dense for whoever reads strides.
    strides[at(axis)] = axis + 1 < shape.rank() ? strides[at(axis) + 1] * shape[axis + 1] : 1;
    return t.with_layout(shape, strides, t.offset());
  });
}

Tensor reshape(const Tensor& x, std::initializer_list<int64_t> sizes) {
  return reshape(x, resolve(x, std::span(sizes.begin(), sizes.size())));
}

Tensor reshape(const Tensor& x, const Shape& shape) {
  check<ShapeError>(shape.numel() == x.numel(), "reshape", x.shape(), " has ", x.numel(), " elements, ",
                    shape, " has ", shape.numel());
  if (shape == x.shape()) return x;
  const std::optional<Strides> strides = strides_as(x, shape);
  if (!strides) return reshape(x.dense(), shape);
  const Tensor y = x.with_layout(shape, *strides, x.offset());
  // A root's gradient is dense and can be read in any shape in place. A view's region may be strided where
  // the values are not, so there the gradient goes back by a copy.
  if (x.is_leaf() || !x.node()->is_view()) {
    return record_view("reshape", x, y, [shape](const Tensor& t) {
      return t.with_layout(shape, dense_strides(shape), t.offset());
    });
  }
  return record({.op = "reshape",
                 .inputs = {x},
                 .saved = {},
                 .backward = [from = x.shape()](const Back& b) { b.sink.add(0, reshape(b.dy, from)); }},
                y);
}

Tensor expand(const Tensor& x, const Shape& shape) {
  check<ShapeError>(Shape::broadcast(x.shape(), shape) == shape, "expand", x.shape(), " does not expand to ",
                    shape);
  if (shape == x.shape()) return x;
  Strides strides{};
  const int added = shape.rank() - x.rank();
  for (int axis = added; axis < shape.rank(); ++axis) {
    strides[at(axis)] = x.dim(axis - added) == shape[axis] ? x.stride(axis - added) : 0;
  }
  return record({.op = "expand",
                 .inputs = {x},
                 .saved = {},
                 .backward = [from = x.shape()](const Back& b) { b.sink.add(0, sum_to(b.dy, from)); }},
                x.with_layout(shape, strides, x.offset()));
}

Tensor concat(std::span<const Tensor> parts, int axis) {
  check(!parts.empty(), "concat", "needs at least one tensor");
  check_defined("concat", {&parts[0]});
  axis = parts[0].shape().check_axis(axis);
  std::vector<int64_t> ends;
  for (const Tensor& part : parts) {
    check_defined("concat", {&part});
    check_alike("concat", {&parts[0], &part});
    check<ShapeError>(
        part.rank() == parts[0].rank() && part.shape().with(axis, 1) == parts[0].shape().with(axis, 1),
        "concat", part.shape(), " beside ", parts[0].shape(), " along axis ", axis);
    ends.push_back((ends.empty() ? 0 : ends.back()) + part.dim(axis));
  }
  const Tensor y =
      Tensor::empty(parts[0].shape().with(axis, ends.back()), parts[0].dtype(), parts[0].device());
  for (size_t i = 0; i < parts.size(); ++i)
    copy_(slice(y, axis, ends[i] - parts[i].dim(axis), ends[i]), parts[i].detach());
  return record({.op = "concat",
                 .inputs = {parts.begin(), parts.end()},
                 .saved = {},
                 .backward =
                     [axis, ends](const Back& b) {
                       for (size_t i = 0; i < ends.size(); ++i) {
                         if (b.sink.wants(i))
                           b.sink.add(i, slice(b.dy, axis, i == 0 ? 0 : ends[i - 1], ends[i]));
                       }
                     }},
                y);
}

Tensor stack(std::span<const Tensor> parts, int axis) {
  std::vector<Tensor> layers;
  for (const Tensor& part : parts) {
    check<ShapeError>(part.shape() == parts[0].shape(), "stack", part.shape(), " beside ", parts[0].shape());
    layers.push_back(unsqueeze(part, axis));
  }
  return concat(layers, axis);
}

}  // namespace mosaic
