// conv1d and conv2d. A sequence is an image of one row, so there is one op underneath.
#include "engine/ops/conv.h"

#include "engine/autograd/node.h"
#include "engine/core/meter.h"
#include "engine/kernels/kernels.h"
#include "engine/ops/check.h"
#include "engine/ops/half.h"
#include "engine/ops/ops.h"
#include "engine/ops/sum_to.h"

namespace mosaic {
namespace {

using kernels::ConvShape;

// Ranks, channels, groups and bias; `axes` are the spatial ones.
void check_conv(const char* op, const Tensor& x, const Tensor& weight, const Tensor& bias, int64_t groups,
                int axes) {
  check_defined(op, {&x, &weight});
  check_terms(op, x, {&weight, &bias});
  check<ShapeError>(x.rank() == axes + 2 && weight.rank() == axes + 2, op, "needs x and weight of rank ",
                    axes + 2, ", got ", x.shape(), " and ", weight.shape());
  const int64_t out = weight.dim(0);
  check(groups >= 1, op, "groups must be positive, got ", groups);
  check<ShapeError>(out > 0 && weight.dim(1) > 0 && x.dim(1) == weight.dim(1) * groups, op, "x ", x.shape(),
                    " does not fit weight ", weight.shape(), " in ", groups, " groups");
  check(out % groups == 0, op, out, " output channels cannot be cut into ", groups, " groups");
  check<ShapeError>(!bias.defined() || bias.shape() == Shape{out}, op, "bias must be {", out, "}, got ",
                    bias.defined() ? bias.shape() : Shape{});
}

// What the kernel writes to a new tensor; zeros when there is no image.
template <class Write>
Tensor written(const ConvShape& s, const Shape& shape, Device device, const Write& write) {
  if (s.batch == 0) return Tensor::zeros(shape, s.dtype, device);
  const Tensor result = Tensor::empty(shape, s.dtype, device);
  metering::count_products(s.batch * s.out_channels * s.rows.out * s.cols.out * (s.channels / s.groups) *
                           s.rows.kernel * s.cols.kernel);
  write(kernels::conv_kernels(device), result);
  return result;
}

// saved: x (for the weight's gradient) and weight (for that of x), undefined where not needed.
void conv_back(const Back& back, const ConvShape& s) {
  const Tensor dy = back.dy.dense();
  if (back.sink.wants(0)) {
    const Shape shape{s.batch, s.channels, s.rows.in, s.cols.in};
    back.sink.add(
        0, written(s, shape, dy.device(), [&](const kernels::Conv& conv, const Tensor& dx) {
          conv.conv_grad_input({.shape = s, .weight = back.saved[1].raw(), .dy = dy.raw(), .dx = dx.raw()});
        }));
  }
  if (back.sink.wants(1)) {
    const Shape shape{s.out_channels, s.channels / s.groups, s.rows.kernel, s.cols.kernel};
    back.sink.add(1, written(s, shape, dy.device(), [&](const kernels::Conv& conv, const Tensor& dweight) {
                    conv.conv_grad_weight(
                        {.shape = s, .x = back.saved[0].raw(), .dy = dy.raw(), .dweight = dweight.raw()});
                  }));
  }
  if (back.sink.wants(2)) {
    const Tensor planes = reshape(dy, {s.batch, s.out_channels, s.rows.out * s.cols.out});
    back.sink.add(2, sum_axis(sum_axis(planes, 2, 1), 0, 1));
  }
}

// x {batch, channels, rows, cols}, weight {out, channels / groups, kernel rows, kernel cols}, checked.
Tensor convolve(const char* op, const Tensor& x, const Tensor& weight, const Tensor& bias,
                const Conv2dOptions& o) {
  if (is_half(x.dtype())) {
    const auto wide = [&x](const Tensor& t) { return widened(rounded_master(t, x.dtype())); };
    return convolve(op, wide(x), wide(weight), wide(bias), o).to(x.dtype());
  }
  const ConvShape s{.dtype = x.dtype(),
                    .batch = x.dim(0),
                    .channels = x.dim(1),
                    .out_channels = weight.dim(0),
                    .groups = o.groups,
                    .rows = window_axis(op, "rows", x.dim(2), weight.dim(2), o.stride.rows, o.padding.rows,
                                        o.dilation.rows),
                    .cols = window_axis(op, "columns", x.dim(3), weight.dim(3), o.stride.cols, o.padding.cols,
                                        o.dilation.cols)};
  const Tensor held = x.detach().dense(), w = weight.detach().dense(),
               b = bias.defined() ? bias.detach().dense() : Tensor();
  const Shape shape{s.batch, s.out_channels, s.rows.out, s.cols.out};
  const Tensor y = written(s, shape, x.device(), [&](const kernels::Conv& conv, const Tensor& out) {
    conv.conv({.shape = s,
               .x = held.raw(),
               .weight = w.raw(),
               .bias = b.defined() ? b.raw() : nullptr,
               .y = out.raw()});
  });
  return record({.op = op,
                 .inputs = {x, weight, bias},
                 .saved = {weight.tracked() ? held : Tensor(), x.tracked() ? w : Tensor()},
                 .backward = [s](const Back& back) { conv_back(back, s); }},
                y);
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options) {
  check_conv("conv2d", x, weight, bias, options.groups, 2);
  return convolve("conv2d", x, weight, bias, options);
}

Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv1dOptions& options) {
  check_conv("conv1d", x, weight, bias, options.groups, 1);
  const Tensor y = convolve("conv1d", unsqueeze(x, 2), unsqueeze(weight, 2), bias,
                            {.stride = {1, options.stride},
                             .padding = {0, options.padding},
                             .dilation = {1, options.dilation},
                             .groups = options.groups});
  return squeeze(y, 2);
}

}  // namespace mosaic
