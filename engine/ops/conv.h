// Convolutions (cross-correlations, as in every deep-learning library). The rules of ops.h hold.
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/window.h"

namespace mosaic {

struct Conv1dOptions {
  int64_t stride = 1, padding = 0, dilation = 1;
  int64_t groups = 1;  // input and output channels are cut into groups that do not see one another
};
struct Conv2dOptions {
  Size2d stride = 1, padding = 0, dilation = 1;
  int64_t groups = 1;
};

// x {batch, channels, length}, weight {out, channels / groups, kernel}, bias {out} or undefined ->
// {batch, out, length'} with y[b, o, t] = bias[o] + sum over channels i of o's group and places k of
// weight[o, i, k] x[b, i, t stride - padding + k dilation], padding counted as 0. Size of the result: see
// window_axis. ShapeError when sizes do not fit, ArgumentError for groups that do not divide the channels.
Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              const Conv1dOptions& options = {});
// The same over images: x {batch, channels, rows, cols}, weight {out, channels / groups, kernel rows, kernel
// cols} -> {batch, out, rows', cols'}. groups == channels is a depthwise convolution.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              const Conv2dOptions& options = {});

}  // namespace mosaic
