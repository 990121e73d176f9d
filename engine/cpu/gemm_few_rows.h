// Products of a few rows with a transposed matrix, y{m, n} = x{m, k} W{n, k}^T with m <= few_rows: decoding
// one token. W is read once, straight from memory, and turned in registers, so that each element's sum runs
// in the same order as in a product of many rows.
#pragma once

#include "engine/cpu/gemm_pack.h"

namespace mosaic::kernels::MOSAIC_ISA {

inline constexpr int few_rows = vector_bytes == 64 ? 8 : tile_rows;

// Vectors of columns worked on at once: few rows need more of them to hide the latency of their sums.
constexpr int few_rows_vecs(int rows) {
  return rows == 1 ? 4 : rows <= 3 ? 2 : 1;
}

// b: the first wanted row of W at this block of k; `cols` of the Vecs * lanes columns exist.
template <int Rows, int Vecs>
void few_rows_tile(const Tile<float>& tile, const Finish<float>& finish) {
  constexpr int n = lanes<float>;
  const float* rows[Vecs][n];
#pragma GCC unroll 4
  for (int v = 0; v < Vecs; ++v) row_pointers(tile.b, tile.ldb, v * n, tile.cols, rows[v]);
  Vec<float> sum[Rows][Vecs] = {};
  const float* a = tile.a;
  const int64_t a_step = tile.a_step;
  int64_t p = 0;
  for (; p + 4 <= tile.k; p += 4) {
#pragma GCC unroll 4
    for (int v = 0; v < Vecs; ++v) {
      Vec<float> column[4];
      transpose_4(rows[v], p, column);
#pragma GCC unroll 4
      for (int q = 0; q < 4; ++q) {
#pragma GCC unroll 8
        for (int i = 0; i < Rows; ++i) sum[i][v] += a[i * a_step + p + q] * column[q];
      }
    }
  }
  for (; p < tile.k; ++p) {
    for (int v = 0; v < Vecs; ++v) {
      Vec<float> column;
#pragma GCC unroll 16
      for (int i = 0; i < n; ++i) column[i] = rows[v][i][p];
#pragma GCC unroll 8
      for (int i = 0; i < Rows; ++i) sum[i][v] += a[i * a_step + p] * column;
    }
  }
  finish_tile<float, Rows, Vecs>(sum, tile, finish);
}

}  // namespace mosaic::kernels::MOSAIC_ISA
