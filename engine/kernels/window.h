// One axis of a sliding window, as convolution and pooling see it.
#pragma once

#include <cstdint>

namespace mosaic::kernels {

// Output o sees the inputs o * stride - padding + k * dilation, k in [0, kernel); those outside [0, in) are
// padding. ops/window.h computes `out`.
struct WindowAxis {
  int64_t in = 1, out = 1, kernel = 1, stride = 1, padding = 0, dilation = 1;
};

}  // namespace mosaic::kernels
