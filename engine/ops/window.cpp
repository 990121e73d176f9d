#include "engine/ops/window.h"

namespace mosaic {

kernels::WindowAxis window_axis(const char* op, const char* axis, int64_t in, int64_t kernel, int64_t stride,
                                int64_t padding, int64_t dilation) {
  check(kernel >= 1 && stride >= 1 && dilation >= 1 && padding >= 0, op,
        "needs a positive kernel, stride and dilation and no negative padding along the ", axis, ", got ",
        kernel, ", ", stride, ", ", dilation, " and ", padding);
  const int64_t room = in + 2 * padding - dilation * (kernel - 1) - 1;
  check<ShapeError>(room >= 0, op, "a window of ", kernel, " with dilation ", dilation, " does not fit the ",
                    in, " ", axis, " with padding ", padding);
  return {.in = in,
          .out = room / stride + 1,
          .kernel = kernel,
          .stride = stride,
          .padding = padding,
          .dilation = dilation};
}

}  // namespace mosaic
