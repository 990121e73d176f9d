// Teams of a GPU: a warp or a block works on one row. Every call begins with a barrier: what one call
// wrote, any lane of the next may read. Sums are combined in a fixed
// tree, so their bits depend on the row's length only.
#pragma once

#include <cstdint>

#include "engine/kernels/drop.h"
#include "engine/kernels/philox.h"
#include "engine/kernels/team.h"

namespace mosaic::kernels::MOSAIC_ISA {

inline constexpr int warp_lanes = 32;
inline constexpr unsigned all_lanes = 0xffffffffu;
inline constexpr int threads_per_block = 256, warps_per_block = threads_per_block / warp_lanes;

// Every lane gets the result, with the same bits: both operands of each step are exchanged.
template <class A>
__device__ __forceinline__ A warp_sum(A value) {
#pragma unroll
  for (int step = warp_lanes / 2; step > 0; step /= 2) value += __shfl_xor_sync(all_lanes, value, step);
  return value;
}
template <class A>
__device__ __forceinline__ A warp_max(A value) {
#pragma unroll
  for (int step = warp_lanes / 2; step > 0; step /= 2) {
    const A other = __shfl_xor_sync(all_lanes, value, step);
    value = other > value ? other : value;
  }
  return value;
}

// The shared memory of a team for the parts of a row, and of its block for what all rows read, `part` bytes
// each; null: none.
template <class Team>
struct TeamMemory {
  unsigned char* own;
  unsigned char* shared;
  uint32_t part;
  static constexpr bool memory_bound = true;

  // Whether there is shared memory for the parts of a row.
  __device__ __forceinline__ bool keeps() const { return own != nullptr; }

  template <class T>
  __device__ __forceinline__ const T* hold(const T* x, int64_t n, int k = 0) const {
    if (own == nullptr) return x;
    T* to = room(static_cast<T*>(nullptr), k);
    static_cast<const Team*>(this)->each(n, [=](int64_t c) { to[c] = x[c]; });
    return to;
  }
  template <class T>
  __device__ __forceinline__ T* room(T* x, int k = 0) const {
    return own == nullptr ? x : reinterpret_cast<T*>(own + k * part);
  }
  template <class T>
  __device__ __forceinline__ const T* common(const T* x, int k = 0) const {
    return shared == nullptr ? x : reinterpret_cast<const T*>(shared + k * part);
  }
};

struct WarpTeam : TeamMemory<WarpTeam> {
  int lane;
  static constexpr int lanes = warp_lanes;
  __device__ __forceinline__ int rank() const { return lane; }
  __device__ __forceinline__ void meet() const { __syncwarp(); }

  template <class F>
  __device__ __forceinline__ void each(int64_t n, const F& f) const {
    meet();
    for (int64_t c = lane; c < n; c += lanes) f(c);
  }
  template <class F>
  __device__ __forceinline__ void once(const F& f) const {
    meet();
    if (lane == 0) f();
  }
  template <class A, class F>
  __device__ __forceinline__ A sum(int64_t n, const F& f) const {
    meet();
    A total = A(0);
    for (int64_t c = lane; c < n; c += lanes) total += f(c);
    return warp_sum(total);
  }
  // lowest: what an empty row gives. NaN is passed over.
  template <class A, class F>
  __device__ __forceinline__ A max(int64_t n, A lowest, const F& f) const {
    meet();
    A best = lowest;
    for (int64_t c = lane; c < n; c += lanes) {
      const A value = f(c);
      best = value > best ? value : best;
    }
    return warp_max(best);
  }
};

template <int Threads>
struct BlockTeam : TeamMemory<BlockTeam<Threads>> {
  static constexpr int lanes = Threads;
  __device__ __forceinline__ int rank() const { return static_cast<int>(threadIdx.x); }
  __device__ __forceinline__ void meet() const { __syncthreads(); }

  template <class F>
  __device__ __forceinline__ void each(int64_t n, const F& f) const {
    meet();
    for (int64_t c = rank(); c < n; c += lanes) f(c);
  }
  template <class F>
  __device__ __forceinline__ void once(const F& f) const {
    meet();
    if (rank() == 0) f();
  }
  template <class A, class F>
  __device__ __forceinline__ A sum(int64_t n, const F& f) const {
    meet();
    A total = A(0);
    for (int64_t c = rank(); c < n; c += lanes) total += f(c);
    const A* parts = share(warp_sum(total));
    total = parts[0];
#pragma unroll
    for (int w = 1; w < warps; ++w) total += parts[w];
    return total;
  }
  template <class A, class F>
  __device__ __forceinline__ A max(int64_t n, A lowest, const F& f) const {
    meet();
    A best = lowest;
    for (int64_t c = rank(); c < n; c += lanes) {
      const A value = f(c);
      best = value > best ? value : best;
    }
    const A* parts = share(warp_max(best));
    best = parts[0];
#pragma unroll
    for (int w = 1; w < warps; ++w) best = parts[w] > best ? parts[w] : best;
    return best;
  }

 private:
  static constexpr int warps = Threads / warp_lanes;
  // One value a warp, readable by all until the next call.
  template <class A>
  __device__ __forceinline__ static const A* share(A value) {
    __shared__ A parts[warps];
    if (threadIdx.x % warp_lanes == 0) parts[threadIdx.x / warp_lanes] = value;
    __syncthreads();
    return parts;
  }
};

// f(c, word of element first + c) for every c in [0, n). The words of 32 Philox blocks, one a lane, go
// through shared memory, so that neighbouring lanes get neighbouring elements.
template <class Team, class F>
__device__ __forceinline__ void each_word(const Team& team, PhiloxKey key, int64_t first, int64_t n,
                                          const F& f) {
  constexpr int stretch = 4 * warp_lanes;
  __shared__ uint4 blocks[warps_per_block][warp_lanes];
  uint4* mine = blocks[threadIdx.x / warp_lanes];
  const uint32_t* words = reinterpret_cast<const uint32_t*>(mine);
  const int lane = static_cast<int>(threadIdx.x) % warp_lanes;
  const int64_t skip = first % 4, end = skip + n;
  team.meet();
  for (int64_t from = team.rank() / warp_lanes * stretch; from < end; from += 4 * Team::lanes) {
    uint32_t block[4];
    philox_block(key.key, key.counter + static_cast<uint64_t>((first + from) / 4 + lane), block);
    __syncwarp();
    mine[lane] = make_uint4(block[0], block[1], block[2], block[3]);
    __syncwarp();
#pragma unroll
    for (int i = 0; i < stretch; i += warp_lanes) {
      const int64_t c = from + i + lane - skip;
      if (c >= 0 && c < n) f(c, words[i + lane]);
    }
  }
}

}  // namespace mosaic::kernels::MOSAIC_ISA
