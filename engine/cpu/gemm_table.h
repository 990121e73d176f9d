// The GEMM kernels of each instruction set.
#pragma once

#include "engine/kernels/gemm.h"

namespace mosaic::kernels {

struct GemmTable {
  void (*f32)(const GemmArgs&);
  void (*f64)(const GemmArgs&);  // null but in baseline: f64 is for checking gradients, not for speed
};

namespace baseline {
const GemmTable& gemm_table();
}
namespace avx2 {
const GemmTable& gemm_table();
}
namespace avx512 {
const GemmTable& gemm_table();
}

}  // namespace mosaic::kernels
