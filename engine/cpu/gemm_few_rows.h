// Products of a few rows, m <= few_rows: decoding one token. The matrix is read once, straight from memory,
// and each element's sum runs in the same order as in a product of many rows. W{n, k}^T is turned in
// registers for that, which costs more than the sums; W{k, n} is not: a matrix that is used again and again
// should be kept in that order.
#pragma once

#include "engine/cpu/gemm_pack.h"

namespace mosaic::kernels::MOSAIC_ISA {

inline constexpr int few_rows = tile_rows;

// Vectors of columns worked on at once: few rows need more of them to hide the latency of their sums.
constexpr int few_rows_vecs(int rows) {
  return rows == 1 ? 4 : rows <= 3 ? 2 : 1;
}

// Values p ... p + 3 of n rows of W times A's, into sums v.
template <int Rows, int Vecs>
[[gnu::always_inline]] inline void add_four(const float* const* rows, const float* a, int64_t a_step,
                                            int64_t p, Vec<float> (&sum)[Rows][Vecs], int v) {
  Vec<float> column[4];
  transpose_4(rows, p, column);
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) {
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) sum[i][v] += a[i * a_step + p + q] * column[q];
  }
}

// b: the first wanted row of W at this block of k; `cols` of the Vecs * lanes columns exist.
template <int Rows, int Vecs>
void few_rows_tile(const Tile<float>& tile, const Finish<float>& finish) {
  constexpr int n = lanes<float>;
  constexpr int64_t distance = 4 * line<float>;  // of a prefetch; after a row's end, in the next rows
  const float* rows[Vecs][n];
#pragma GCC unroll 4
  for (int v = 0; v < Vecs; ++v) row_pointers(tile.b, tile.ldb, v * n, tile.cols, rows[v]);
  Vec<float> sum[Rows][Vecs] = {};
  const float* a = tile.a;
  const int64_t a_step = tile.a_step;
  int64_t p = 0;
  // A line of each row is used up before the next vector's rows are touched: rows of a power of two's length
  // share few sets of the first-level cache, which do not keep their lines for a second visit.
  const int64_t by_lines = tile.k >= 256 ? tile.k : 0;
  for (; p + line<float> <= by_lines; p += line<float>) {
    const int64_t later = p + distance < tile.k ? p + distance : p + distance - tile.k + Vecs * n * tile.ldb;
#pragma GCC unroll 4
    for (int v = 0; v < Vecs; ++v) {
      for (int i = 0; i < n; ++i) __builtin_prefetch(rows[v][i] + later, 0, 2);
#pragma GCC unroll 4
      for (int o = 0; o < line<float>; o += 4) add_four(rows[v], a, a_step, p + o, sum, v);
    }
  }
  for (; p + 4 <= tile.k; p += 4) {
#pragma GCC unroll 4
    for (int v = 0; v < Vecs; ++v) add_four(rows[v], a, a_step, p, sum, v);
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

// The same rows with a matrix that is not transposed, W{k, n}: its rows are read from end to end, four at a
// time, and the sums wait in a buffer of the first-level cache.
inline constexpr int64_t few_rows_columns = 512;

template <int Rows>
void few_rows_plain(const Tile<float>& tile, const Finish<float>& finish) {
  constexpr int n = lanes<float>, some = Rows == 1 ? 8 : 4;
  alignas(64) float sums[Rows * few_rows_columns] = {};
  const int64_t whole = tile.cols / n * n;
  const auto add = [&]<int Some>(int64_t p) __attribute__((always_inline)) {
    const float* a = tile.a + p;
    const float* b = tile.b + p * tile.ldb;
    Vec<float> left[Rows][Some];
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 8
      for (int q = 0; q < Some; ++q) left[i][q] = splat(a[i * tile.a_step + q]);
    }
    for (int64_t j = 0; j < tile.cols; j += n) {
      const bool in_full = j < whole;
#pragma GCC unroll 8
      for (int i = 0; i < Rows; ++i) {
        float* sum = sums + i * few_rows_columns + j;
        Vec<float> s = load(sum);
#pragma GCC unroll 8
        for (int q = 0; q < Some; ++q) {
          const float* right = b + q * tile.ldb + j;
          s += left[i][q] * (in_full ? load(right) : load_first(right, tile.cols - j));
        }
        store(sum, s);
      }
    }
  };
  int64_t p = 0;
  for (; p + some <= tile.k; p += some) add.template operator()<some>(p);
  for (; p < tile.k; ++p) add.template operator()<1>(p);
  finish_part(sums, Rows, few_rows_columns, tile, finish);
}

}  // namespace mosaic::kernels::MOSAIC_ISA
