#include "engine/cuda/families.h"
#include "engine/cuda/launch.cuh"
#include "engine/kernels/pool_on.h"

namespace mosaic::kernels::gpu {

const Pool& pool() {
  static constexpr PoolOn<CudaLaunch> kernels;
  return kernels;
}

}  // namespace mosaic::kernels::gpu
