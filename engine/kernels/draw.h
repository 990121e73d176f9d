// From random words to numbers, the same on every device.
#pragma once

#include "engine/kernels/math.h"

namespace mosaic::kernels::MOSAIC_ISA {

// [0, 1): 24 bits for float, 32 for double.
template <class T>
MOSAIC_HD T unit_interval(uint32_t word) {
  if constexpr (sizeof(T) == 4) {
    return static_cast<float>(static_cast<int32_t>(word >> 8)) * 0x1p-24f;
  } else {
    return static_cast<double>(word) * 0x1p-32;
  }
}

// Uniform in [low, high).
template <class T>
MOSAIC_HD T between(uint32_t word, T low, T high) {
  const T value = mul_add(unit_interval<T>(word), high - low, low);
  return value < high ? value : low;  // rounding may reach `high`
}

// Two independent standard normals from two words.
MOSAIC_HD inline void box_muller(uint32_t first, uint32_t second, double* out) {
  const double radius = sqrt(-2.0 * log((static_cast<double>(first) + 0.5) * 0x1p-32));
#if defined(__CUDA_ARCH__)
  // In units of pi no argument needs reduction, which CUDA's sin and cos keep local memory for.
  double sine, cosine;
  ::sincospi(2.0 * static_cast<double>(second) * 0x1p-32, &sine, &cosine);
  out[0] = radius * cosine;
  out[1] = radius * sine;
#else
  const double angle = 4.0 * pi_half * static_cast<double>(second) * 0x1p-32;
  out[0] = radius * cos(angle);
  out[1] = radius * sin(angle);
#endif
}

}  // namespace mosaic::kernels::MOSAIC_ISA
