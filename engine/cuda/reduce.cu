#include "engine/kernels/reduce.h"

#include "engine/core/dtype.h"
#include "engine/cuda/columns.cuh"
#include "engine/cuda/families.h"
#include "engine/cuda/selection.cuh"
#include "engine/kernels/reduce_on.h"

namespace mosaic::kernels::gpu {
namespace {

template <class T, class Y>
struct SumOfColumn {
  using Part = acc_t<T>;
  ColumnSumArgs a;

  __device__ __forceinline__ Part part(int64_t o, int64_t c, int64_t first, int64_t step) const {
    const T* x = static_cast<const T*>(a.x) + o * a.n * a.row_stride + c;
    Part sum = Part(0);
    for (int64_t r = first; r < a.n; r += step) sum += Part(x[r * a.row_stride]);
    return sum;
  }
  __device__ __forceinline__ static Part joined(Part sum, Part more) { return sum + more; }
  __device__ __forceinline__ void put(int64_t o, int64_t c, Part sum) const {
    Y* y = static_cast<Y*>(a.y) + o * a.cols + c;
    *y = Y(a.accumulate ? Part(*y) + Part(a.scale) * sum : Part(a.scale) * sum);
  }
};

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
      if (a.wide) return reduce_columns(a.outer, a.cols, SumOfColumn<T, acc_t<T>>{a});
      reduce_columns(a.outer, a.cols, SumOfColumn<T, T>{a});
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
  void column_max(const ColumnMaxArgs& a) const override {
    visit_wide(a.dtype, "max",
               [&]<class T>() { reduce_columns(a.outer, a.cols, FirstMaximumOfColumn<T>{a}); });
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
