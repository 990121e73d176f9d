// Reductions over n of {outer, n, cols}, a block of neighbouring columns at a time: inner loops run along
// the columns, which are dense.
#pragma once

#include "engine/kernels/team.h"

namespace mosaic::kernels::MOSAIC_ISA {

inline constexpr int64_t widest_columns = 256;

// Calls f(o, first, wide) for every block [first, first + wide) of up to widest_columns columns. Threads
// divide the columns: each column is one thread's, which takes its n rows in order. `cost` in ns per element.
template <class Launch, class F>
void for_each_columns(int64_t outer, int64_t n, int64_t cols, double cost, const F& f) {
  constexpr int64_t width = 16;  // what threads divide
  const int64_t blocks = (cols + width - 1) / width;
  Launch::spans(outer * blocks, cost * static_cast<double>(n * width), [&](int64_t begin, int64_t end) {
    while (begin < end) {
      const int64_t o = begin / blocks, block = begin % blocks;
      const int64_t count = end - begin < blocks - block ? end - begin : blocks - block;
      const int64_t last = (block + count) * width < cols ? (block + count) * width : cols;
      for (int64_t first = block * width; first < last; first += widest_columns) {
        f(o, first, last - first < widest_columns ? last - first : widest_columns);
      }
      begin += count;
    }
  });
}

// total[c] = the sum over the rows of what add(row, part) adds to part[c]. Every chunk of rows is summed on
// its own, so that the rounding error grows with the chunk's length and the number of chunks, not with their
// product.
template <class A, class F>
[[gnu::always_inline]] inline void sum_in_chunks(int64_t rows, int64_t wide, A* total, const F& add) {
  constexpr int64_t chunk = 64;
  for (int64_t c = 0; c < wide; ++c) total[c] = A(0);
  for (int64_t begin = 0; begin < rows; begin += chunk) {
    const int64_t end = rows - begin < chunk ? rows : begin + chunk;
    A part[widest_columns];
    for (int64_t c = 0; c < wide; ++c) part[c] = A(0);
    for (int64_t r = begin; r < end; ++r) add(r, part);
    for (int64_t c = 0; c < wide; ++c) total[c] += part[c];
  }
}

}  // namespace mosaic::kernels::MOSAIC_ISA
