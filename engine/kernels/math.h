// Branch-free exp, log, tanh, sigmoid and GELU that the compiler turns into vector code, 1 to 3 ulps in f32
// (GELU where it is not small; in its tail, down to 1e-18, 5e-6 of itself).
//
// Polynomials are our own minimax fits (Remez; the normal tail by reweighted least squares) of the reduced
// ranges. double, which exists to check gradients, goes to the C library. No function here calls an inline
// function of the standard library (see team.h).
#pragma once

#include <cstdint>

#include "engine/kernels/team.h"

namespace mosaic::kernels::MOSAIC_ISA {

inline constexpr double pi_half = 1.57079632679489661923;
inline constexpr double inv_sqrt2 = 0.70710678118654752440;
inline constexpr double inv_sqrt2pi = 0.39894228040143267794;

// a * b + c, rounded once where the instruction set has FMA. Written out so that a value does not depend on
// whether it was computed in a vector or in a loop's tail.
MOSAIC_HD inline float mul_add(float a, float b, float c) {
#if defined(__FMA__) || defined(__CUDACC__)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}
MOSAIC_HD inline double mul_add(double a, double b, double c) {
#if defined(__FMA__) || defined(__CUDACC__)
  return __builtin_fma(a, b, c);
#else
  return a * b + c;
#endif
}

MOSAIC_HD inline uint32_t bits_of(float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return bits;
}
MOSAIC_HD inline float float_of(uint32_t bits) {
  float x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}

MOSAIC_HD inline float sqrt(float x) {
  return __builtin_sqrtf(x);
}
MOSAIC_HD inline double sqrt(double x) {
  return __builtin_sqrt(x);
}
MOSAIC_HD inline float abs(float x) {
  return __builtin_fabsf(x);
}
MOSAIC_HD inline double abs(double x) {
  return __builtin_fabs(x);
}
// NaN if either is (a comparison with NaN is false).
template <class T>
MOSAIC_HD inline T larger(T a, T b) {
  return a > b || a != a ? a : b;
}
template <class T>
MOSAIC_HD inline T smaller(T a, T b) {
  return a < b || a != a ? a : b;
}
template <class T>
MOSAIC_HD inline bool is_finite(T x) {
  return x - x == T(0);
}

// e^x; 0 below -104, infinity above 88.73, denormal results are right, NaN stays NaN.
MOSAIC_HD inline float exp(float x) {
  x = x > 89.0f ? 89.0f : x;
  x = x < -104.0f ? -104.0f : x;
  // x = n ln2 + r, |r| <= ln2 / 2. Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
  constexpr float magic = 12582912.0f;
  const float shifted = mul_add(x, 1.44269504089f, magic);
  const float n = shifted - magic;
  float r = mul_add(n, -0.693359375f, x);
  r = mul_add(n, 2.12194440e-4f, r);
  float p = mul_add(r, 1.395049096e-3f, 8.368889357e-3f);
  p = mul_add(p, r, 4.166620581e-2f);
  p = mul_add(p, r, 1.666651884e-1f);
  p = mul_add(p, r, 0.5000000095f);
  p = mul_add(p, r * r, r) + 1.0f;
  // 2^n in two factors: n reaches from -150 to 128.
  const int32_t whole = static_cast<int32_t>(bits_of(shifted) - 0x4b400000u);
  const int32_t half = whole >> 1;
  const float scale = float_of(static_cast<uint32_t>(half + 127) << 23);
  const float rest = float_of(static_cast<uint32_t>(whole - half + 127) << 23);
  return p * scale * rest;
}
MOSAIC_HD inline double exp(double x) {
  return __builtin_exp(x);
}

// e^x for x <= 88, as the exponentials of softmax are: exp at two thirds of the cost, but 0 below -87.3,
// where exp has denormal results.
MOSAIC_HD inline float exp_flush(float x) {
  constexpr float magic = 12582912.0f;
  const float shifted = mul_add(x, 1.44269504089f, magic);
  const float n = shifted - magic;
  float r = mul_add(n, -0.693359375f, x);
  r = mul_add(n, 2.12194440e-4f, r);
  float p = mul_add(r, 1.395049096e-3f, 8.368889357e-3f);
  p = mul_add(p, r, 4.166620581e-2f);
  p = mul_add(p, r, 1.666651884e-1f);
  p = mul_add(p, r, 0.5000000095f);
  p = mul_add(p, r * r, r) + 1.0f;
  const float power = p * float_of((bits_of(shifted) + 127u) << 23);  // the bits of magic are shifted out
  return x < -87.3f ? 0.0f : power;
}
MOSAIC_HD inline double exp_flush(double x) {
  return __builtin_exp(x);
}

// Natural logarithm; log 0 = -infinity, NaN for negative x.
MOSAIC_HD inline float log(float x) {
  // x = 2^e m with m in [sqrt(1/2), sqrt 2); denormals are scaled into the normal range first.
  const bool tiny = x < 1.17549435e-38f;
  const float scaled = tiny ? x * 8388608.0f : x;
  const uint32_t above = bits_of(scaled) - 0x3f3504f3u;
  const int32_t whole = static_cast<int32_t>(above) >> 23;
  const float e = static_cast<float>(whole) - (tiny ? 23.0f : 0.0f);
  const float m = float_of((above & 0x007fffffu) + 0x3f3504f3u);
  // log(1 + f) = 2 atanh(s), s = f / (2 + f); arranged so that f itself is never rounded.
  const float f = m - 1.0f, s = f / (2.0f + f), z = s * s, half_square = 0.5f * f * f;
  float q = mul_add(z, 2.358356873e-1f, 2.853723833e-1f);
  q = mul_add(q, z, 4.000033622e-1f);
  q = mul_add(q, z, 6.666666564e-1f);
  const float low = mul_add(e, -2.12194440e-4f, s * mul_add(q, z, half_square));
  const float value = mul_add(e, 0.693359375f, f - (half_square - low));
  const float infinity = __builtin_inff();
  const float at_edge =
      x == 0.0f ? -infinity : (x < 0.0f ? __builtin_nanf("") : x);  // 0, negative, inf or NaN
  return x > 0.0f && x < infinity ? value : at_edge;
}
MOSAIC_HD inline double log(double x) {
  return __builtin_log(x);
}

MOSAIC_HD inline float tanh(float x) {
  const float z = x * x;
  float p = mul_add(z, 2.064665432e-3f, -8.091968711e-3f);
  p = mul_add(p, z, 2.166634711e-2f);
  p = mul_add(p, z, -5.394056322e-2f);
  p = mul_add(p, z, 1.33331579e-1f);
  p = mul_add(p, z, -3.333332961e-1f);
  const float near = mul_add(p * z, x, x);
  const float far = 1.0f - 2.0f / (exp(2.0f * abs(x)) + 1.0f);
  return abs(x) < 0.625f ? near : __builtin_copysignf(far, x);
}
MOSAIC_HD inline double tanh(double x) {
  return __builtin_tanh(x);
}

template <class T>
MOSAIC_HD inline T sigmoid(T x) {
  return T(1) / (T(1) + exp(-x));
}

// Phi(-a) e^(a^2 / 2) for 0 <= a <= 14, Phi the normal distribution's integral.
MOSAIC_HD inline float normal_tail(float a) {
  const float t = 1.0f / mul_add(a, 0.345f, 1.0f);
  float p = mul_add(t, -2.838195488e-2f, 1.452819556e-1f);
  p = mul_add(p, t, -2.711730301e-1f);
  p = mul_add(p, t, 1.871966124e-1f);
  p = mul_add(p, t, -3.760161251e-2f);
  p = mul_add(p, t, 1.117995679e-1f);
  p = mul_add(p, t, 1.172382906e-1f);
  p = mul_add(p, t, 1.380208880e-1f);
  p = mul_add(p, t, 1.376192868e-1f);
  return p * t;
}

// x Phi(x). Both functions are made of Phi(-|x|), so they stay exact where they vanish: 1 + erf would cancel.
MOSAIC_HD inline float gelu(float x) {
  const float a = smaller(abs(x), 14.0f);
  return mul_add(-a, exp_flush(-0.5f * a * a) * normal_tail(a), larger(x, 0.0f));
}
MOSAIC_HD inline double gelu(double x) {
  return 0.5 * x * __builtin_erfc(-x * inv_sqrt2);
}
// Phi(x) + x Phi'(x).
MOSAIC_HD inline float gelu_derivative(float x) {
  const float a = smaller(abs(x), 14.0f);
  const float below = exp_flush(-0.5f * a * a) * mul_add(-a, static_cast<float>(inv_sqrt2pi), normal_tail(a));
  return x < 0.0f ? below : 1.0f - below;
}
MOSAIC_HD inline double gelu_derivative(double x) {
  return 0.5 * __builtin_erfc(-x * inv_sqrt2) + x * inv_sqrt2pi * exp(-0.5 * x * x);
}

// Not vectorised: positions and tests.
MOSAIC_HD inline float sin(float x) {
  return __builtin_sinf(x);
}
MOSAIC_HD inline double sin(double x) {
  return __builtin_sin(x);
}
MOSAIC_HD inline float cos(float x) {
  return __builtin_cosf(x);
}
MOSAIC_HD inline double cos(double x) {
  return __builtin_cos(x);
}
MOSAIC_HD inline float pow(float x, float y) {
  return __builtin_powf(x, y);
}
MOSAIC_HD inline double pow(double x, double y) {
  return __builtin_pow(x, y);
}

}  // namespace mosaic::kernels::MOSAIC_ISA
