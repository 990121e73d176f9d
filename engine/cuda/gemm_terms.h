// The terms of a matrix product that are not products.
#pragma once

#include "engine/kernels/gemm.h"

namespace mosaic::kernels::gpu {

// The type of C and bias.
inline DType result_type(const GemmArgs& g) {
  return g.wide ? accumulated(g.dtype) : g.dtype;
}

// C = what the products gave (nothing when k is 0: C itself if accumulated, else 0), plus bias, then the
// epilogue.
void finish_product(const GemmArgs& args);

}  // namespace mosaic::kernels::gpu
