// Where windows lie inside their input.
#pragma once

#include "engine/kernels/team.h"
#include "engine/kernels/window.h"

namespace mosaic::kernels::MOSAIC_ISA {

// [first, last), empty when first >= last.
struct Span {
  int64_t first, last;
};

// The input that output o sees at place k of its window; outside [0, in) it is padding.
MOSAIC_HD inline int64_t window_at(const WindowAxis& axis, int64_t o, int64_t k) {
  return o * axis.stride - axis.padding + k * axis.dilation;
}

// The outputs that see an input, not padding, at place k.
MOSAIC_HD inline Span outputs_at_place(const WindowAxis& axis, int64_t k) {
  const int64_t before = axis.padding - k * axis.dilation, room = axis.in - 1 + before;
  const int64_t last = room < 0 ? 0 : room / axis.stride + 1;
  return {before <= 0 ? 0 : (before + axis.stride - 1) / axis.stride, last < axis.out ? last : axis.out};
}

// The places at which output o sees an input, not padding.
MOSAIC_HD inline Span places_of_output(const WindowAxis& axis, int64_t o) {
  const int64_t start = o * axis.stride - axis.padding, room = axis.in - 1 - start;
  const int64_t last = room < 0 ? 0 : room / axis.dilation + 1;
  return {start >= 0 ? 0 : (axis.dilation - 1 - start) / axis.dilation,
          last < axis.kernel ? last : axis.kernel};
}

// Calls f(k, o) for every output o that sees input i, at its place k; k rises.
template <class F>
MOSAIC_HD inline void each_output_of_input(const WindowAxis& axis, int64_t i, const F& f) {
  for (int64_t k = 0; k < axis.kernel; ++k) {
    const int64_t steps = i + axis.padding - k * axis.dilation;  // stride * o
    if (steps < 0) return;
    const int64_t o = steps / axis.stride;
    if (o < axis.out && o * axis.stride == steps) f(k, o);
  }
}

}  // namespace mosaic::kernels::MOSAIC_ISA
