// Copies of blocks of op(B) in the order the micro-kernels read them.
//
// A block of op(B), rows of k by columns, is packed as panels of tile_vecs * lanes columns, the last one
// padded to whole vectors: panel j starts at j * panel_columns * k, its row p at p * (its width). Padding is
// never stored to C, so its values do not matter.
#pragma once

#include "engine/cpu/gemm_micro.h"

namespace mosaic::kernels::MOSAIC_ISA {

template <class T>
inline constexpr int panel_columns = tile_vecs* lanes<T>;

// Values of a line of the caches.
template <class T>
inline constexpr int line = 64 / static_cast<int>(sizeof(T));

// Columns a panel of `cols` wanted ones is padded to.
template <class T>
constexpr int64_t padded(int64_t cols) {
  return (cols + lanes<T> - 1) / lanes<T> * lanes<T>;
}

// 128-bit parts: values in one, and parts in a vector.
template <class T>
inline constexpr int part = 16 / static_cast<int>(sizeof(T));
template <class T>
inline constexpr int parts = lanes<T> / part<T>;

// The vector whose 16-byte part g is at row[g * part] + offset.
template <class T>
[[gnu::always_inline]] inline Vec<T> gather_parts(const T* const* row, int64_t offset) {
  const auto at = [&](int g) __attribute__((always_inline)) {
    return load<T, 16>(row[g * part<T>] + offset);
  };
  if constexpr (parts<T> == 1) {
    return at(0);
  } else if constexpr (parts<T> == 2) {
    return join<T, 16>(at(0), at(1));
  } else {
    return join<T, 32>(join<T, 16>(at(0), at(1)), join<T, 16>(at(2), at(3)));
  }
}

// In every 16-byte part: {a0 b0 a1 b1}, or {a2 b2 a3 b3} when High; pairs move together when Wide: {a0 a1 b0
// b1} and {a2 a3 b2 b3}.
template <bool Wide, bool High>
[[gnu::always_inline]] inline Vec<float> interleave(Vec<float> a, Vec<float> b) {
  constexpr int n = lanes<float>;
  constexpr int h = High ? 2 : 0;
  constexpr int i0 = h, i1 = Wide ? h + 1 : n + h, i2 = Wide ? n + h : h + 1, i3 = n + h + 1;
  if constexpr (n == 4) {
    return __builtin_shufflevector(a, b, i0, i1, i2, i3);
  } else if constexpr (n == 8) {
    return __builtin_shufflevector(a, b, i0, i1, i2, i3, i0 + 4, i1 + 4, i2 + 4, i3 + 4);
  } else {
    return __builtin_shufflevector(a, b, i0, i1, i2, i3, i0 + 4, i1 + 4, i2 + 4, i3 + 4, i0 + 8, i1 + 8,
                                   i2 + 8, i3 + 8, i0 + 12, i1 + 12, i2 + 12, i3 + 12);
  }
}

// Reads values offset ... offset + 3 of `lanes` rows and gives four vectors, the columns: out[q] = value q of
// row 0, 1, 2, ... Assembling the vectors from 16-byte loads leaves only shuffles within 16 bytes, the cheap
// kind.
[[gnu::always_inline]] inline void transpose_4(const float* const* rows, int64_t offset,
                                               Vec<float> (&out)[4]) {
  const Vec<float> r0 = gather_parts(rows, offset), r1 = gather_parts(rows + 1, offset);
  const Vec<float> r2 = gather_parts(rows + 2, offset), r3 = gather_parts(rows + 3, offset);
  const Vec<float> a = interleave<false, false>(r0, r1), b = interleave<false, true>(r0, r1);
  const Vec<float> c = interleave<false, false>(r2, r3), d = interleave<false, true>(r2, r3);
  out[0] = interleave<true, false>(a, c);
  out[1] = interleave<true, true>(a, c);
  out[2] = interleave<true, false>(b, d);
  out[3] = interleave<true, true>(b, d);
}

// Pointers to rows first ... first + lanes - 1 of a matrix that has `count` rows; missing ones repeat the
// last.
template <class T>
[[gnu::always_inline]] inline void row_pointers(const T* b, int64_t ldb, int64_t first, int64_t count,
                                                const T* (&rows)[lanes<T>]) {
  for (int64_t i = 0; i < lanes<T>; ++i) rows[i] = b + (first + i < count ? first + i : count - 1) * ldb;
}

// b is {cols, k}: row j is column j of op(B).
template <class T>
inline void pack_b_transposed(const T* b, int64_t ldb, int64_t k, int64_t cols, T* out) {
  for (int64_t j = 0; j < cols; j += lanes<T>) {
    const int64_t panel = j / panel_columns<T> * panel_columns<T>;
    const int64_t left = cols - panel;
    const int64_t width = left < panel_columns<T> ? padded<T>(left) : panel_columns<T>;
    T* to = out + panel * k + (j - panel);
    const T* rows[lanes<T>];
    row_pointers(b, ldb, j, cols, rows);
    int64_t p = 0;
    if constexpr (sizeof(T) == 4) {
      for (; p + 4 <= k; p += 4) {
        // The rows of the next vector: streams this short are over before the processor would see them come.
        if (p % line<T> == 0 && j + lanes<T> < cols) {
          for (int i = 0; i < lanes<T>; ++i) __builtin_prefetch(rows[i] + lanes<T> * ldb + p);
        }
        Vec<T> column[4];
        transpose_4(rows, p, column);
        for (int q = 0; q < 4; ++q) store(to + (p + q) * width, column[q]);
      }
    }
    for (; p < k; ++p) {
      for (int i = 0; i < lanes<T>; ++i) to[p * width + i] = rows[i][p];
    }
  }
}

// Rows copied at a time where a row is scattered over panels: each of these is then written in runs of
// several lines, and the rows are still read about one after the other.
inline constexpr int64_t rows_at_once = 8;

// b is {k, cols}.
template <class T>
inline void pack_b_plain(const T* b, int64_t ldb, int64_t k, int64_t cols, T* out) {
  const int64_t whole = cols / panel_columns<T> * panel_columns<T>;
  const int64_t width = padded<T>(cols - whole);
  for (int64_t p0 = 0; p0 < k; p0 += rows_at_once) {
    const int64_t p1 = p0 + rows_at_once < k ? p0 + rows_at_once : k;
    for (int64_t j = 0; j < whole; j += panel_columns<T>) {
      for (int64_t p = p0; p < p1; ++p) {
        T* to = out + j * k + p * panel_columns<T>;
        for (int v = 0; v < tile_vecs; ++v) store(to + v * lanes<T>, load(b + p * ldb + j + v * lanes<T>));
      }
    }
    for (int64_t j = 0; j < width; j += lanes<T>) {
      for (int64_t p = p0; p < p1; ++p) {
        store(out + whole * k + p * width + j, load_first(b + p * ldb + whole + j, cols - whole - j));
      }
    }
  }
}

}  // namespace mosaic::kernels::MOSAIC_ISA
