// Sizes of a convolution, for any device.
#pragma once

#include "engine/kernels/conv.h"
#include "engine/kernels/math.h"
#include "engine/kernels/window_on.h"

namespace mosaic::kernels::MOSAIC_ISA {

MOSAIC_HD inline int64_t in_size(const ConvShape& s) {
  return s.rows.in * s.cols.in;
}
MOSAIC_HD inline int64_t out_size(const ConvShape& s) {
  return s.rows.out * s.cols.out;
}
MOSAIC_HD inline int64_t places(const ConvShape& s) {
  return s.rows.kernel * s.cols.kernel;
}
// Inputs that one output element sees.
MOSAIC_HD inline int64_t patch(const ConvShape& s) {
  return s.channels / s.groups * places(s);
}
// Output channels of one group.
MOSAIC_HD inline int64_t outputs(const ConvShape& s) {
  return s.out_channels / s.groups;
}

// Groups of one channel: no product of matrices is needed.
MOSAIC_HD inline bool is_depthwise(const ConvShape& s) {
  return s.channels == s.groups;
}
// Windows of one element, one after another: the image itself is the matrix of patches.
MOSAIC_HD inline bool is_pointwise(const ConvShape& s) {
  const auto sees_one = [](const WindowAxis& axis) {
    return axis.kernel == 1 && axis.stride == 1 && axis.padding == 0;
  };
  return sees_one(s.rows) && sees_one(s.cols);
}

}  // namespace mosaic::kernels::MOSAIC_ISA
