// The random words of a stretch of elements, for kernels that drop while they compute something else.
#pragma once

#include "engine/kernels/drop.h"
#include "engine/kernels/philox.h"
#include "engine/kernels/team.h"

namespace mosaic::kernels::MOSAIC_ISA {

#if !defined(__CUDACC__)  // the teams of a GPU have theirs in cuda/team.cuh
// f(c, word of element first + c) for every c in [0, n).
template <class F>
[[gnu::always_inline]] inline void each_word(const HostTeam& team, PhiloxKey key, int64_t first, int64_t n,
                                             const F& f) {
  constexpr int64_t room = 8 * philox_batch;
  uint32_t words[room];
  for (int64_t from = 0; from < n;) {
    const int64_t element = first + from, skip = element % 4, left = n - from;
    const int64_t count = left < room - skip ? left : room - skip;
    for (int64_t at = 0; at < skip + count; at += philox_batch) {
      philox_words(key.key, key.counter + static_cast<uint64_t>((element + at) / 4), words + at);
    }
    const uint32_t* word = words + skip;
    team.each(count, [&](int64_t c) { f(from + c, word[c]); });
    from += count;
  }
}
#endif

}  // namespace mosaic::kernels::MOSAIC_ISA
