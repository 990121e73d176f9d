#include "engine/cuda/gemm_terms.h"

#include "engine/core/dtype.h"
#include "engine/cuda/launch.cuh"
#include "engine/kernels/scalar.h"

namespace mosaic::kernels::gpu {
namespace {

template <class T>
struct Finish {
  GemmArgs g;
  bool keep;
  __device__ void operator()(int64_t i) const {
    const int64_t c = i % g.n, r = i / g.n % g.m, batch = i / (g.n * g.m);
    T* to = static_cast<T*>(g.c) + batch / g.batch1 * g.c0 + batch % g.batch1 * g.c1 + r * g.ldc + c;
    using A = acc_t<T>;
    A value = keep ? A(*to) : A(0);
    if (g.bias) value += A(static_cast<const T*>(g.bias)[c]);
    *to = T(g.epilogue == Epilogue::relu ? Relu<A>{}(value) : value);
  }
};

}  // namespace

void finish_product(const GemmArgs& g) {
  visit_float(result_type(g), "gemm", [&]<class T>() {
    CudaLaunch::each(g.batch0 * g.batch1 * g.m * g.n, 0, Finish<T>{g, g.k > 0 || g.accumulate});
  });
}

}  // namespace mosaic::kernels::gpu
