// The terms of a matrix product that are not products.
#pragma once

#include "engine/kernels/gemm.h"

namespace mosaic::kernels::gpu {

// C = what the products gave (nothing when k is 0: C itself if accumulated, else 0), plus bias, then the
// epilogue.
void finish_product(const GemmArgs& args);

}  // namespace mosaic::kernels::gpu
