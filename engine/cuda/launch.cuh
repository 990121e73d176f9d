// CudaLaunch: how a GPU runs kernels. As on the CPU, the launcher owns all index guards, and row programs
// (kernels/*_on.h) are written against a Team. MOSAIC_ISA is `gpu` in every .cu file.
#pragma once

#include <typeinfo>

#include "engine/core/dtype.h"
#include "engine/cuda/runtime.h"
#include "engine/cuda/team.cuh"

namespace mosaic::kernels::MOSAIC_ISA {

// Blocks that cover n units; kernels walk on from there when n is larger than a grid.
inline unsigned blocks_for(int64_t n, int64_t units_per_block) {
  constexpr int64_t most = 1 << 16;
  const int64_t blocks = (n + units_per_block - 1) / units_per_block;
  return static_cast<unsigned>(blocks < most ? blocks : most);
}

// All ask for room for two blocks on a multiprocessor: without a number ptxas spills to reach more.
template <class F>
__global__ void __launch_bounds__(threads_per_block, 2) each_kernel(int64_t n, F f) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * threads_per_block;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * threads_per_block + threadIdx.x; i < n; i += step) f(i);
}

template <class F>
__global__ void __launch_bounds__(threads_per_block, 2) spans_kernel(int64_t n, F f) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * threads_per_block;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * threads_per_block + threadIdx.x; i < n; i += step) {
    f(i, i + 1);
  }
}

template <class Row>
MOSAIC_HD inline Keeps keeps_of(const Row& row) {
  if constexpr (requires { row.keeps(); }) return row.keeps();
  return {};
}

// How rows are run: by a block or by a warp each, with `part` bytes of shared memory for every part that is
// kept (0: none); `common` of them lie before those of the teams.
struct RowPlan {
  bool block;
  int common;
  uint32_t part;
  size_t shared;  // of a block, in bytes
};

// Rows that cost the CPU more than a microsecond get a block, as do those whose parts are too long for eight
// warps' beside each other: the choice depends on shapes only, so a row's bits do too. Where they are kept
// changes no bits.
inline RowPlan plan_rows(const Keeps& keeps, double cost) {
  constexpr int64_t most_of_warps = 40 << 10;  // leaves room for four blocks on most multiprocessors
  const int64_t part = (keeps.bytes + 15) / 16 * 16;
  const auto plan = [&](bool block, int common, int64_t bytes) {
    const int64_t parts = common + (block ? 1 : warps_per_block) * keeps.rows;
    return RowPlan{block, common, static_cast<uint32_t>(bytes), static_cast<size_t>(parts * bytes)};
  };
  const bool short_rows = part * (keeps.common + warps_per_block * keeps.rows) <= most_of_warps;
  if (cost <= 1000 && short_rows) return plan(false, keeps.common, part);
  const int64_t room = cuda::shared_memory_of_block();
  if (part * (keeps.common + keeps.rows) <= room) return plan(true, keeps.common, part);
  if (part * keeps.rows <= room) return plan(true, 0, part);
  return plan(true, 0, 0);
}

extern __shared__ __align__(16) unsigned char kept_parts[];

struct KeepPart {
  int64_t bytes;
  uint32_t part;
  template <class T>
  __device__ __forceinline__ void operator()(int k, const T* x) const {
    T* to = reinterpret_cast<T*>(kept_parts + k * part);
    const auto n = static_cast<int>(bytes / static_cast<int64_t>(sizeof(T)));
    for (int c = static_cast<int>(threadIdx.x); c < n; c += threads_per_block) to[c] = x[c];
  }
};
template <class Row>
concept HasCommon = requires(const Row& row, const KeepPart& keep) {
  row.each_common(keep);
};

// Brings what all rows read into shared memory. Called by whole blocks.
template <class Row>
__device__ __forceinline__ void keep_common(const Row& row, int common, uint32_t part) {
  if constexpr (HasCommon<Row>) {
    if (common == 0) return;
    row.each_common(KeepPart{row.keeps().bytes, part});
    __syncthreads();
  }
}

template <class Row>
__global__ void __launch_bounds__(threads_per_block, 2)
    warp_rows_kernel(int64_t rows, Row row, int common, uint32_t part) {
  const int warp = static_cast<int>(threadIdx.x) / warp_lanes;
  keep_common(row, common, part);
  unsigned char* own = kept_parts + (common + warp * keeps_of(row).rows) * part;
  const WarpTeam team{{part > 0 ? own : nullptr, common > 0 ? kept_parts : nullptr, part},
                      static_cast<int>(threadIdx.x) % warp_lanes};
  const int64_t step = static_cast<int64_t>(gridDim.x) * warps_per_block;
  for (int64_t r = static_cast<int64_t>(blockIdx.x) * warps_per_block + warp; r < rows; r += step) {
    row(team, r);
  }
}

template <class Row>
__global__ void __launch_bounds__(threads_per_block, 2)
    block_rows_kernel(int64_t rows, Row row, int common, uint32_t part) {
  keep_common(row, common, part);
  unsigned char* own = kept_parts + common * part;
  const BlockTeam<threads_per_block> team{
      {part > 0 ? own : nullptr, common > 0 ? kept_parts : nullptr, part}};
  for (int64_t r = blockIdx.x; r < rows; r += gridDim.x) row(team, r);
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
  // row(team, r) for every row r in [0, rows).
  template <class Row>
  static void rows(int64_t rows, double cost, const Row& row) {
    if (rows <= 0) return;
    const RowPlan plan = plan_rows(keeps_of(row), cost);
    const auto run = [&](auto kernel, int64_t rows_of_block) {
      cuda::allow_shared_memory(reinterpret_cast<const void*>(kernel), plan.shared);
      kernel<<<blocks_for(rows, rows_of_block), threads_per_block, plan.shared, cuda::stream()>>>(
          rows, row, plan.common, plan.part);
    };
    if (plan.block) {
      // Common parts are read once a block: where there are many rows, up to eight share it.
      const int64_t share = rows / 128;
      run(block_rows_kernel<Row>, plan.common == 0 || share <= 1 ? 1 : share < 8 ? share : 8);
    } else {
      run(warp_rows_kernel<Row>, warps_per_block);
    }
    cuda::launched(typeid(Row));
  }
};

}  // namespace mosaic::kernels::MOSAIC_ISA
