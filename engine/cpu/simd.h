// Vectors of the instruction set a file is compiled for, on the compiler's vector extension: operators work
// per lane, a * b + c becomes one FMA where there is one. No intrinsics, so every platform compiles the same
// code; but for the masks of AVX-512, which the extension cannot express.
#pragma once

#include <cstdint>
#include <utility>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#ifndef MOSAIC_ISA
#define MOSAIC_ISA baseline
#endif

namespace mosaic::kernels::MOSAIC_ISA {

#if defined(__AVX512F__)
inline constexpr int vector_bytes = 64;
#elif defined(__AVX2__)
inline constexpr int vector_bytes = 32;
#else
inline constexpr int vector_bytes = 16;
#endif

template <class T, int Bytes>
struct VecType {
  typedef T type __attribute__((vector_size(Bytes)));
  typedef T unaligned __attribute__((vector_size(Bytes), aligned(alignof(T)), may_alias));
};
template <class T, int Bytes = vector_bytes>
using Vec = typename VecType<T, Bytes>::type;
template <class T, int Bytes = vector_bytes>
inline constexpr int lanes = Bytes / static_cast<int>(sizeof(T));

// Lanes p[0], p[1], ...; any alignment.
template <class T, int Bytes = vector_bytes>
[[gnu::always_inline]] inline Vec<T, Bytes> load(const T* p) {
  return *reinterpret_cast<const typename VecType<T, Bytes>::unaligned*>(p);
}
template <class T, int Bytes = vector_bytes>
[[gnu::always_inline]] inline void store(T* p, Vec<T, Bytes> v) {
  *reinterpret_cast<typename VecType<T, Bytes>::unaligned*>(p) = v;
}
// The value in every lane.
template <class T, int Bytes = vector_bytes>
[[gnu::always_inline]] inline Vec<T, Bytes> splat(T value) {
  return value - Vec<T, Bytes>{};  // x - 0 is x, -0 and NaN included
}

// v, in a way that the compiler cannot merge the operation that made it with the next one: without it a
// product may or may not become part of an FMA, depending on the code around.
template <class V>
[[gnu::always_inline]] inline V rounded(V v) {
#if defined(__x86_64__)
  asm("" : "+v"(v));
#elif defined(__aarch64__)
  asm("" : "+w"(v));
#else
  asm("" : "+m"(v));
#endif
  return v;
}

// Lanes From, From + 1, ... as a shorter vector; the lanes of two vectors one after the other.
template <class T, int To, int From, int Bytes, int... I>
[[gnu::always_inline]] inline Vec<T, To> cut(Vec<T, Bytes> v, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(v, v, (From + I)...);
}
template <class T, int Bytes, int... I>
[[gnu::always_inline]] inline Vec<T, 2 * Bytes> join(Vec<T, Bytes> low, Vec<T, Bytes> high,
                                                     std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(low, high, I...);
}
template <class T, int Bytes>
[[gnu::always_inline]] inline Vec<T, 2 * Bytes> join(Vec<T, Bytes> low, Vec<T, Bytes> high) {
  return join<T, Bytes>(low, high, std::make_integer_sequence<int, 2 * lanes<T, Bytes>>{});
}

#if defined(__AVX512F__)
// Vectors of four-byte values have masks: load_first and store_first in one instruction.
template <class T, int Bytes>
inline constexpr bool has_masks = Bytes == 64 && sizeof(T) == 4;
[[gnu::always_inline]] inline __mmask16 first_lanes(int64_t count) {
  return static_cast<__mmask16>(count <= 0 ? 0 : 0xffffu >> (count < 16 ? 16 - count : 0));
}
template <class T>
[[gnu::always_inline]] inline Vec<T, 64> masked_load(const T* p, int64_t count) {
  return reinterpret_cast<Vec<T, 64>>(_mm512_maskz_loadu_epi32(first_lanes(count), p));
}
template <class T>
[[gnu::always_inline]] inline void masked_store(T* p, Vec<T, 64> v, int64_t count) {
  _mm512_mask_storeu_epi32(p, first_lanes(count), reinterpret_cast<__m512i>(v));
}
#else
template <class T, int Bytes>
inline constexpr bool has_masks = false;
#endif

// The first `count` lanes from memory, nothing beyond is read; the others are zero.
template <class T, int Bytes = vector_bytes>
[[gnu::always_inline]] inline Vec<T, Bytes> load_first(const T* p, int64_t count) {
  if (count >= lanes<T, Bytes>) return load<T, Bytes>(p);
  if constexpr (has_masks<T, Bytes>) {
    return masked_load(p, count);
  } else if constexpr (Bytes > 16) {
    constexpr int half = Bytes / 2;
    const Vec<T, half> zero = {};
    if (count <= lanes<T, half>) return join<T, half>(load_first<T, half>(p, count), zero);
    return join<T, half>(load<T, half>(p), load_first<T, half>(p + lanes<T, half>, count - lanes<T, half>));
  } else {
    Vec<T, Bytes> v = {};
    for (int i = 0; i < lanes<T, Bytes> - 1; ++i) {
      if (i < count) v[i] = p[i];
    }
    return v;
  }
}
// Stores the first `count` lanes, nothing beyond is written.
template <class T, int Bytes = vector_bytes>
[[gnu::always_inline]] inline void store_first(T* p, Vec<T, Bytes> v, int64_t count) {
  if (count >= lanes<T, Bytes>) return store<T, Bytes>(p, v);
  if constexpr (has_masks<T, Bytes>) {
    masked_store(p, v, count);
  } else if constexpr (Bytes > 16) {
    constexpr int half = Bytes / 2, n = lanes<T, half>;
    const Vec<T, half> low = cut<T, half, 0, Bytes>(v, std::make_integer_sequence<int, n>{});
    if (count <= n) return store_first<T, half>(p, low, count);
    store<T, half>(p, low);
    store_first<T, half>(p + n, cut<T, half, n, Bytes>(v, std::make_integer_sequence<int, n>{}), count - n);
  } else {
    for (int i = 0; i < lanes<T, Bytes> - 1; ++i) {
      if (i < count) p[i] = v[i];
    }
  }
}

}  // namespace mosaic::kernels::MOSAIC_ISA
