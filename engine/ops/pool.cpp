// Pooling. A sequence is an image of one row, so there are two ops underneath: the largest and the mean.
#include "engine/ops/pool.h"

#include <limits>

#include "engine/autograd/node.h"
#include "engine/kernels/kernels.h"
#include "engine/ops/check.h"
#include "engine/ops/half.h"
#include "engine/ops/ops.h"

namespace mosaic {
namespace {

using kernels::Average;
using kernels::PoolShape;
using kernels::WindowAxis;

void check_pool(const char* op, const Tensor& x, int axes) {
  check_float(op, {&x});
  check<ShapeError>(x.rank() == axes + 2, op, "needs x of rank ", axes + 2, ", got ", x.shape());
}

WindowAxis pool_axis(const char* op, const char* name, int64_t in, int64_t kernel, int64_t stride,
                     int64_t padding, int64_t dilation) {
  const WindowAxis axis = window_axis(op, name, in, kernel, stride == 0 ? kernel : stride, padding, dilation);
  for (int64_t o = 0; o < axis.out; ++o) {
    int64_t at = o * axis.stride - padding;
    const int64_t end = at + kernel * dilation;
    if (at < 0)
      at = at % dilation == 0 ? 0 : at % dilation + dilation;  // the first place that is not before 0
    check<ShapeError>(at < end && at < in, op, "window ", o, " along the ", name, " sees padding only: ", in,
                      " ", name, ", kernel ", kernel, ", padding ", padding, ", dilation ", dilation);
  }
  return axis;
}

PoolShape pool_shape(const char* op, const Tensor& x, Size2d kernel, Size2d stride, Size2d padding,
                     Size2d dilation) {
  return {.dtype = x.dtype(),
          .planes = x.dim(0) * x.dim(1),
          .rows = pool_axis(op, "rows", x.dim(2), kernel.rows, stride.rows, padding.rows, dilation.rows),
          .cols = pool_axis(op, "columns", x.dim(3), kernel.cols, stride.cols, padding.cols, dilation.cols)};
}

Shape pooled(const Tensor& x, const PoolShape& s) {
  return {x.dim(0), x.dim(1), s.rows.out, s.cols.out};
}

Tensor largest(const char* op, const Tensor& x, const MaxPool2dOptions& o) {
  if (is_half(x.dtype())) return largest(op, widened(x), o).to(x.dtype());
  const PoolShape s = pool_shape(op, x, o.kernel, o.stride, o.padding, o.dilation);
  check<ShapeError>(s.rows.in * s.cols.in <= std::numeric_limits<int32_t>::max(), op, "images of ", x.shape(),
                    " are too large");
  const Tensor held = x.detach().dense(), y = Tensor::empty(pooled(x, s), x.dtype(), x.device()),
               at = wants_grad({&x}) ? Tensor::empty(y.shape(), i32, x.device()) : Tensor();
  kernels::pool_kernels(x.device())
      .max_pool(
          {.shape = s, .x = held.raw(), .y = y.raw(), .at = at.defined() ? at.data<int32_t>() : nullptr});
  return record(
      {.op = op,
       .inputs = {x},
       .saved = {at},
       .backward =
           [s, shape = x.shape()](const Back& back) {
             const Tensor dy = back.dy.dense(), dx = Tensor::empty(shape, dy.dtype(), dy.device());
             kernels::pool_kernels(dy.device())
                 .max_pool_back(
                     {.shape = s, .dy = dy.raw(), .at = back.saved[0].data<int32_t>(), .dx = dx.raw()});
             back.sink.add(0, dx);
           }},
      y);
}

Tensor averaged(const char* op, const Tensor& x, const PoolShape& s, Average average) {
  const Tensor held = x.detach().dense(), y = Tensor::empty(pooled(x, s), x.dtype(), x.device());
  kernels::pool_kernels(x.device())
      .average_pool({.shape = s, .average = average, .from = held.raw(), .to = y.raw()});
  return record(
      {.op = op,
       .inputs = {x},
       .saved = {},
       .backward =
           [s, average, shape = x.shape()](const Back& back) {
             const Tensor dy = back.dy.dense(), dx = Tensor::empty(shape, dy.dtype(), dy.device());
             kernels::pool_kernels(dy.device())
                 .average_pool_back({.shape = s, .average = average, .from = dy.raw(), .to = dx.raw()});
             back.sink.add(0, dx);
           }},
      y);
}

Tensor windows_averaged(const char* op, const Tensor& x, const AveragePool2dOptions& o) {
  if (is_half(x.dtype())) return windows_averaged(op, widened(x), o).to(x.dtype());
  return averaged(op, x, pool_shape(op, x, o.kernel, o.stride, o.padding, 1),
                  o.count_padding ? Average::window : Average::inputs);
}

Tensor to_size(const char* op, const Tensor& x, Size2d out) {
  if (is_half(x.dtype())) return to_size(op, widened(x), out).to(x.dtype());
  check(out.rows >= 1 && out.cols >= 1, op, "needs a positive size, got ", out.rows, " x ", out.cols);
  check<ShapeError>(x.dim(2) >= 1 && x.dim(3) >= 1, op, "has nothing to average in ", x.shape());
  // About the size of the windows, for the cost of a launch.
  const auto axis = [](int64_t in, int64_t size) {
    return WindowAxis{.in = in, .out = size, .kernel = (in + size - 1) / size};
  };
  const PoolShape s{.dtype = x.dtype(),
                    .planes = x.dim(0) * x.dim(1),
                    .rows = axis(x.dim(2), out.rows),
                    .cols = axis(x.dim(3), out.cols)};
  return averaged(op, x, s, Average::whole_input);
}

}  // namespace

Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& options) {
  check_pool("max_pool2d", x, 2);
  return largest("max_pool2d", x, options);
}
Tensor max_pool1d(const Tensor& x, const MaxPool1dOptions& options) {
  check_pool("max_pool1d", x, 1);
  return squeeze(largest("max_pool1d", unsqueeze(x, 2),
                         {.kernel = {1, options.kernel},
                          .stride = {1, options.stride},
                          .padding = {0, options.padding},
                          .dilation = {1, options.dilation}}),
                 2);
}

Tensor average_pool2d(const Tensor& x, const AveragePool2dOptions& options) {
  check_pool("average_pool2d", x, 2);
  return windows_averaged("average_pool2d", x, options);
}
Tensor average_pool1d(const Tensor& x, const AveragePool1dOptions& options) {
  check_pool("average_pool1d", x, 1);
  return squeeze(windows_averaged("average_pool1d", unsqueeze(x, 2),
                                  {.kernel = {1, options.kernel},
                                   .stride = {1, options.stride},
                                   .padding = {0, options.padding},
                                   .count_padding = options.count_padding}),
                 2);
}

Tensor adaptive_average_pool2d(const Tensor& x, Size2d out) {
  check_pool("adaptive_average_pool2d", x, 2);
  return to_size("adaptive_average_pool2d", x, out);
}
Tensor adaptive_average_pool1d(const Tensor& x, int64_t out) {
  check_pool("adaptive_average_pool1d", x, 1);
  return squeeze(to_size("adaptive_average_pool1d", unsqueeze(x, 2), {1, out}), 2);
}

}  // namespace mosaic
