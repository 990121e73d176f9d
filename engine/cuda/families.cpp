#include "engine/cuda/families.h"

namespace mosaic::kernels {

const Families& cuda_families() {
  static const Families families{gpu::elementwise(), gpu::index(),    gpu::random(), gpu::reduce(),
                                 gpu::softmax(),     gpu::optim(),    gpu::norm(),   gpu::mix(),
                                 gpu::attention(),   gpu::sequence(), gpu::gemm(),   gpu::conv(),
                                 gpu::pool()};
  return families;
}

}  // namespace mosaic::kernels
