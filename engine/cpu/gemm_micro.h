// The innermost products of GEMM: a tile of Rows x (Vecs * lanes) of C is held in registers while k runs.
//
// Every tile shape performs, per element, the same operations in the same order; that is what makes results
// independent of how C is cut into tiles (kernels/gemm.h).
#pragma once

#include "engine/cpu/ahead.h"
#include "engine/cpu/simd.h"

namespace mosaic::kernels::MOSAIC_ISA {

// Register tile per instruction set: rows * vecs accumulators, vecs of B and one of A must fit 16 registers
// (32 with AVX-512; more rows would fit there, but the first-level cache has 8 ways for the rows of A, and 16
// sums hide the latency of one: measured on Zen 4, 8 x 2 reaches 98 % of the roof and 14 x 2 95 %).
#if defined(__AVX512F__)
inline constexpr int tile_rows = 8, tile_vecs = 2;
#elif defined(__AVX2__)
inline constexpr int tile_rows = 6, tile_vecs = 2;
#else
inline constexpr int tile_rows = 4, tile_vecs = 2;
#endif

// What happens to a tile's sums. A null bias adds nothing.
template <class T>
struct Finish {
  T alpha;
  bool add;  // to what C holds: a later block of k, or accumulate
  const T* bias;
  bool relu;
};

// A tile of op(A): element (row, p) is a[row * row_step + p * step], one of the steps being 1.
// A tile of op(B): row p is b[p * ldb ...], `cols` of its Vecs * lanes columns are wanted, all are readable.
template <class T>
struct Tile {
  int64_t k;
  const T* a;
  int64_t a_step;
  const T* b;
  int64_t ldb;
  T* c;
  int64_t ldc;
  int64_t cols;
  Ahead* ahead = nullptr;
};

// alpha * sum + old + bias, then the ReLU (NaN passes), in three roundings for every element of every tile
// shape.
template <class T>
[[gnu::always_inline]] inline Vec<T> finish_vector(Vec<T> sum, Vec<T> old, const T* bias,
                                                   const Finish<T>& finish) {
  Vec<T> value = rounded(finish.alpha * sum) + old;
  if (bias != nullptr) value += load(bias);
  if (finish.relu) value = value < 0 ? Vec<T>{} : value;
  return value;
}

// Of sums that lie in memory, rows `row_length` apart; the last vector may be wanted in part.
template <class T>
[[gnu::noinline]] void finish_part(const T* sums, int64_t rows, int64_t row_length, const Tile<T>& tile,
                                   const Finish<T>& finish) {
  for (int64_t from = 0; from < tile.cols; from += lanes<T>) {
    const int64_t count = tile.cols - from;
    alignas(64) T bias[lanes<T>] = {};
    if (finish.bias) store(bias, load_first(finish.bias + from, count));
    for (int64_t i = 0; i < rows; ++i) {
      T* c = tile.c + i * tile.ldc + from;
      const Vec<T> old = finish.add ? load_first(c, count) : Vec<T>{};
      const Vec<T> sum = load(sums + i * row_length + from);
      store_first(c, finish_vector<T>(sum, old, finish.bias ? bias : nullptr, finish), count);
    }
  }
}

template <class T, int Rows, int Vecs>
[[gnu::always_inline]] inline void finish_whole(const Vec<T> (&sum)[Rows][Vecs], const Tile<T>& tile,
                                                const Finish<T>& finish) {
  T* c = tile.c;
#pragma GCC unroll 32
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < Vecs; ++j) {
      const int64_t from = j * lanes<T>;
      const Vec<T> old = finish.add ? load(c + from) : Vec<T>{};
      store(c + from, finish_vector<T>(sum[i][j], old, finish.bias ? finish.bias + from : nullptr, finish));
    }
    c += tile.ldc;
  }
}

template <class T, int Rows, int Vecs>
[[gnu::always_inline]] inline void finish_tile(const Vec<T> (&sum)[Rows][Vecs], const Tile<T>& tile,
                                               const Finish<T>& finish) {
  constexpr int64_t row_length = Vecs * lanes<T>;
  if (tile.cols < row_length) {
    alignas(64) T sums[Rows * row_length];
#pragma GCC unroll 32
    for (int i = 0; i < Rows * Vecs; ++i) store(sums + i * lanes<T>, sum[i / Vecs][i % Vecs]);
    return finish_part(sums, Rows, row_length, tile, finish);
  }
  // The two usual cases without a test per vector.
  const Finish<T> plain{finish.alpha, false, nullptr, false}, adding{finish.alpha, true, nullptr, false};
  if (finish.bias != nullptr || finish.relu) {
    finish_whole<T, Rows, Vecs>(sum, tile, finish);
  } else if (finish.add) {
    finish_whole<T, Rows, Vecs>(sum, tile, adding);
  } else {
    finish_whole<T, Rows, Vecs>(sum, tile, plain);
  }
}

// A's rows are contiguous (a_step between rows) or its columns are (a_step between values of p).
enum class Walk { rows, columns };

// Unrolled further, the compiler mixes the steps and spills a sum.
template <class T, int Rows, int Vecs, Walk walk>
void micro_tile(const Tile<T>& tile, const Finish<T>& finish) {
  Vec<T> sum[Rows][Vecs] = {};
  const T* a = tile.a;
  const T* b = tile.b;
  const int64_t a_step = tile.a_step, a_next = walk == Walk::rows ? 1 : a_step, ldb = tile.ldb;
  // C is far from the caches when it is large: asked for now, it is there when the sums are.
#pragma GCC unroll 32
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < Vecs; j += 64 / vector_bytes)
      __builtin_prefetch(tile.c + i * tile.ldc + j * lanes<T>, 1);
  }
  for (int64_t left_k = tile.k; left_k > 0; left_k -= visit_step) {
    if (tile.ahead != nullptr) tile.ahead->visit();
#pragma GCC unroll 2
    for (int64_t p = left_k < visit_step ? left_k : visit_step; p > 0; --p) {
      Vec<T> right[Vecs];
#pragma GCC unroll 8
      for (int j = 0; j < Vecs; ++j) right[j] = load(b + j * lanes<T>);
#pragma GCC unroll 32
      for (int i = 0; i < Rows; ++i) {
        const T left = walk == Walk::rows ? a[i * a_step] : a[i];
#pragma GCC unroll 8
        for (int j = 0; j < Vecs; ++j) sum[i][j] += left * right[j];
      }
      a += a_next;
      b += ldb;
    }
  }
  finish_tile<T, Rows, Vecs>(sum, tile, finish);
}

template <class T>
using MicroTile = void (*)(const Tile<T>&, const Finish<T>&);

}  // namespace mosaic::kernels::MOSAIC_ISA
