#include "engine/core/dtype.h"
#include "engine/cuda/families.h"
#include "engine/cuda/launch.cuh"
#include "engine/kernels/index_on.h"

namespace mosaic::kernels::gpu {
namespace {

// Grouping is three steps: how often each id occurs, the running sum of that, and every position's place
// behind the earlier positions of its id. Atomic additions of integers give the same counts in any order.

struct CountIds {
  GroupArgs args;
  __device__ void operator()(int64_t i) const {
    if (args.ids[i] != args.padding) atomicAdd(args.starts + args.ids[i], 1);
  }
};

// starts[id] = number of positions of smaller ids, by one block: every thread sums a contiguous piece, then
// the pieces' sums are scanned in shared memory.
__global__ void __launch_bounds__(threads_per_block) scan_kernel(int32_t* starts, int64_t n) {
  __shared__ int32_t sums[threads_per_block];
  const int thread = static_cast<int>(threadIdx.x);
  const int64_t piece = (n + threads_per_block - 1) / threads_per_block;
  const int64_t first = thread * piece, end = first + piece < n ? first + piece : n;
  int32_t sum = 0;
  for (int64_t i = first; i < end; ++i) sum += starts[i];
  sums[thread] = sum;
  __syncthreads();
  for (int step = 1; step < threads_per_block; step *= 2) {
    const int32_t other = thread >= step ? sums[thread - step] : 0;
    __syncthreads();
    sums[thread] += other;
    __syncthreads();
  }
  int32_t next = sums[thread] - sum;
  for (int64_t i = first; i < end; ++i) {
    const int32_t count = starts[i];
    starts[i] = next;
    next += count;
  }
}

// A position's rank among its id's is the number of equal ids before it. Quadratic, but over ids that all
// lanes of a warp read together; a batch has few thousands of them.
struct PlaceIds {
  GroupArgs args;
  __device__ void operator()(int64_t i) const {
    const int32_t id = args.ids[i];
    if (id == args.padding) return;
    int32_t rank = 0;
    for (int64_t j = 0; j < i; ++j) rank += args.ids[j] == id ? 1 : 0;
    args.order[args.starts[id] + rank] = static_cast<int32_t>(i);
  }
};

template <class T>
struct ScatterRow {
  ScatterRowsArgs args;
  template <class Team>
  __device__ void operator()(const Team& team, int64_t id) const {
    const T* dy = static_cast<const T*>(args.dy);
    T* out = static_cast<T*>(args.dx) + id * args.dx_stride;
    const int32_t first = args.starts[id], end = args.starts[id + 1];
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
    scan_kernel<<<1, threads_per_block, 0, cuda::stream()>>>(args.starts, args.rows + 1);
    cuda::launched(typeid(CountIds));
    CudaLaunch::each(args.count, 0, PlaceIds{args});
  }
  void scatter_rows(const ScatterRowsArgs& args) const override {
    visit_float(args.dtype, "scatter_rows",
                [&]<class T>() { CudaLaunch::rows(args.rows, 0, ScatterRow<T>{args}); });
  }
  void pick(const PickArgs& args) const override {
    visit_any(args.dtype, [&]<class T>() { CudaLaunch::each(args.rows, 0, PickRows<T>{args}); });
  }
  void put(const PutArgs& args) const override {
    visit_float(args.dtype, "put", [&]<class T>() { CudaLaunch::rows(args.rows, 0, PutRows<T>{args}); });
  }
};

}  // namespace

const Index& index() {
  static constexpr CudaIndex kernels;
  return kernels;
}

}  // namespace mosaic::kernels::gpu
