// How products on the CPU are cut, shared by all that promise the same bits (gemm_kernels.cpp, packed.cpp).
#pragma once

#include <cstdint>

#include "engine/cpu/caches.h"
#include "engine/cpu/simd.h"

namespace mosaic::kernels::MOSAIC_ISA {

constexpr int64_t smaller(int64_t a, int64_t b) {
  return a < b ? a : b;
}
constexpr int64_t larger(int64_t a, int64_t b) {
  return a > b ? a : b;
}
constexpr int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

// k is cut into equal blocks of at most this, in multiples of 8: part of the result's definition.
inline constexpr int64_t block_k = 512;
constexpr int64_t k_step(int64_t k) {
  return k == 0 ? 1 : ceil_div(ceil_div(k, ceil_div(k, block_k)), 8) * 8;
}

// Values that fill the second-level cache. Blocks of the right operand that are read again for every few rows
// of the left take a quarter of it: the rest is for what passes by.
template <class T>
int64_t cache_values() {
  return second_level_bytes() / int64_t{sizeof(T)};
}

// Multiply-adds worth a thread: some 5 microseconds.
inline constexpr int64_t thread_work = 1 << 18;

}  // namespace mosaic::kernels::MOSAIC_ISA
