// Convolution of images {batch, channels, rows, cols}: what the kernels are told.
#pragma once

#include "engine/core/dtype.h"
#include "engine/kernels/window.h"

namespace mosaic::kernels {

// Channels and output channels are divided into `groups` that do not see one another. All tensors are dense:
// x {batch, channels, rows.in, cols.in}, weight {out_channels, channels / groups, rows.kernel, cols.kernel},
// y {batch, out_channels, rows.out, cols.out}. Only rows.in and cols.in may be 0, with padding around them. A
// sequence is an image of one row.
struct ConvShape {
  DType dtype;
  int64_t batch, channels, out_channels, groups;
  WindowAxis rows, cols;
};

// y[b, o, r, c] = bias[o] + sum over the channels i of o's group and the places (k, l) of
// weight[o, i, k, l] x[b, i, at(r, k), at(c, l)], as window.h says; padding counts as 0.
struct ConvArgs {
  ConvShape shape;
  const void* x;
  const void* weight;
  const void* bias;  // {out_channels}; null: none
  void* y;
};
struct ConvGradInputArgs {
  ConvShape shape;
  const void* weight;
  const void* dy;
  void* dx;
};
struct ConvGradWeightArgs {
  ConvShape shape;
  const void* x;
  const void* dy;
  void* dweight;
};

struct Conv {
  virtual void conv(const ConvArgs& args) const = 0;
  virtual void conv_grad_input(const ConvGradInputArgs& args) const = 0;
  virtual void conv_grad_weight(const ConvGradWeightArgs& args) const = 0;

 protected:
  ~Conv() = default;
};

}  // namespace mosaic::kernels
