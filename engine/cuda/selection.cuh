// The first maximum and the k largest of a row. Candidates are ordered by value, then by lower column.
#pragma once

#include "engine/cuda/team.cuh"
#include "engine/kernels/reduce.h"

namespace mosaic::kernels::MOSAIC_ISA {

template <class T>
struct Candidate {
  T value;
  int32_t column;  // of a row, or the row of a column; -1: none
  // Whether `other` comes first; a column beats none.
  __device__ __forceinline__ bool behind(const Candidate& other) const {
    if (column < 0 || other.column < 0) return column < other.column;
    return other.value > value || (other.value == value && other.column < column);
  }
};

// The first of all candidates; offer(c) gives the row's candidate at column c.
template <class T, class Team, class F>
__device__ __forceinline__ Candidate<T> first_of(const Team& team, int64_t cols, const F& offer) {
  constexpr int warps = Team::lanes / warp_lanes;
  team.meet();
  Candidate<T> best{T(0), -1};
#pragma unroll 1  // unrolled, ptxas runs out of predicates
  for (int64_t c = team.rank(); c < cols; c += Team::lanes) {
    const Candidate<T> next = offer(c);
    if (best.behind(next)) best = next;
  }
#pragma unroll
  for (int step = warp_lanes / 2; step > 0; step /= 2) {
    const Candidate<T> next{__shfl_xor_sync(all_lanes, best.value, step),
                            __shfl_xor_sync(all_lanes, best.column, step)};
    if (best.behind(next)) best = next;
  }
  if constexpr (warps > 1) {
    __shared__ T values[warps];
    __shared__ int32_t columns[warps];
    if (team.rank() % warp_lanes == 0) {
      values[team.rank() / warp_lanes] = best.value;
      columns[team.rank() / warp_lanes] = best.column;
    }
    team.meet();
#pragma unroll
    for (int w = 0; w < warps; ++w) {
      const Candidate<T> next{values[w], columns[w]};
      if (best.behind(next)) best = next;
    }
  }
  return best;
}

// NaN is passed over; a row of NaN only gives its first column.
template <class T>
struct FirstMaximum {
  RowMaxArgs a;
  template <class Team>
  __device__ void operator()(const Team& team, int64_t r) const {
    const T* row = static_cast<const T*>(a.x) + r * a.row_stride;
    const Candidate<T> best = first_of<T>(team, a.cols, [&](int64_t c) {
      return Candidate<T>{row[c], row[c] == row[c] ? static_cast<int32_t>(c) : -1};
    });
    team.once([&] {
      const int32_t at = best.column < 0 ? 0 : best.column;
      if (a.values != nullptr) static_cast<T*>(a.values)[r] = row[at];
      if (a.indices != nullptr) a.indices[r] = at;
    });
  }
};

// The same of the columns of {outer, n, cols} (cuda/columns.cuh).
template <class T>
struct FirstMaximumOfColumn {
  using Part = Candidate<T>;
  ColumnMaxArgs a;

  __device__ __forceinline__ Part part(int64_t o, int64_t c, int64_t first, int64_t step) const {
    const T* x = column(o, c);
    Part best{T(0), -1};
#pragma unroll 1  // as in first_of
    for (int64_t r = first; r < a.n; r += step) {
      const T value = x[r * a.row_stride];
      const Part next{value, value == value ? static_cast<int32_t>(r) : -1};
      if (best.behind(next)) best = next;
    }
    return best;
  }
  __device__ __forceinline__ static Part joined(const Part& best, const Part& next) {
    return best.behind(next) ? next : best;
  }
  __device__ __forceinline__ void put(int64_t o, int64_t c, const Part& best) const {
    const bool found = best.column >= 0;
    if (a.values != nullptr) static_cast<T*>(a.values)[o * a.cols + c] = found ? best.value : *column(o, c);
    if (a.indices != nullptr) a.indices[o * a.cols + c] = found ? best.column : 0;
  }

 private:
  __device__ __forceinline__ const T* column(int64_t o, int64_t c) const {
    return static_cast<const T*>(a.x) + o * a.n * a.row_stride + c;
  }
};

// k times the first of what comes behind the one before. NaN counts as -infinity.
template <class T>
struct LargestOfRow {
  TopKArgs a;
  MOSAIC_HD Keeps keeps() const {
    return {.bytes = a.cols * static_cast<int64_t>(sizeof(T)), .rows = a.k > 1 ? 1 : 0};
  }

  template <class Team>
  __device__ void operator()(const Team& team, int64_t r) const {
    const T* from = static_cast<const T*>(a.x) + r * a.row_stride;
    const T* row = a.k > 1 ? team.hold(from, a.cols) : from;
    Candidate<T> last{T(0), -1};
    for (int64_t k = 0; k < a.k; ++k) {
      const Candidate<T> best = first_of<T>(team, a.cols, [&](int64_t c) {
        const T value = row[c] == row[c] ? row[c] : static_cast<T>(-__builtin_inf());
        const Candidate<T> offer{value, static_cast<int32_t>(c)};
        return k == 0 || offer.behind(last) ? offer : Candidate<T>{T(0), -1};
      });
      team.once([&] {
        static_cast<T*>(a.values)[r * a.k + k] = best.value;
        a.indices[r * a.k + k] = best.column;
      });
      last = best;
    }
  }
};

}  // namespace mosaic::kernels::MOSAIC_ISA
