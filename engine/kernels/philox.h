// Philox4x32-10 for kernels: the same words as core/random.cpp's philox4x32, many blocks at a time.
#pragma once

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include <cstdint>
#include <utility>

#include "engine/kernels/team.h"

namespace mosaic::kernels::MOSAIC_ISA {

// The four words of one block.
MOSAIC_HD inline void philox_block(uint64_t key, uint64_t counter, uint32_t* out) {
  uint32_t c0 = static_cast<uint32_t>(counter), c1 = static_cast<uint32_t>(counter >> 32), c2 = 0, c3 = 0;
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53u} * c0, p1 = uint64_t{0xCD9E8D57u} * c2;
    c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<uint32_t>(p1);
    c3 = static_cast<uint32_t>(p0);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

// Blocks computed side by side, so that rounds are vector code.
inline constexpr int philox_blocks = 16;
inline constexpr int64_t philox_batch = int64_t{4} * philox_blocks;  // words

#if !defined(__CUDACC__)
#if defined(__AVX512F__)
inline constexpr int wide_lanes = 8;
#elif defined(__AVX2__)
inline constexpr int wide_lanes = 4;
#else
inline constexpr int wide_lanes = 2;
#endif
// 64-bit lanes whose low halves hold 32-bit words; what the high halves hold does not matter.
typedef uint64_t Wide __attribute__((vector_size(wide_lanes * sizeof(uint64_t))));

// The 64-bit products of the low halves.
inline Wide product(Wide a, Wide b) {
#if defined(__AVX512F__)
  return (Wide)_mm512_maskz_mul_epu32(0xff, (__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
  return (Wide)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
  return (Wide)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
  return (a & 0xffffffffu) * (b & 0xffffffffu);
#endif
}

// Lanes a0, b0, a1, b1, ... (low halves first: little-endian) in whole vectors, which later loads can be fed
// from.
template <int... I>
inline void store_pairs_at(Wide a, Wide b, uint32_t* out, std::integer_sequence<int, I...>) {
  const Wide low = __builtin_shufflevector(a, b, (I / 2 + I % 2 * wide_lanes)...);
  const Wide high = __builtin_shufflevector(a, b, (wide_lanes / 2 + I / 2 + I % 2 * wide_lanes)...);
  __builtin_memcpy(out, &low, sizeof low);
  __builtin_memcpy(out + 2 * wide_lanes, &high, sizeof high);
}
inline void store_pairs(Wide a, Wide b, uint32_t* out) {
  store_pairs_at(a, b, out, std::make_integer_sequence<int, wide_lanes>{});
}

// 2 * wide_lanes blocks: two chains of rounds keep the multiplier busy and their state stays in registers.
inline void philox_pair(uint64_t key, uint64_t counter, uint32_t* out) {
  Wide a0{}, a2{}, a3{}, b2{}, b3{};
  for (int lane = 0; lane < wide_lanes; ++lane) a0[lane] = counter + static_cast<uint64_t>(lane);
  Wide b0 = a0 + wide_lanes, a1 = a0 >> 32, b1 = b0 >> 32;
  const Wide m0 = Wide{} + 0xD2511F53u, m1 = Wide{} + 0xCD9E8D57u;
  Wide k0 = Wide{} + (key & 0xffffffffu), k1 = Wide{} + (key >> 32);
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    const Wide pa0 = product(m0, a0), pa1 = product(m1, a2), pb0 = product(m0, b0), pb1 = product(m1, b2);
    a0 = (pa1 >> 32) ^ a1 ^ k0;
    b0 = (pb1 >> 32) ^ b1 ^ k0;
    a2 = (pa0 >> 32) ^ a3 ^ k1;
    b2 = (pb0 >> 32) ^ b3 ^ k1;
    a1 = pa1;
    b1 = pb1;
    a3 = pa0;
    b3 = pb0;
    k0 += 0x9E3779B9u;  // what spills into the high halves is never read
    k1 += 0xBB67AE85u;
  }
  const Wide first[2] = {(a0 & 0xffffffffu) | (a1 << 32), (b0 & 0xffffffffu) | (b1 << 32)};
  const Wide second[2] = {(a2 & 0xffffffffu) | (a3 << 32), (b2 & 0xffffffffu) | (b3 << 32)};
  for (int half = 0; half < 2; ++half) store_pairs(first[half], second[half], out + 4 * half * wide_lanes);
}

// out[0 .. philox_batch): the words of philox_blocks blocks from `counter` on.
inline void philox_words(uint64_t key, uint64_t counter, uint32_t* out) {
  for (int block = 0; block < philox_blocks; block += 2 * wide_lanes) {
    philox_pair(key, counter + static_cast<uint64_t>(block), out + 4 * block);
  }
}
#endif

}  // namespace mosaic::kernels::MOSAIC_ISA
