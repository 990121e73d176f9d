// CudaLaunch: how a GPU runs kernels. As on the CPU, the launcher owns all index guards, and row programs
// (kernels/*_on.h) are written against a Team. MOSAIC_ISA is `gpu` in every .cu file.
#pragma once

#include <typeinfo>

#include "engine/core/dtype.h"
#include "engine/cuda/runtime.h"
#include "engine/cuda/team.cuh"

namespace mosaic::kernels::MOSAIC_ISA {

inline constexpr int threads_per_block = 256;

// Blocks that cover n units; kernels walk on from there when n is larger than a grid.
inline unsigned blocks_for(int64_t n, int64_t units_per_block) {
  constexpr int64_t most = 1 << 16;
  const int64_t blocks = (n + units_per_block - 1) / units_per_block;
  return static_cast<unsigned>(blocks < most ? blocks : most);
}

template <class F>
__global__ void __launch_bounds__(threads_per_block) each_kernel(int64_t n, F f) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * threads_per_block;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * threads_per_block + threadIdx.x; i < n; i += step) f(i);
}

template <class F>
__global__ void __launch_bounds__(threads_per_block) spans_kernel(int64_t n, F f) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * threads_per_block;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * threads_per_block + threadIdx.x; i < n; i += step) {
    f(i, i + 1);
  }
}

// Row programs ask for room for two blocks on a multiprocessor: without a number ptxas spills to reach more.
template <class Row>
__global__ void __launch_bounds__(threads_per_block, 2) warp_rows_kernel(int64_t rows, Row row) {
  constexpr int warps = threads_per_block / warp_lanes;
  const WarpTeam team{static_cast<int>(threadIdx.x % warp_lanes)};
  const int64_t step = static_cast<int64_t>(gridDim.x) * warps;
  for (int64_t r = static_cast<int64_t>(blockIdx.x) * warps + threadIdx.x / warp_lanes; r < rows; r += step) {
    row(team, r);
  }
}

template <class Row>
__global__ void __launch_bounds__(threads_per_block, 2) block_rows_kernel(int64_t rows, Row row) {
  for (int64_t r = blockIdx.x; r < rows; r += gridDim.x) row(BlockTeam<threads_per_block>{}, r);
}

struct CudaLaunch {
  // Calls f(T{}) with the C++ type of a float dtype.
  template <class F>
  static void visit(DType dtype, const F& f) {
    visit_float(dtype, "kernel", [&]<class T>() { f(T{}); });
  }
  // f(i) for every i in [0, n).
  template <class F>
  static void each(int64_t n, double /*cost*/, const F& f) {
    if (n <= 0) return;
    each_kernel<<<blocks_for(n, threads_per_block), threads_per_block, 0, cuda::stream()>>>(n, f);
    cuda::launched(typeid(F));
  }
  // f(i, i + 1) for every i: neighbouring threads touch neighbouring elements.
  template <class F>
  static void spans(int64_t n, double /*cost*/, const F& f) {
    if (n <= 0) return;
    spans_kernel<<<blocks_for(n, threads_per_block), threads_per_block, 0, cuda::stream()>>>(n, f);
    cuda::launched(typeid(F));
  }
  // row(team, r) for every r in [0, rows). Rows that cost the CPU more than a microsecond get a block, others
  // a warp: the choice depends on shapes only, so a row's bits do too.
  template <class Row>
  static void rows(int64_t rows, double cost, const Row& row) {
    if (rows <= 0) return;
    if (cost > 1000) {
      block_rows_kernel<<<blocks_for(rows, 1), threads_per_block, 0, cuda::stream()>>>(rows, row);
    } else {
      constexpr int warps = threads_per_block / warp_lanes;
      warp_rows_kernel<<<blocks_for(rows, warps), threads_per_block, 0, cuda::stream()>>>(rows, row);
    }
    cuda::launched(typeid(Row));
  }
};

}  // namespace mosaic::kernels::MOSAIC_ISA
