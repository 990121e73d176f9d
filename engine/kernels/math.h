// Branch-free exp, log, tanh, sigmoid, erf and GELU that the compiler turns into vector code, 1 to 3 ulps in
// f32.
//
// Polynomials are our own minimax fits (Remez) of the reduced ranges. double, which exists to check
// gradients, goes to the C library. No function here calls an inline function of the standard library (see
// team.h).
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

MOSAIC_HD inline float erf(float x) {
  const float a = abs(x), z = x * x;
  float p = mul_add(z, 8.538841628e-5f, -8.181927887e-4f);
  p = mul_add(p, z, 5.204436081e-3f);
  p = mul_add(p, z, -2.686075283e-2f);
  p = mul_add(p, z, 1.128371972e-1f);
  p = mul_add(p, z, -3.761263531e-1f);
  p = mul_add(p, z, 0.128379167f);
  const float near = mul_add(p, x, x);
  // 1 - erfc, with log erfc as a polynomial.
  const float t = a > 4.0f ? 4.0f : a;
  float q = mul_add(t, -2.090945943e-5f, 4.323019572e-4f);
  q = mul_add(q, t, -4.160522215e-3f);
  q = mul_add(q, t, 2.509148496e-2f);
  q = mul_add(q, t, -1.082366022e-1f);
  q = mul_add(q, t, -6.333866612e-1f);
  q = mul_add(q, t, -1.129495152f);
  q = mul_add(q, t, 1.705507092e-4f);
  const float far = 1.0f - exp(q);
  return a < 0.9f ? near : __builtin_copysignf(a != a ? a : far, x);
}
MOSAIC_HD inline double erf(double x) {
  return __builtin_erf(x);
}

// x Phi(x), Phi the normal distribution's integral.
template <class T>
MOSAIC_HD inline T gelu(T x) {
  return T(0.5) * x * (T(1) + erf(x * T(inv_sqrt2)));
}
template <class T>
MOSAIC_HD inline T gelu_derivative(T x) {
  const T density = T(inv_sqrt2pi) * exp(T(-0.5) * x * x);
  return mul_add(x, density, T(0.5) * (T(1) + erf(x * T(inv_sqrt2))));
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
