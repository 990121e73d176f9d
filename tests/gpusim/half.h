// Floats of 16 bits: exact to float, rounded to the nearest even back.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace gpusim {

// 8 bits of exponent, 7 of fraction: the upper half of a float.
struct BFloat {
  static float from_bits(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
  static uint16_t to_bits(float value) {
    if (std::isnan(value)) return 0x7fff;
    const auto bits = std::bit_cast<uint32_t>(value);
    return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
  }
};

// 5 bits of exponent, 10 of fraction.
struct Half {
  static float from_bits(uint16_t bits) {
    const int sign = bits >> 15, exponent = (bits >> 10) & 31, fraction = bits & 1023;
    float size = 0;
    if (exponent == 31) {
      size = fraction == 0 ? INFINITY : NAN;
    } else if (exponent == 0) {
      size = std::ldexp(static_cast<float>(fraction), -24);
    } else {
      size = std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
    }
    return sign != 0 ? -size : size;
  }
  static uint16_t to_bits(float value) {
    if (std::isnan(value)) return 0x7fff;
    const auto sign = static_cast<uint16_t>(std::signbit(value) ? 0x8000 : 0);
    const float size = std::fabs(value);
    if (size >= 65520.0F) return sign | 0x7c00;
    int exponent = 0;
    std::frexp(size, &exponent);  // size = f 2^exponent, f in [1/2, 1)
    exponent = size == 0 || exponent < -13 ? -13 : exponent;
    // Units of the last place, halves to even.
    const auto units = static_cast<uint32_t>(std::nearbyint(std::ldexp(size, 11 - exponent)));
    if (exponent == -13 && units < 1024) return static_cast<uint16_t>(sign | units);
    return static_cast<uint16_t>(sign | ((static_cast<uint32_t>(exponent + 13) << 10) + units));
  }
};

}  // namespace gpusim
