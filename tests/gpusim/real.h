// Rules that PTX's floating-point instructions share.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

#include "tests/gpusim/forms.h"
#include "tests/gpusim/half.h"

namespace gpusim {

// .ftz: a subnormal number becomes a zero of its sign.
template <bool ftz, class T>
T flushed(T x) {
  if constexpr (ftz) return std::fabs(x) < std::numeric_limits<T>::min() ? std::copysign(T{0}, x) : x;
  return x;
}

// .sat: into [0, 1]; NaN becomes 0.
template <bool sat, class T>
T saturated(T x) {
  if constexpr (sat) return x > T{0} ? (x < T{1} ? x : T{1}) : T{0};
  return x;
}

// Operations on floats give one NaN only; those on doubles leave what the processor gives.
template <class T>
T canonical(T x) {
  if constexpr (std::is_same_v<T, float>) return x == x ? x : std::bit_cast<float>(0x7fffffffU);
  return x;
}

// f between the flushing of its arguments and of its result.
template <auto f, bool ftz, bool sat, class T, class... A>
T finished(A... a) {
  return canonical(saturated<sat>(flushed<ftz>(static_cast<T>(f(flushed<ftz>(a)...)))));
}

// Minimum and maximum: of a number and a NaN the number, unless NaNs are asked for (.NaN); -0 < +0.
template <bool nan_wins, class T>
T smaller(T a, T b) {
  if (a != a) return nan_wins ? a : b;
  if (b != b) return nan_wins ? b : a;
  if (a == b) return std::signbit(a) ? a : b;
  return a < b ? a : b;
}
template <bool nan_wins, class T>
T larger(T a, T b) {
  if (a != a) return nan_wins ? a : b;
  if (b != b) return nan_wins ? b : a;
  if (a == b) return std::signbit(a) ? b : a;
  return a < b ? b : a;
}

// x in the format of a 16-bit float with so many bits of exponent and of fraction, rounded once.
template <int exponent_bits, int fraction_bits>
uint16_t narrowed(double x, Rounding rounding) {
  if (x != x) return 0x7fff;
  constexpr int bias = (1 << (exponent_bits - 1)) - 1;
  constexpr uint32_t infinity = ((1U << exponent_bits) - 1) << fraction_bits;
  const bool negative = std::signbit(x);
  const uint32_t sign = negative ? 0x8000 : 0;
  const double size = std::fabs(x);
  if (size == 0 || std::isinf(size)) return static_cast<uint16_t>(sign | (size == 0 ? 0 : infinity));
  const int own = static_cast<int>(std::bit_cast<uint64_t>(size) >> 52) - 1023;
  const int exponent = std::max(own, 1 - bias);  // subnormal numbers share the smallest
  const double scale = std::bit_cast<double>(static_cast<uint64_t>(1023 + fraction_bits - exponent) << 52);
  const double places = size * scale, whole = std::floor(places), rest = places - whole;
  const auto units = static_cast<uint32_t>(whole);
  const bool outwards = (rounding == Rounding::up && !negative) || (rounding == Rounding::down && negative);
  const bool grows =
      rounding == Rounding::nearest ? rest > 0.5 || (rest == 0.5 && (units & 1) != 0) : outwards && rest > 0;
  const bool fits = exponent <= bias;
  uint32_t bits =
      fits ? (static_cast<uint32_t>(exponent + bias - 1) << fraction_bits) + units + (grows ? 1U : 0U)
           : infinity;
  if (bits >= infinity) bits = rounding == Rounding::nearest || outwards ? infinity : infinity - 1;
  return static_cast<uint16_t>(sign | bits);
}

// The formats of 16 bits.
struct F16 : Half {
  static constexpr float smallest_normal = 0x1p-14F;
  static uint16_t rounded(double x, Rounding rounding) { return narrowed<5, 10>(x, rounding); }
};
struct BF16 : BFloat {
  static constexpr float smallest_normal = 0x1p-126F;
  static uint16_t rounded(double x, Rounding rounding) { return narrowed<8, 7>(x, rounding); }
};

}  // namespace gpusim
