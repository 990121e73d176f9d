#include "engine/cuda/batch_norm_terms.h"

#include "engine/cuda/launch.cuh"
#include "engine/kernels/math.h"

namespace mosaic::kernels::gpu {
namespace {

template <class T>
struct FillChannel {
  T* values;
  T value;
  __device__ void operator()(int64_t c) const { values[c] = value; }
};
template <class T>
struct ScaleChannel {
  T* values;
  T factor;
  __device__ void operator()(int64_t c) const { values[c] *= factor; }
};
template <class T>
struct InverseDeviation {
  const T* variance;
  T eps;
  T* to;
  __device__ void operator()(int64_t c) const { to[c] = T(1) / sqrt(variance[c] + eps); }
};

}  // namespace

void fill_channels(DType dtype, void* values, int64_t channels, double value) {
  visit_wide(dtype, "batch_norm", [&]<class T>() {
    CudaLaunch::each(channels, 0, FillChannel<T>{static_cast<T*>(values), T(value)});
  });
}
void scale_channels(DType dtype, void* values, int64_t channels, double factor) {
  visit_wide(dtype, "batch_norm", [&]<class T>() {
    CudaLaunch::each(channels, 0, ScaleChannel<T>{static_cast<T*>(values), T(factor)});
  });
}
void inverse_deviations(DType dtype, const void* variance, double eps, void* to, int64_t channels) {
  visit_wide(dtype, "batch_norm", [&]<class T>() {
    CudaLaunch::each(channels, 0,
                     InverseDeviation<T>{static_cast<const T*>(variance), T(eps), static_cast<T*>(to)});
  });
}

}  // namespace mosaic::kernels::gpu
