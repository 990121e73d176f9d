#include "engine/core/dtype.h"
#include "engine/cuda/elementwise.cuh"
#include "engine/cuda/loop.cuh"
#include "engine/kernels/scalar.h"

namespace mosaic::kernels::gpu {

// back as a function of two operands.
template <class F>
struct Backwards {
  F function;
  template <class T>
  __device__ __forceinline__ T operator()(T saved, T dy) const {
    return function.back(saved, dy);
  }
};

void unary_back(const UnaryBackArgs& args) {
  visit_float(args.dtype, "unary_back", [&]<class T>() {
    visit_unary<compute_t<T>>(args.op, args.a, args.b, [&]<class F>(const F& function, double) {
      map_elements<T, T, T>(args.loop, {args.saved, args.dy}, args.dx, args.accumulate,
                            Backwards<F>{function});
    });
  });
}

}  // namespace mosaic::kernels::gpu
