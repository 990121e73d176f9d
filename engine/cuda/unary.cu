#include "engine/core/dtype.h"
#include "engine/cuda/elementwise.cuh"
#include "engine/cuda/loop.cuh"
#include "engine/kernels/scalar.h"

namespace mosaic::kernels::gpu {

void unary(const UnaryArgs& args) {
  visit_float(args.dtype, "unary", [&]<class T>() {
    visit_unary<compute_t<T>>(args.op, args.a, args.b, [&](const auto& function, double) {
      map_elements<T, T>(args.loop, {args.x}, args.y, args.accumulate, function);
    });
  });
}

}  // namespace mosaic::kernels::gpu
