#include "engine/core/dtype.h"
#include "engine/cuda/families.h"
#include "engine/cuda/launch.cuh"
#include "engine/kernels/index_on.h"

namespace mosaic::kernels::gpu {
namespace {

// Grouping is three steps: how often each id occurs, the running sum of that, and every position's place
// behind the earlier positions of its id. starts[id + 1] is first the number of positions of `id`, then where
// they begin, and, as each position placed moves it on, in the end where they end: where those of id + 1
// begin.

constexpr int group_threads = 1024;

// Atomic additions of integers give the same counts in any order.
struct CountIds {
  GroupArgs args;
  __device__ void operator()(int64_t i) const {
    if (args.ids[i] != args.padding) atomicAdd(args.starts + 1 + args.ids[i], 1);
  }
};

// Each of counts[0, n) becomes the sum of those before it. One block walks over them.
__global__ void __launch_bounds__(group_threads) scan_kernel(int32_t* counts, int64_t n) {
  constexpr int warps = group_threads / warp_lanes;
  __shared__ int32_t sums[warps];
  const int thread = static_cast<int>(threadIdx.x), lane = thread % warp_lanes, warp = thread / warp_lanes;
  int32_t before = 0;
  for (int64_t from = 0; from < n; from += group_threads) {
    const int32_t own = from + thread < n ? counts[from + thread] : 0;
    int32_t sum = own;  // of the warp's counts up to this lane's
#pragma unroll
    for (int step = 1; step < warp_lanes; step *= 2) {
      const int32_t other = __shfl_up_sync(all_lanes, sum, step);
      if (lane >= step) sum += other;
    }
    if (lane == warp_lanes - 1) sums[warp] = sum;
    __syncthreads();
    int32_t total = 0;
    for (int w = 0; w < warps; ++w) {
      if (w == warp) sum += total;
      total += sums[w];
    }
    if (from + thread < n) counts[from + thread] = before + sum - own;
    before += total;
    __syncthreads();
  }
}

// One block places the positions in their order, as many as it has threads at a time: within these, a
// position's rank is the number of equal ids before it, and the last one of an id moves the id's start on.
__global__ void __launch_bounds__(group_threads) place_kernel(GroupArgs args) {
  __shared__ int32_t ids[group_threads];
  const int thread = static_cast<int>(threadIdx.x);
  for (int64_t from = 0; from < args.count; from += group_threads) {
    const bool inside = from + thread < args.count;
    const int32_t id = inside ? args.ids[from + thread] : 0;
    ids[thread] = id;
    __syncthreads();
    const bool placed = inside && id != args.padding;
    int32_t before = 0;
    for (int k = 0; k < thread; ++k) before += ids[k] == id ? 1 : 0;
    const int32_t place = placed ? args.starts[id + 1] + before : 0;
    __syncthreads();
    if (placed) {
      args.order[place] = static_cast<int32_t>(from + thread);
      atomicMax(args.starts + id + 1, place + 1);
    }
    __syncthreads();
  }
}

// The rows of a few ids, whose bounds the lanes of a warp read together.
template <class T>
struct ScatterRows {
  static constexpr int ids = 8;
  ScatterRowsArgs args;

  __device__ void operator()(const WarpTeam& team, int64_t group) const {
    const int64_t id = group * ids, at = id + team.rank();
    const int32_t bound = team.rank() <= ids && at <= args.rows ? args.starts[at] : 0;
#pragma unroll 1
    for (int k = 0; k < ids && id + k < args.rows; ++k) {
      add(team, id + k, __shfl_sync(all_lanes, bound, k), __shfl_sync(all_lanes, bound, k + 1));
    }
  }

 private:
  __device__ __forceinline__ void add(const WarpTeam& team, int64_t id, int32_t first, int32_t end) const {
    const T* dy = static_cast<const T*>(args.dy);
    T* out = static_cast<T*>(args.dx) + id * args.dx_stride;
    if (first == end && args.accumulate) return;
    team.each(args.cols, [&](int64_t c) {
      using A = acc_t<T>;
      A sum = args.accumulate ? A(out[c]) : A(0);
      for (int32_t at = first; at < end; ++at) sum += A(dy[args.order[at] * args.dy_stride + c]);
      out[c] = T(sum);
    });
  }
};

struct CudaIndex final : Index {
  void gather_rows(const GatherRowsArgs& args) const override {
    visit_any(args.dtype, [&]<class T>() { CudaLaunch::rows(args.count, 0, GatherRows<T>{args}); });
  }
  void group(const GroupArgs& args) const override {
    const auto bytes = static_cast<size_t>(args.rows + 1) * sizeof(int32_t);
    cuda::check_cuda(cudaMemsetAsync(args.starts, 0, bytes, cuda::stream()), "group");
    CudaLaunch::each(args.count, 0, CountIds{args});
    scan_kernel<<<1, group_threads, 0, cuda::stream()>>>(args.starts + 1, args.rows);
    cuda::launched(typeid(CountIds));
    place_kernel<<<1, group_threads, 0, cuda::stream()>>>(args);
    cuda::launched(typeid(GroupArgs));
  }
  void scatter_rows(const ScatterRowsArgs& args) const override {
    visit_float(args.dtype, "scatter_rows", [&]<class T>() {
      using Row = ScatterRows<T>;
      const int64_t groups = (args.rows + Row::ids - 1) / Row::ids;
      if (groups == 0) return;
      warp_rows_kernel<<<blocks_for(groups, warps_per_block), threads_per_block, 0, cuda::stream()>>>(
          groups, Row{args}, 0, 0u);
      cuda::launched(typeid(Row));
    });
  }
  void pick(const PickArgs& args) const override {
    visit_any(args.dtype, [&]<class T>() { CudaLaunch::each(args.rows, 0, PickRows<T>{args}); });
  }
  void put(const PutArgs& args) const override {
    visit_float(args.dtype, "put", [&]<class T>() { CudaLaunch::rows(args.rows, 0, PutRows<T>{args}); });
  }
  void put_columns(const PutColumnsArgs& args) const override {
    visit_wide(args.dtype, "put_columns", [&]<class T>() { run_put_columns<CudaLaunch, T>(args); });
  }
};

}  // namespace

const Index& index() {
  static constexpr CudaIndex kernels;
  return kernels;
}

}  // namespace mosaic::kernels::gpu
