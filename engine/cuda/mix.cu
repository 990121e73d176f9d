#include "engine/cuda/families.h"
#include "engine/cuda/launch.cuh"
#include "engine/kernels/mix_on.h"

namespace mosaic::kernels::gpu {

const Mix& mix() {
  static constexpr MixOn<CudaLaunch> kernels;
  return kernels;
}

}  // namespace mosaic::kernels::gpu
