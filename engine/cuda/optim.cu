#include "engine/cuda/families.h"
#include "engine/cuda/launch.cuh"
#include "engine/kernels/optim_on.h"

namespace mosaic::kernels::gpu {

const Optim& optim() {
  static constexpr OptimOn<CudaLaunch> kernels;
  return kernels;
}

}  // namespace mosaic::kernels::gpu
