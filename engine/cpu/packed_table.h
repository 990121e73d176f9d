// Products with a weight that is kept in the order in which they read it: y{m, n} = x{m, k} W{n, k}^T, f32.
// Decoding multiplies a few rows at a time with the same weights again and again; packing them for every
// product (gemm_kernels.cpp) or turning them in registers (gemm_few_rows.h) then costs as much as the
// product.
//
// Each element has the bits that gemm() gives it on the same instruction set.
#pragma once

#include <cstdint>

namespace mosaic::kernels {

struct PackedArgs {
  int64_t m, n, k;
  const float* a;  // x, rows lda apart
  int64_t lda;
  const float* packed;  // W, as `pack` wrote it
  float* c;             // y, rows ldc apart
  int64_t ldc;
  const float* bias;  // n, or null
  bool relu;
};

struct PackedTable {
  int64_t (*size)(int64_t n, int64_t k);  // values of a packed W
  void (*pack)(const float* w, int64_t ldw, int64_t n, int64_t k, float* packed);
  void (*multiply)(const PackedArgs&);
};

namespace baseline {
const PackedTable& packed_table();
}
namespace avx2 {
const PackedTable& packed_table();
}
namespace avx512 {
const PackedTable& packed_table();
}

}  // namespace mosaic::kernels
