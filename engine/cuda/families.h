// The CUDA kernels, a family a translation unit.
#pragma once

#include "engine/kernels/kernels.h"

namespace mosaic::kernels {

const Families& cuda_families();

namespace gpu {
const Elementwise& elementwise();
const Index& index();
const Random& random();
const Reduce& reduce();
const Softmax& softmax();
const Optim& optim();
const Norm& norm();
const Mix& mix();
const Attention& attention();
const Sequence& sequence();
const Gemm& gemm();
const Conv& conv();
const Pool& pool();
}  // namespace gpu

}  // namespace mosaic::kernels
