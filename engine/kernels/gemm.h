// General matrix product with leading dimensions, transposes, two batch loops and a fused epilogue.
//
// Bitwise invariant (of the CPU, per instruction set): an element of C is one chain of fused multiply-adds
// over k in ascending order, restarted from zero every block of k; each block's sum is scaled by alpha and
// added to C. The blocks depend on k alone. Hence a value depends only on its row of op(A), its column of
// op(B) and k: not on m, n, leading dimensions, alignment, batch position or the number of threads, and a row
// computed alone (m = 1) equals the same row computed with a thousand others.
#pragma once

#include <cstdint>

#include "engine/core/dtype.h"

namespace mosaic::kernels {

enum class Epilogue : uint8_t { none, relu };

// C = (accumulate ? C : 0) + alpha * op(A) op(B), then + bias, then the epilogue. Matrices are row-major with
// a dense last dimension; leading dimensions and strides count elements. C must not overlap A, B or bias.
struct GemmArgs {
  DType dtype = DType::f32;  // of all operands; half types on devices that have them (has_halves)
  bool wide = false;         // C and bias are of accumulated(dtype): sums of half types that nobody rounds
  int64_t m = 0, n = 0, k = 0;
  const void* a = nullptr;  // {m, k}, or {k, m} when trans_a; lda >= the row length
  int64_t lda = 0;
  bool trans_a = false;
  const void* b = nullptr;  // {k, n}, or {n, k} when trans_b
  int64_t ldb = 0;
  bool trans_b = false;
  void* c = nullptr;  // {m, n}
  int64_t ldc = 0;
  double alpha = 1;
  bool accumulate = false;
  const void* bias = nullptr;  // {n}, added to each row; shared by the whole batch
  Epilogue epilogue = Epilogue::none;
  // batch0 * batch1 independent products; a stride of 0 shares A or B among them. Those of C must not
  // overlap.
  int64_t batch0 = 1, batch1 = 1;
  int64_t a0 = 0, a1 = 0, b0 = 0, b1 = 0, c0 = 0, c1 = 0;
};

// Zero sizes are allowed: k = 0 leaves only the other terms of C.
struct Gemm {
  virtual void gemm(const GemmArgs& args) const = 0;

 protected:
  ~Gemm() = default;
};

// DtypeError unless a float dtype, ShapeError on negative sizes or leading dimensions below a row's length.
void check_gemm(const GemmArgs& args);

// Checked, on the CPU, on as many threads as pay off.
void gemm(const GemmArgs& args);

}  // namespace mosaic::kernels
