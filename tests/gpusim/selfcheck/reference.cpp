#include "tests/gpusim/selfcheck/reference.h"

#include <algorithm>
#include <cfenv>
#include <cstring>

namespace gpusim::selfcheck {
namespace {

// The host's rounding mode while it lives. Operands and results go through volatile variables, so that no
// operation is moved out of its scope.
class RoundingScope {
 public:
  explicit RoundingScope(Rounding mode) : before_(std::fegetround()) {
    constexpr int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
    std::fesetround(modes[static_cast<int>(mode)]);
  }
  ~RoundingScope() { std::fesetround(before_); }
  RoundingScope(const RoundingScope&) = delete;
  RoundingScope& operator=(const RoundingScope&) = delete;

 private:
  int before_;
};

template <class R, class F, class... A>
R rounded(Rounding mode, const F& f, A... operands) {
  const RoundingScope scope(mode);
  const volatile R result = f(static_cast<const volatile A&>(operands)...);
  return result;
}

// A binary format: significand bits behind the point, and the exponents of its normal numbers.
struct Format {
  int fraction, least_exponent, greatest_exponent;
};
constexpr Format half{10, -14, 15}, brain{7, -126, 127};

double round_to(const Format& format, double a, Rounding mode) {
  if (a == 0 || !std::isfinite(a)) return a;
  const int exponent = std::max(std::ilogb(a), format.least_exponent);
  const double step = std::ldexp(1.0, exponent - format.fraction);
  const double result = std::copysign(integral(a / step, mode) * step, a);
  const double largest = std::ldexp(2 - std::ldexp(1.0, -format.fraction), format.greatest_exponent);
  if (std::fabs(result) <= largest) return result;
  const bool to_largest =
      mode == Rounding::zero || (mode == Rounding::down && a > 0) || (mode == Rounding::up && a < 0);
  return std::copysign(to_largest ? largest : std::numeric_limits<double>::infinity(), a);
}

uint16_t encode(const Format& format, double a) {
  const int exponent_bits = 15 - format.fraction;
  const uint16_t sign = std::signbit(a) ? 0x8000 : 0;
  const uint16_t infinity = static_cast<uint16_t>(((1 << exponent_bits) - 1) << format.fraction);
  if (std::isnan(a)) return static_cast<uint16_t>(0x7fff);
  if (std::isinf(a)) return sign | infinity;
  if (a == 0) return sign;
  const int exponent = std::max(std::ilogb(a), format.least_exponent);
  const auto digits = static_cast<uint32_t>(std::ldexp(std::fabs(a), format.fraction - exponent));
  const uint32_t biased = static_cast<uint32_t>(exponent - format.least_exponent);  // 0: subnormal or 1 below
  return static_cast<uint16_t>(sign | ((biased << format.fraction) + digits));
}

float decode(const Format& format, uint16_t bits) {
  const int exponent_bits = 15 - format.fraction;
  const int exponent = (bits >> format.fraction) & ((1 << exponent_bits) - 1);
  const int digits = bits & ((1 << format.fraction) - 1);
  const float sign = bits & 0x8000 ? -1.0f : 1.0f;
  if (exponent == (1 << exponent_bits) - 1) {
    return digits != 0 ? std::numeric_limits<float>::quiet_NaN()
                       : sign * std::numeric_limits<float>::infinity();
  }
  const int whole = exponent == 0 ? digits : digits + (1 << format.fraction);
  const int power = (exponent == 0 ? 1 : exponent) - 1 + format.least_exponent - format.fraction;
  return sign * static_cast<float>(std::ldexp(whole, power));
}

// a * b + c rounded to odd: with so many more digits than the formats have, rounding the result to one of
// them is rounding the exact value.
double fused_to_odd(double a, double b, double c) {
  const RoundingScope scope(Rounding::zero);
  std::feclearexcept(FE_INEXACT);
  const volatile double x = a, y = b, z = c;
  volatile double result = std::fma(x, y, z);
  if (std::fetestexcept(FE_INEXACT) != 0 && std::isfinite(result)) {
    uint64_t bits;
    const double truncated = result;
    std::memcpy(&bits, &truncated, sizeof bits);
    bits |= 1;
    double odd;
    std::memcpy(&odd, &bits, sizeof odd);
    result = odd;
  }
  return result;
}

}  // namespace

float add(float a, float b, Rounding mode) {
  return rounded<float>(
      mode, [](auto& x, auto& y) { return x + y; }, a, b);
}
double add(double a, double b, Rounding mode) {
  return rounded<double>(
      mode, [](auto& x, auto& y) { return x + y; }, a, b);
}
float multiply(float a, float b, Rounding mode) {
  return rounded<float>(
      mode, [](auto& x, auto& y) { return x * y; }, a, b);
}
double multiply(double a, double b, Rounding mode) {
  return rounded<double>(
      mode, [](auto& x, auto& y) { return x * y; }, a, b);
}
float divide(float a, float b, Rounding mode) {
  return rounded<float>(
      mode, [](auto& x, auto& y) { return x / y; }, a, b);
}
double divide(double a, double b, Rounding mode) {
  return rounded<double>(
      mode, [](auto& x, auto& y) { return x / y; }, a, b);
}
float fused(float a, float b, float c, Rounding mode) {
  return rounded<float>(
      mode, [](auto& x, auto& y, auto& z) { return std::fma(float(x), float(y), float(z)); }, a, b, c);
}
double fused(double a, double b, double c, Rounding mode) {
  return rounded<double>(
      mode, [](auto& x, auto& y, auto& z) { return std::fma(double(x), double(y), double(z)); }, a, b, c);
}
float square_root(float a, Rounding mode) {
  return rounded<float>(
      mode, [](auto& x) { return std::sqrt(float(x)); }, a);
}
double square_root(double a, Rounding mode) {
  return rounded<double>(
      mode, [](auto& x) { return std::sqrt(double(x)); }, a);
}

double integral(double a, Rounding mode) {
  switch (mode) {
    case Rounding::nearest:
      return std::nearbyint(a);
    case Rounding::zero:
      return std::trunc(a);
    case Rounding::down:
      return std::floor(a);
    case Rounding::up:
      return std::ceil(a);
  }
  return a;
}
float narrow(double a, Rounding mode) {
  return rounded<float>(
      mode, [](auto& x) { return static_cast<float>(x); }, a);
}
float narrow(int64_t a, Rounding mode) {
  return rounded<float>(
      mode, [](auto& x) { return static_cast<float>(x); }, a);
}
float narrow(uint64_t a, Rounding mode) {
  // Converted as halves, each exact in 64 digits: the host's own conversion ignores the mode above 2^63.
  return rounded<float>(
      mode,
      [](auto& x) {
        const volatile long double high = static_cast<long double>(static_cast<int64_t>(x >> 1)) * 2;
        const volatile long double sum = high + static_cast<long double>(static_cast<int64_t>(x & 1));
        return static_cast<float>(sum);
      },
      a);
}
double widen(int64_t a, Rounding mode) {
  return rounded<double>(
      mode, [](auto& x) { return static_cast<double>(x); }, a);
}
double widen(uint64_t a, Rounding mode) {
  return rounded<double>(
      mode,
      [](auto& x) {
        const volatile long double high = static_cast<long double>(static_cast<int64_t>(x >> 1)) * 2;
        const volatile long double sum = high + static_cast<long double>(static_cast<int64_t>(x & 1));
        return static_cast<double>(sum);
      },
      a);
}

f16 to_f16(double a, Rounding mode) {
  return {encode(half, round_to(half, a, mode))};
}
bf16 to_bf16(double a, Rounding mode) {
  return {encode(brain, round_to(brain, a, mode))};
}
float value(f16 a) {
  return decode(half, a.bits);
}
float value(bf16 a) {
  return decode(brain, a.bits);
}
f16 fused(f16 a, f16 b, f16 c) {
  return to_f16(fused_to_odd(value(a), value(b), value(c)));
}
bf16 fused(bf16 a, bf16 b, bf16 c) {
  return to_bf16(fused_to_odd(value(a), value(b), value(c)));
}

}  // namespace gpusim::selfcheck
