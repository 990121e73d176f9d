// The half types: BFloat16 (8 bits of exponent, 8 of precision) and Half (IEEE 754 binary16: 5 and 11). They
// store; arithmetic is done in float, to which they convert exactly. Converting back rounds to nearest, ties
// to even, as GPUs do. Branch-free, so that the compiler makes vector code of loops.
#pragma once

#include <cstdint>

#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#define MOSAIC_HALF_HD __host__ __device__ __forceinline__
#else
#define MOSAIC_HALF_HD [[gnu::always_inline]] inline
#endif

namespace mosaic {

namespace half_bits {

MOSAIC_HALF_HD uint32_t of(float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return bits;
}
MOSAIC_HALF_HD float to_float(uint32_t bits) {
  float x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}

MOSAIC_HALF_HD uint16_t bfloat_of(float x) {
#ifdef __CUDA_ARCH__
  return __bfloat16_as_ushort(__float2bfloat16_rn(x));
#else
  const uint32_t bits = of(x), rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
  const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
  return static_cast<uint16_t>(nan ? (bits >> 16) | 0x40u : rounded);
#endif
}
MOSAIC_HALF_HD float of_bfloat(uint16_t bits) {
  return to_float(static_cast<uint32_t>(bits) << 16);
}

MOSAIC_HALF_HD uint16_t half_of(float x) {
#ifdef __CUDA_ARCH__
  return __half_as_ushort(__float2half_rn(x));
#else
  const uint32_t bits = of(x), sign = bits >> 16 & 0x8000u, size = bits & 0x7fffffffu;
  // Below 2^-14 results are multiples of 2^-24: adding 1/2, whose last place is 2^-24, rounds there and
  // leaves the multiple in the low bits.
  const uint32_t small = of(to_float(size) + 0.5f) - 0x3f000000u;
  // Else the exponent's bias goes from 127 to 15, and half of the last place (less one on even) is added.
  const uint32_t normal = (size - 0x38000000u + 0xfffu + (size >> 13 & 1u)) >> 13;
  uint32_t result = size < 0x38800000u ? small : normal;
  result = size >= 0x477ff000u ? 0x7c00u : result;                         // 65520 and above
  result = size > 0x7f800000u ? 0x7e00u | (size >> 13 & 0x1ffu) : result;  // NaN
  return static_cast<uint16_t>(sign | result);
#endif
}
MOSAIC_HALF_HD float of_half(uint16_t bits) {
#ifdef __CUDA_ARCH__
  return __half2float(__ushort_as_half(bits));
#else
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16, size = bits & 0x7fffu;
  // The float with these bits shifted into place is 2^-112 of the value, denormals included.
  const uint32_t finite = of(to_float(size << 13) * 0x1p112f);
  const uint32_t special = 0x7f800000u | size << 13;
  return to_float(sign | (size >= 0x7c00u ? special : finite));
#endif
}

}  // namespace half_bits

struct BFloat16 {
  uint16_t bits;
  BFloat16() = default;
  MOSAIC_HALF_HD explicit BFloat16(float x) : bits(half_bits::bfloat_of(x)) {}
  MOSAIC_HALF_HD operator float() const { return half_bits::of_bfloat(bits); }
};

struct Half {
  uint16_t bits;
  Half() = default;
  MOSAIC_HALF_HD explicit Half(float x) : bits(half_bits::half_of(x)) {}
  MOSAIC_HALF_HD operator float() const { return half_bits::of_half(bits); }
};

// The type arithmetic on T is done in.
template <class T>
struct Computed {
  using type = T;
};
template <>
struct Computed<BFloat16> {
  using type = float;
};
template <>
struct Computed<Half> {
  using type = float;
};
template <class T>
using compute_t = typename Computed<T>::type;

}  // namespace mosaic
