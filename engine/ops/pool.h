// Pooling of sequences {batch, channels, length} and images {batch, channels, rows, cols}. The rules of ops.h
// hold.
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/window.h"

namespace mosaic {

struct MaxPool1dOptions {
  int64_t kernel = 2;
  int64_t stride = 0;  // 0: the kernel's size
  int64_t padding = 0, dilation = 1;
};
struct MaxPool2dOptions {
  Size2d kernel = 2;
  Size2d stride = 0;  // 0: the kernel's size
  Size2d padding = 0, dilation = 1;
};
// The largest element of every window (sizes: see window_axis); padding is never it. The gradient goes to the
// first of equal ones; NaN passes through. ShapeError when a window sees padding only.
Tensor max_pool1d(const Tensor& x, const MaxPool1dOptions& options);
Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& options);

struct AveragePool1dOptions {
  int64_t kernel = 2;
  int64_t stride = 0;  // 0: the kernel's size
  int64_t padding = 0;
  bool count_padding = true;  // the sum is divided by the window's size; false: by the inputs it sees
};
struct AveragePool2dOptions {
  Size2d kernel = 2;
  Size2d stride = 0;  // 0: the kernel's size
  Size2d padding = 0;
  bool count_padding = true;
};
// The mean of every window, padding counted as zeros or left out.
Tensor average_pool1d(const Tensor& x, const AveragePool1dOptions& options);
Tensor average_pool2d(const Tensor& x, const AveragePool2dOptions& options);

// To a given size, whatever that of the input: output o of `out` is the mean of the inputs
// [floor(o in / out), ceil((o + 1) in / out)), which overlap where out does not divide in. Size 1 is global
// average pooling.
Tensor adaptive_average_pool1d(const Tensor& x, int64_t out);
Tensor adaptive_average_pool2d(const Tensor& x, Size2d out);

}  // namespace mosaic
