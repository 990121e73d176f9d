// Products of matrices that fit the first-level caches, on one thread, from the tiles of the GEMM: what
// attention is made of. The order of each element's sum is ascending in k whatever the sizes, as in
// kernels/gemm.h.
#pragma once

#include "engine/cpu/gemm_pack.h"

namespace mosaic::kernels::MOSAIC_ISA {

// B {k, n}: in place with `ld`, which needs n to be whole vectors, or packed in panels (gemm_pack.h).
template <class T>
struct SmallRight {
  const T* data;
  int64_t ld;
  bool packed;
  int64_t k, n;
};

// The part of a tile of rows that matters: k_begin <= p < k_end, and columns below n (whole panels are
// computed).
struct SmallBounds {
  int64_t k_begin, k_end, n;
};

// f64 only checks gradients: few tile shapes are compiled for it.
template <class T>
inline constexpr int small_rows = sizeof(T) == 8 ? 2 : tile_rows;

template <class T, Walk walk>
struct SmallTiles {
  MicroTile<T> by[tile_vecs][small_rows<T>]{};
  template <int Vecs, int... I>
  constexpr void fill(std::integer_sequence<int, I...>) {
    ((by[Vecs - 1][I] = &micro_tile<T, I + 1, Vecs, walk>), ...);
  }
  constexpr SmallTiles() {
    static_assert(tile_vecs == 2);
    fill<1>(std::make_integer_sequence<int, small_rows<T>>{});
    fill<2>(std::make_integer_sequence<int, small_rows<T>>{});
  }
};
template <class T, Walk walk>
inline constexpr SmallTiles<T, walk> small_tiles;

// C {m, b.n} = alpha A B, plus C when `add`; `stored` columns of C are written (b.n, or more where C's rows
// have room for whole vectors). bounds(first, last) gives the SmallBounds of the rows [first, last).
template <Walk walk, class T, class F>
void small_product(int64_t m, const T* a, int64_t a_step, const SmallRight<T>& b, T* c, int64_t ldc,
                   int64_t stored, T alpha, bool add, const F& bounds) {
  const int64_t tiles = (m + small_rows<T> - 1) / small_rows<T>;
  const Finish<T> finish{alpha, add, nullptr, false};
  for (int64_t t = 0; t < tiles; ++t) {
    const int64_t first = m * t / tiles, last = m * (t + 1) / tiles;
    const SmallBounds part = bounds(first, last);
    Tile<T> tile{};
    tile.k = part.k_end > part.k_begin ? part.k_end - part.k_begin : 0;
    tile.a = walk == Walk::rows ? a + first * a_step + part.k_begin : a + part.k_begin * a_step + first;
    tile.a_step = a_step;
    tile.ldc = ldc;
    for (int64_t j = 0; j < part.n; j += panel_columns<T>) {
      const int64_t left = b.n - j, width = left < panel_columns<T> ? padded<T>(left) : panel_columns<T>;
      tile.ldb = b.packed ? width : b.ld;
      tile.b = b.data + (b.packed ? j * b.k : j) + part.k_begin * tile.ldb;
      tile.c = c + first * ldc + j;
      tile.cols = stored - j < width ? stored - j : width;
      small_tiles<T, walk>.by[width / lanes<T> - 1][last - first - 1](tile, finish);
    }
  }
}

// The same for one row and B in place, from column `from` on: many sums at once hide their latency, and each
// row of B is read in long pieces.
template <class T, int Vecs = 8>
void small_row_product(const T* a, const SmallRight<T>& b, T* c, T alpha, int64_t from = 0) {
  constexpr int64_t width = Vecs * lanes<T>;
  for (; from + width <= b.n; from += width) {
    micro_tile<T, 1, Vecs, Walk::rows>({b.k, a, 0, b.data + from, b.ld, c + from, 0, width},
                                       {alpha, false, nullptr, false});
  }
  if constexpr (Vecs > 1) {
    if (from < b.n) small_row_product<T, Vecs / 2>(a, b, c, alpha, from);
  }
}

// B as an operand: in place when its rows are whole vectors, else packed into `buffer` of k * padded(n).
template <class T>
SmallRight<T> small_right(const T* b, int64_t ldb, int64_t k, int64_t n, T* buffer) {
  if (n % lanes<T> == 0) return {b, ldb, false, k, n};
  pack_b_plain(b, ldb, k, n, buffer);
  return {buffer, 0, true, k, n};
}

// The transpose of b {n, k} as an operand, packed into `buffer` of k * padded(n).
template <class T>
SmallRight<T> small_right_transposed(const T* b, int64_t ldb, int64_t k, int64_t n, T* buffer) {
  pack_b_transposed(b, ldb, k, n, buffer);
  return {buffer, 0, true, k, n};
}

}  // namespace mosaic::kernels::MOSAIC_ISA
