// Windows that slide over sequences and images: what convolution and pooling share.
#pragma once

#include "engine/core/tensor.h"
#include "engine/kernels/window.h"

namespace mosaic {

// A number for the rows (height) and one for the columns (width) of an image; one number stands for both.
struct Size2d {
  int64_t rows, cols;
  constexpr Size2d(int64_t both) : rows(both), cols(both) {}
  constexpr Size2d(int64_t rows_, int64_t cols_) : rows(rows_), cols(cols_) {}
};

// An axis of `in` inputs with its outputs counted, floor((in + 2 padding - dilation (kernel - 1) - 1) /
// stride) + 1. ArgumentError unless kernel, stride and dilation are positive and padding is not negative,
// ShapeError when the window does not fit once; `axis` ("rows") is for the message.
kernels::WindowAxis window_axis(const char* op, const char* axis, int64_t in, int64_t kernel, int64_t stride,
                                int64_t padding, int64_t dilation);

}  // namespace mosaic
