#include "engine/cuda/families.h"
#include "engine/cuda/launch.cuh"
#include "engine/cuda/row_stats.cuh"
#include "engine/kernels/softmax_on.h"

namespace mosaic::kernels::gpu {

const Softmax& softmax() {
  static constexpr SoftmaxOn<CudaLaunch> kernels;
  return kernels;
}

}  // namespace mosaic::kernels::gpu
