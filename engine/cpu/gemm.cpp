#include "engine/kernels/gemm.h"

#include "engine/cpu/gemm_table.h"
#include "engine/cpu/isa.h"

namespace mosaic::kernels {

void check_gemm(const GemmArgs& g) {
  check<DtypeError>(is_float(g.dtype), "gemm", "needs a float dtype, got ", g.dtype);
  check<ShapeError>(g.m >= 0 && g.n >= 0 && g.k >= 0 && g.batch0 >= 0 && g.batch1 >= 0, "gemm",
                    "sizes must not be negative, got m ", g.m, ", n ", g.n, ", k ", g.k, ", batch ", g.batch0,
                    " x ", g.batch1);
  const int64_t a_row = g.trans_a ? g.m : g.k, b_row = g.trans_b ? g.k : g.n;
  check<ShapeError>(g.lda >= a_row && g.ldb >= b_row && g.ldc >= g.n, "gemm",
                    "leading dimensions must be at least the length of a row; A has ", g.lda, " for ", a_row,
                    ", B ", g.ldb, " for ", b_row, ", C ", g.ldc, " for ", g.n);
}

void gemm(const GemmArgs& g) {
  check_gemm(g);
  check<DtypeError>(!is_half(g.dtype), "gemm", "the CPU multiplies f32 and f64, got ", g.dtype);
  if (g.m == 0 || g.n == 0 || g.batch0 == 0 || g.batch1 == 0) return;
  if (g.dtype == DType::f64) return baseline::gemm_table().f64(g);
  pick<baseline::gemm_table, avx2::gemm_table, avx512::gemm_table>().f32(g);
}

}  // namespace mosaic::kernels
