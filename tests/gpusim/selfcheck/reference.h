// Host arithmetic to compare with: every rounding mode, flushing, saturation, and the 16-bit formats.
#pragma once

#include <cmath>
#include <limits>
#include <type_traits>

#include "tests/gpusim/selfcheck/case.h"

namespace gpusim::selfcheck {

enum class Rounding { nearest, zero, down, up };

float add(float a, float b, Rounding mode);
double add(double a, double b, Rounding mode);
float multiply(float a, float b, Rounding mode);
double multiply(double a, double b, Rounding mode);
float divide(float a, float b, Rounding mode);
double divide(double a, double b, Rounding mode);
float fused(float a, float b, float c, Rounding mode);  // a * b + c
double fused(double a, double b, double c, Rounding mode);
float square_root(float a, Rounding mode);
double square_root(double a, Rounding mode);

// To a whole number.
double integral(double a, Rounding mode);
// To single precision.
float narrow(double a, Rounding mode);
float narrow(int64_t a, Rounding mode);
float narrow(uint64_t a, Rounding mode);
double widen(int64_t a, Rounding mode);
double widen(uint64_t a, Rounding mode);

f16 to_f16(double a, Rounding mode = Rounding::nearest);
bf16 to_bf16(double a, Rounding mode = Rounding::nearest);
float value(f16 a);
float value(bf16 a);
// Of two halves each.
template <class Pair>
using Half = std::conditional_t<std::is_same_v<Pair, f16x2>, f16, bf16>;
template <class Pair, class F, class... Pairs>
Pair pairwise(const F& f, Pair a, Pairs... others) {
  const auto half = [](Pair pair, int i) { return Half<Pair>{static_cast<uint16_t>(pair.bits >> (16 * i))}; };
  return {static_cast<uint32_t>(f(half(a, 0), half(others, 0)...).bits) |
          static_cast<uint32_t>(f(half(a, 1), half(others, 1)...).bits) << 16};
}
// a * b + c, rounded once.
f16 fused(f16 a, f16 b, f16 c);
bf16 fused(bf16 a, bf16 b, bf16 c);

// Subnormal numbers become zero, with their sign (.ftz).
inline float flush(float a) {
  return std::fpclassify(a) == FP_SUBNORMAL ? std::copysign(0.0f, a) : a;
}
// Of a result: at the smallest normal number it matters whether one rounds before one flushes, which the ISA
// does not say.
inline float flush_result(float a) {
  return std::fabs(a) == std::numeric_limits<float>::min() ? unspecified<float>() : flush(a);
}
// To [0, 1], NaN to zero (.sat). Which zero -0 becomes is left open.
template <class T>
T saturate(T a) {
  if (a == 0 && std::signbit(a)) return unspecified<T>();
  return a > 0 ? (a < 1 ? a : T(1)) : T(0);
}

// The larger of two numbers; -0 is less than +0, and a NaN loses against a number.
template <class T>
T larger(T a, T b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) ? b : a;
  return a == b ? (std::signbit(a) ? b : a) : (a > b ? a : b);
}
template <class T>
T smaller(T a, T b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) ? b : a;
  return a == b ? (std::signbit(a) ? a : b) : (a < b ? a : b);
}
// NaN when either is (.NaN).
template <class T>
T larger_or_nan(T a, T b) {
  return std::isnan(a) || std::isnan(b) ? std::numeric_limits<T>::quiet_NaN() : larger(a, b);
}
template <class T>
T smaller_or_nan(T a, T b) {
  return std::isnan(a) || std::isnan(b) ? std::numeric_limits<T>::quiet_NaN() : smaller(a, b);
}

// Rounded, then clamped to T. NaN: zero, unless it comes from or goes to 64 bits, then the sign bit alone.
template <class T, class From>
T to_integer(From a, Rounding mode) {
  if (std::isnan(a)) {
    const bool wide = sizeof(From) == 8 || sizeof(T) == 8;
    return wide ? static_cast<T>(uint64_t{1} << (8 * sizeof(T) - 1)) : T(0);
  }
  const double whole = integral(static_cast<double>(a), mode);
  const double end = std::ldexp(1.0, std::numeric_limits<T>::digits);
  if (whole >= end) return std::numeric_limits<T>::max();
  if (whole <= (std::is_signed_v<T> ? -end : 0.0)) return std::numeric_limits<T>::min();
  return static_cast<T>(whole);
}

}  // namespace gpusim::selfcheck
