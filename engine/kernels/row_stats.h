// The statistics of a row that softmax and cross-entropy are made of.
#pragma once

#include "engine/kernels/math.h"
#include "engine/kernels/team.h"

namespace mosaic::kernels::MOSAIC_ISA {

// The maximum m of a row, the sum of exp(x - m) and, when asked for, the sum of x - x[0].
template <class A>
struct RowStats {
  A max, sum, total;
};

#if defined(__CUDACC__)
// In one walk: in cuda/row_stats.cuh.
template <class T, class Team>
__device__ __forceinline__ RowStats<acc_t<T>> row_stats(const Team& team, const T* x, int64_t cols,
                                                        bool total = false);
#else
// In one walk through memory: blocks of the team's choice are read several times, and the exponentials' sum
// is rescaled when a later block has a larger maximum.
template <class T, class Team>
[[gnu::always_inline]] inline RowStats<acc_t<T>> row_stats(const Team& team, const T* x, int64_t cols,
                                                           bool total = false) {
  using A = acc_t<T>;
  RowStats<A> stats{-A(__builtin_inf()), A(0), A(0)};
  const A pivot = cols > 0 ? A(x[0]) : A(0);
  for (int64_t from = 0; from < cols; from += Team::walk) {
    const T* part = x + from;
    const int64_t n = cols - from < Team::walk ? cols - from : Team::walk;
    const A high = team.template max<A>(n, stats.max, [&](int64_t c) { return A(part[c]); });
    if (high > stats.max) {
      stats.sum *= exp_flush(stats.max - high);
      stats.max = high;
    }
    const A shift = stats.max > -A(__builtin_inf()) ? stats.max : A(0);  // -inf - -inf would be NaN
    stats.sum += team.template sum<A>(n, [&](int64_t c) { return exp_flush(A(part[c]) - shift); });
    if (total) stats.total += team.template sum<A>(n, [&](int64_t c) { return A(part[c]) - pivot; });
  }
  return stats;
}
#endif

}  // namespace mosaic::kernels::MOSAIC_ISA
