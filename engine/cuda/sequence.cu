#include "engine/cuda/families.h"
#include "engine/cuda/launch.cuh"
#include "engine/kernels/sequence_on.h"

namespace mosaic::kernels::gpu {

const Sequence& sequence() {
  static constexpr SequenceOn<CudaLaunch> kernels;
  return kernels;
}

}  // namespace mosaic::kernels::gpu
