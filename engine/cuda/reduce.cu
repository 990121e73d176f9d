#include "engine/kernels/reduce.h"

#include "engine/core/dtype.h"
#include "engine/cuda/families.h"
#include "engine/cuda/launch.cuh"
#include "engine/cuda/selection.cuh"
#include "engine/kernels/reduce_on.h"

namespace mosaic::kernels::gpu {
namespace {

// A block sums 32 columns: 8 threads a column take every eighth row, and their sums are added in order.
template <class T>
__global__ void __launch_bounds__(threads_per_block) column_sum_kernel(ColumnSumArgs a) {
  using A = acc_t<T>;
  constexpr int lines = threads_per_block / warp_lanes;
  __shared__ A parts[lines][warp_lanes];
  const int lane = static_cast<int>(threadIdx.x) % warp_lanes,
            line = static_cast<int>(threadIdx.x) / warp_lanes;
  const int64_t tiles = (a.cols + warp_lanes - 1) / warp_lanes;
  for (int64_t tile = blockIdx.x; tile < a.outer * tiles; tile += gridDim.x) {
    const int64_t o = tile / tiles, c = (tile - o * tiles) * warp_lanes + lane;
    A sum = A(0);
    if (c < a.cols) {
      const T* x = static_cast<const T*>(a.x) + o * a.n * a.row_stride + c;
      for (int64_t r = line; r < a.n; r += lines) sum += A(x[r * a.row_stride]);
    }
    parts[line][lane] = sum;
    __syncthreads();
    if (line == 0 && c < a.cols) {
#pragma unroll
      for (int k = 1; k < lines; ++k) sum += parts[k][lane];
      T* y = static_cast<T*>(a.y) + o * a.cols + c;
      *y = T(a.accumulate ? A(*y) + A(a.scale) * sum : A(a.scale) * sum);
    }
    __syncthreads();
  }
}

template <class T>
struct TotalChunk {
  TotalArgs a;
  template <class Team>
  __device__ void operator()(const Team& team, int64_t chunk) const {
    const T* x = static_cast<const T*>(a.x) + chunk * total_chunk;
    const int64_t left = a.n - chunk * total_chunk;
    const double sum = team.template sum<double>(left < total_chunk ? left : total_chunk, [&](int64_t i) {
      const double value = static_cast<double>(x[i]);
      return a.squares ? value * value : value;
    });
    team.once([&] { a.partials[chunk] = sum; });
  }
};
struct TotalOfChunks {
  TotalArgs a;
  int64_t chunks;
  template <class Team>
  __device__ void operator()(const Team& team, int64_t) const {
    const double sum = team.template sum<double>(chunks, [&](int64_t i) { return a.partials[i]; });
    team.once([&] { *a.y = sum; });
  }
};

// What a row of `cols` costs the launcher's choice between a warp and a block.
double row_cost(int64_t cols) {
  return static_cast<double>(cols) / 2;
}

struct CudaReduce final : Reduce {
  void row_sum(const RowSumArgs& a) const override {
    visit_float(a.dtype, "sum", [&]<class T>() {
      CudaLaunch::rows(a.rows, row_cost(a.cols),
                       SumRows<T>{static_cast<const T*>(a.x), a.cols, a.row_stride,
                                  static_cast<acc_t<T>>(a.scale), a.accumulate, static_cast<T*>(a.y)});
    });
  }
  void column_sum(const ColumnSumArgs& a) const override {
    visit_float(a.dtype, "sum", [&]<class T>() {
      const int64_t tiles = a.outer * ((a.cols + warp_lanes - 1) / warp_lanes);
      if (tiles == 0) return;
      column_sum_kernel<T><<<blocks_for(tiles, 1), threads_per_block, 0, cuda::stream()>>>(a);
      cuda::launched(typeid(ColumnSumArgs));
    });
  }
  void total(const TotalArgs& a) const override {
    const int64_t chunks = (a.n + total_chunk - 1) / total_chunk;
    visit_float(a.dtype, "sum",
                [&]<class T>() { CudaLaunch::rows(chunks, row_cost(total_chunk), TotalChunk<T>{a}); });
    CudaLaunch::rows(1, row_cost(chunks), TotalOfChunks{a, chunks});
  }
  void row_max(const RowMaxArgs& a) const override {
    visit_wide(a.dtype, "max",
               [&]<class T>() { CudaLaunch::rows(a.rows, row_cost(a.cols), FirstMaximum<T>{a}); });
  }
  void logsumexp(const LogSumExpArgs& a) const override {
    visit_wide(a.dtype, "logsumexp", [&]<class T>() {
      CudaLaunch::rows(
          a.rows, row_cost(a.cols),
          LogSumExpRows<T>{static_cast<const T*>(a.x), a.cols, a.row_stride, static_cast<T*>(a.y)});
    });
  }
  void logsumexp_back(const LogSumExpBackArgs& a) const override {
    visit_wide(a.dtype, "logsumexp",
               [&]<class T>() { CudaLaunch::rows(a.rows, row_cost(a.cols), LogSumExpBackRows<T>{a}); });
  }
  void topk(const TopKArgs& a) const override {
    visit_wide(a.dtype, "topk",
               [&]<class T>() { CudaLaunch::rows(a.rows, row_cost(a.cols), LargestOfRow<T>{a}); });
  }
};

}  // namespace

const Reduce& reduce() {
  static constexpr CudaReduce kernels;
  return kernels;
}

}  // namespace mosaic::kernels::gpu
