#include "engine/core/dtype.h"
#include "engine/cuda/cudnn_layers.h"
#include "engine/cuda/families.h"
#include "engine/cuda/launch.cuh"
#include "engine/kernels/norm_on.h"

namespace mosaic::kernels::gpu {
namespace {

// The gradients of layer norm with those of gamma and beta: a block works on a chunk of rows. Its teams give
// the rows' input gradients; then its threads, a column each, add what these rows, still kept, give to the
// columns' sums, row by row.
struct NormChunks {
  int64_t rows, count;  // of a chunk; chunks
  // A number that depends on the sizes only: so do the bits.
  explicit NormChunks(int64_t all) {
    constexpr int64_t most = 256, fewest_rows = 32;
    const int64_t share = (all + most - 1) / most;
    rows =
        share < fewest_rows ? fewest_rows : (share + warps_per_block - 1) / warps_per_block * warps_per_block;
    count = (all + rows - 1) / rows;
  }
};

// Shared memory: gamma, the sums of both columns, and s and dout of every team's row; nothing when `part` is
// 0.
template <class T, class Team>
struct NormChunk {
  using A = acc_t<T>;
  static constexpr bool by_warps = Team::lanes == warp_lanes;
  static constexpr int teams = threads_per_block / Team::lanes;
  LayerNormGradRow<T> row;
  int64_t rows_of_chunk;
  A* partial;  // {chunks, 2, cols}
  uint32_t part;

  static int64_t shared_bytes(int64_t part, int64_t cols) {
    return part * (1 + 2 * teams) + 2 * cols * static_cast<int64_t>(sizeof(A));
  }

  __device__ __forceinline__ void operator()(int64_t chunk) const {
    const LayerNormGradArgs& a = row.a;
    const int64_t first = chunk * rows_of_chunk,
                  last = first + rows_of_chunk < a.rows ? first + rows_of_chunk : a.rows;
    A* share = partial + 2 * chunk * a.cols;
    A* sums = part > 0 ? reinterpret_cast<A*>(kept_parts + (1 + 2 * teams) * part) : share;
    __shared__ A stats[2][teams];  // mean and rstd of the teams' rows
    keep_common(row, part > 0 ? 1 : 0, part);
    for (int64_t c = threadIdx.x; c < 2 * a.cols; c += threads_per_block) sums[c] = A(0);
    for (int64_t begin = first; begin < last; begin += teams) {
      const int mine = static_cast<int>(threadIdx.x) / Team::lanes,
                count = last - begin < teams ? static_cast<int>(last - begin) : teams;
      if (mine < count) row(team(mine), begin + mine);
      if (threadIdx.x < count) {
        stats[0][threadIdx.x] = static_cast<const A*>(a.mean)[begin + threadIdx.x];
        stats[1][threadIdx.x] = static_cast<const A*>(a.rstd)[begin + threadIdx.x];
      }
      __syncthreads();
      add(sums, stats, begin, count);
      __syncthreads();
    }
    if (sums == share) return;
    for (int64_t c = threadIdx.x; c < 2 * a.cols; c += threads_per_block) share[c] = sums[c];
  }

 private:
  __device__ __forceinline__ Team team(int index) const {
    const TeamMemory<Team> memory{part > 0 ? kept_parts + (1 + 2 * index) * part : nullptr,
                                  part > 0 ? kept_parts : nullptr, part};
    if constexpr (by_warps) return Team{memory, static_cast<int>(threadIdx.x) % warp_lanes};
    return Team{memory};
  }

  // dgamma += dout xhat and dbeta += dout of the rows that the teams hold.
  __device__ __forceinline__ void add(A* sums, const A (&stats)[2][teams], int64_t begin, int count) const {
    const LayerNormGradArgs& a = row.a;
    for (int64_t c = threadIdx.x; c < a.cols; c += threads_per_block) {
      A dgamma = sums[c], dbeta = sums[a.cols + c];
      for (int k = 0; k < count; ++k) {
        const Team holder = team(k);
        const A d = A(holder.room(static_cast<const T*>(a.dout) + (begin + k) * a.dout_stride, 1)[c]);
        const A s = A(holder.room(static_cast<const T*>(a.s) + (begin + k) * a.s_stride, 0)[c]);
        dgamma = mul_add(d, (s - stats[0][k]) * stats[1][k], dgamma);
        dbeta += d;
      }
      sums[c] = dgamma;
      sums[a.cols + c] = dbeta;
    }
  }
};

template <class T, class Team>
__global__ void __launch_bounds__(threads_per_block, 2) norm_chunk_kernel(NormChunk<T, Team> chunk) {
  chunk(blockIdx.x);
}

// The chunks' shares of 32 of the columns {dgamma, dbeta}: 8 threads a column take every eighth chunk, and
// their sums are added in order.
template <class T>
__global__ void __launch_bounds__(threads_per_block)
    norm_total_kernel(LayerNormGradArgs a, int64_t chunks, const acc_t<T>* partial) {
  using A = acc_t<T>;
  __shared__ A parts[warps_per_block][warp_lanes];
  const int lane = static_cast<int>(threadIdx.x) % warp_lanes,
            line = static_cast<int>(threadIdx.x) / warp_lanes;
  const int64_t c = static_cast<int64_t>(blockIdx.x) * warp_lanes + lane;
  A sum = A(0);
  if (c < 2 * a.cols) {
    for (int64_t chunk = line; chunk < chunks; chunk += warps_per_block)
      sum += partial[2 * chunk * a.cols + c];
  }
  parts[line][lane] = sum;
  __syncthreads();
  if (line > 0 || c >= 2 * a.cols) return;
#pragma unroll
  for (int k = 1; k < warps_per_block; ++k) sum += parts[k][lane];
  const bool gamma = c < a.cols;
  A* to = static_cast<A*>(gamma ? a.dgamma : a.dbeta);
  if (to == nullptr) return;
  to += gamma ? c : c - a.cols;
  *to = (gamma ? a.dgamma_add : a.dbeta_add) ? *to + sum : sum;
}

// Warps work on rows beside each other when their parts find room, else the block on one.
template <class T>
void chunked_gradients(const LayerNormGradArgs& a) {
  using A = acc_t<T>;
  const NormChunks chunks(a.rows);
  const cuda::Scratch partial(static_cast<size_t>(2 * chunks.count * a.cols) * sizeof(A));
  A* const shares = static_cast<A*>(partial.data());
  const int64_t part = (a.cols * static_cast<int64_t>(sizeof(A)) + 15) / 16 * 16;  // gamma's size
  const auto run = [&]<class Team>(int64_t room) {
    using Chunk = NormChunk<T, Team>;
    const int64_t bytes = Chunk::shared_bytes(part, a.cols);
    if (bytes > room && Chunk::by_warps) return false;
    if (chunks.count == 0) return true;
    const size_t shared = bytes > room ? 0 : static_cast<size_t>(bytes);
    const auto kernel = norm_chunk_kernel<T, Team>;
    cuda::allow_shared_memory(reinterpret_cast<const void*>(kernel), shared);
    kernel<<<static_cast<unsigned>(chunks.count), threads_per_block, shared, cuda::stream()>>>(
        Chunk{{a}, chunks.rows, shares, shared == 0 ? 0 : static_cast<uint32_t>(part)});
    return true;
  };
  if (!run.template operator()<WarpTeam>(40 << 10)) {
    run.template operator()<BlockTeam<threads_per_block>>(cuda::shared_memory_of_block());
  }
  cuda::launched(typeid(LayerNormGradArgs));
  const auto blocks = static_cast<unsigned>((2 * a.cols + warp_lanes - 1) / warp_lanes);
  norm_total_kernel<T><<<blocks, threads_per_block, 0, cuda::stream()>>>(a, chunks.count, shares);
  cuda::launched(typeid(LayerNormGradArgs));
}

struct CudaNorm final : Norm {
  void layer_norm(const LayerNormArgs& a) const override {
    visit_float(a.dtype, "layer_norm", [&]<class T>() {
      CudaLaunch::rows(a.rows, static_cast<double>(a.cols) / 2, LayerNormRow<T>{a});
    });
  }
  void layer_norm_grad(const LayerNormGradArgs& a) const override {
    visit_float(a.dtype, "layer_norm", [&]<class T>() {
      if (a.cols == 0) return;
      if (a.dgamma || a.dbeta) return chunked_gradients<T>(a);
      if (a.dx || a.dy) CudaLaunch::rows(a.rows, static_cast<double>(a.cols) / 2, LayerNormGradRow<T>{a});
    });
  }
  void batch_norm(const BatchNormArgs& a) const override {
    if (!cuda::cudnn_batch_norm(a)) run_batch_norm<CudaLaunch>(a);
  }
  void batch_norm_grad(const BatchNormGradArgs& a) const override {
    if (!cuda::cudnn_batch_norm_grad(a)) run_batch_norm_grad<CudaLaunch>(a);
  }
};

}  // namespace

const Norm& norm() {
  static constexpr CudaNorm kernels;
  return kernels;
}

}  // namespace mosaic::kernels::gpu
