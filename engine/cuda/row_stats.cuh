// A row's statistics by a GPU's team, reading the row once: every lane carries the statistics of its own
// columns, rescaling the sum when it meets a larger value, and lanes merge theirs in the end.
// Source: Milakov and Gimelshein, "Online normalizer calculation for softmax" (2018).
#pragma once

#include "engine/cuda/team.cuh"
#include "engine/kernels/row_stats.h"

namespace mosaic::kernels::MOSAIC_ISA {

// What exponentials of values up to `max` are taken from; -inf - -inf would be NaN.
template <class A>
__device__ __forceinline__ A shift_of(A max) {
  return max > -A(__builtin_inf()) ? max : A(0);
}

template <class A>
__device__ __forceinline__ RowStats<A> merged(const RowStats<A>& a, const RowStats<A>& b) {
  const A max = b.max > a.max ? b.max : a.max, shift = shift_of(max);
  return {max, a.sum * exp_flush(a.max - shift) + b.sum * exp_flush(b.max - shift), a.total + b.total};
}

// All lanes get the first lane's result: merging is not symmetric to the last bit.
template <class A>
__device__ __forceinline__ RowStats<A> warp_stats(RowStats<A> own) {
#pragma unroll
  for (int step = warp_lanes / 2; step > 0; step /= 2) {
    const RowStats<A> other{__shfl_down_sync(all_lanes, own.max, step),
                            __shfl_down_sync(all_lanes, own.sum, step),
                            __shfl_down_sync(all_lanes, own.total, step)};
    own = merged(own, other);
  }
  return {__shfl_sync(all_lanes, own.max, 0), __shfl_sync(all_lanes, own.sum, 0),
          __shfl_sync(all_lanes, own.total, 0)};
}

template <class T, class Team>
__device__ inline RowStats<acc_t<T>> row_stats(const Team& team, const T* x, int64_t cols, bool total) {
  using A = acc_t<T>;
  constexpr int warps = Team::lanes / warp_lanes;
  team.meet();
  RowStats<A> own{-A(__builtin_inf()), A(0), A(0)};
  const A pivot = total && cols > 0 ? A(x[0]) : A(0);
  for (int64_t c = team.rank(); c < cols; c += Team::lanes) {
    const A value = A(x[c]);
    if (value > own.max) {
      own.sum *= exp_flush(own.max - value);
      own.max = value;
    }
    own.sum += exp_flush(value - shift_of(own.max));
    if (total) own.total += value - pivot;
  }
  own = warp_stats(own);
  if constexpr (warps > 1) {
    __shared__ A parts[3][warps];
    if (team.rank() % warp_lanes == 0) {
      const int warp = team.rank() / warp_lanes;
      parts[0][warp] = own.max;
      parts[1][warp] = own.sum;
      parts[2][warp] = own.total;
    }
    team.meet();
    own = {parts[0][0], parts[1][0], parts[2][0]};
#pragma unroll
    for (int w = 1; w < warps; ++w) {
      own = merged(own, RowStats<A>{parts[0][w], parts[1][w], parts[2][w]});
    }
  }
  return own;
}

}  // namespace mosaic::kernels::MOSAIC_ISA
