// Pooling on a launcher, one element a call. Derivatives are gathered: an input looks for the windows that
// see it, so nothing is written twice and the order of every sum is fixed.
#pragma once

#include "engine/kernels/math.h"
#include "engine/kernels/pool.h"
#include "engine/kernels/window_on.h"

namespace mosaic::kernels::MOSAIC_ISA {

// Elements of windows that a team averages together.
inline constexpr int64_t large_window = 64;

// Element i of {planes, rows, cols}.
struct PlaneElement {
  int64_t plane, row, col;
  MOSAIC_HD PlaneElement(int64_t i, int64_t rows, int64_t cols)
      : plane(i / (rows * cols)), row(i / cols - plane * rows), col(i - (plane * rows + row) * cols) {}
};

// Whether a later value of a window is its maximum: the first NaN is, else the first of the largest.
template <class T>
MOSAIC_HD inline bool takes_over(T value, T largest) {
  return value > largest || (value != value && largest == largest);
}

template <class T>
struct MaxPoolElement {
  MaxPoolArgs a;
  MOSAIC_HD void operator()(int64_t i) const {
    const WindowAxis &rows = a.shape.rows, &cols = a.shape.cols;
    const PlaneElement at(i, rows.out, cols.out);
    const T* x = static_cast<const T*>(a.x) + at.plane * rows.in * cols.in;
    const Span down = places_of_output(rows, at.row), along = places_of_output(cols, at.col);
    int64_t best = window_at(rows, at.row, down.first) * cols.in + window_at(cols, at.col, along.first);
    T largest = x[best];
    for (int64_t kr = down.first; kr < down.last; ++kr) {
      const int64_t row = window_at(rows, at.row, kr) * cols.in;
      for (int64_t kc = along.first; kc < along.last; ++kc) {
        const int64_t place = row + window_at(cols, at.col, kc);
        const T value = x[place];
        if (!takes_over(value, largest)) continue;
        largest = value;
        best = place;
      }
    }
    static_cast<T*>(a.y)[i] = largest;
    if (a.at) a.at[i] = static_cast<int32_t>(best);
  }
};

template <class T>
struct MaxPoolBackElement {
  MaxPoolBackArgs a;
  MOSAIC_HD void operator()(int64_t i) const {
    const WindowAxis &rows = a.shape.rows, &cols = a.shape.cols;
    const PlaneElement at(i, rows.in, cols.in);
    const int64_t plane = at.plane * rows.out * cols.out;
    const int32_t here = static_cast<int32_t>(at.row * cols.in + at.col);
    T total = T(0);
    each_output_of_input(rows, at.row, [&](int64_t, int64_t r) {
      each_output_of_input(cols, at.col, [&](int64_t, int64_t c) {
        const int64_t o = plane + r * cols.out + c;
        if (a.at[o] == here) total += static_cast<const T*>(a.dy)[o];
      });
    });
    static_cast<T*>(a.dx)[i] = total;
  }
};

// The inputs that output o averages.
MOSAIC_HD inline Span averaged_inputs(const WindowAxis& axis, Average average, int64_t o) {
  if (average == Average::whole_input) {
    return {o * axis.in / axis.out, ((o + 1) * axis.in + axis.out - 1) / axis.out};
  }
  const int64_t first = o * axis.stride - axis.padding, last = first + axis.kernel;
  return {first < 0 ? 0 : first, last < axis.in ? last : axis.in};
}
// The outputs that average input i.
MOSAIC_HD inline Span averaging_outputs(const WindowAxis& axis, Average average, int64_t i) {
  if (average == Average::whole_input) {
    return {i * axis.out / axis.in, ((i + 1) * axis.out + axis.in - 1) / axis.in};
  }
  const int64_t past = i + axis.padding, before = past - axis.kernel + 1, last = past / axis.stride + 1;
  return {before <= 0 ? 0 : (before + axis.stride - 1) / axis.stride, last < axis.out ? last : axis.out};
}
// What the sum over an axis' inputs is divided by.
MOSAIC_HD inline int64_t averaged_count(const WindowAxis& axis, Average average, Span inputs) {
  return average == Average::window ? axis.kernel : inputs.last - inputs.first;
}

template <class T>
struct AveragePoolElement {
  AveragePoolArgs a;
  MOSAIC_HD void operator()(int64_t i) const {
    const WindowAxis &rows = a.shape.rows, &cols = a.shape.cols;
    const PlaneElement at(i, rows.out, cols.out);
    const T* x = static_cast<const T*>(a.from) + at.plane * rows.in * cols.in;
    const Span down = averaged_inputs(rows, a.average, at.row),
               along = averaged_inputs(cols, a.average, at.col);
    T total = T(0);
    for (int64_t r = down.first; r < down.last; ++r) {
      for (int64_t c = along.first; c < along.last; ++c) total += x[r * cols.in + c];
    }
    const int64_t count = averaged_count(rows, a.average, down) * averaged_count(cols, a.average, along);
    static_cast<T*>(a.to)[i] = total / static_cast<T>(count);
  }
};

// The same by a team, for large windows: whole rows of the input are one run.
template <class T>
struct AveragePoolWindow {
  AveragePoolArgs a;
  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t i) const {
    const WindowAxis &rows = a.shape.rows, &cols = a.shape.cols;
    const PlaneElement at(i, rows.out, cols.out);
    const Span down = averaged_inputs(rows, a.average, at.row),
               along = averaged_inputs(cols, a.average, at.col);
    const int64_t high = down.last - down.first, wide = along.last - along.first;
    const int64_t runs = wide == cols.in ? 1 : high, length = wide == cols.in ? high * wide : wide;
    const T* x = static_cast<const T*>(a.from) + (at.plane * rows.in + down.first) * cols.in + along.first;
    T total = T(0);
    for (int64_t run = 0; run < runs; ++run) {
      const T* from = x + run * cols.in;
      total += team.template sum<T>(length, [=](int64_t c) { return from[c]; });
    }
    const int64_t count = averaged_count(rows, a.average, down) * averaged_count(cols, a.average, along);
    team.once([&] { static_cast<T*>(a.to)[i] = total / static_cast<T>(count); });
  }
};

template <class T>
struct AveragePoolBackElement {
  AveragePoolArgs a;
  MOSAIC_HD void operator()(int64_t i) const {
    const WindowAxis &rows = a.shape.rows, &cols = a.shape.cols;
    const PlaneElement at(i, rows.in, cols.in);
    const T* dy = static_cast<const T*>(a.from) + at.plane * rows.out * cols.out;
    const Span down = averaging_outputs(rows, a.average, at.row),
               along = averaging_outputs(cols, a.average, at.col);
    T total = T(0);
    for (int64_t r = down.first; r < down.last; ++r) {
      const int64_t high = averaged_count(rows, a.average, averaged_inputs(rows, a.average, r));
      for (int64_t c = along.first; c < along.last; ++c) {
        const int64_t wide = averaged_count(cols, a.average, averaged_inputs(cols, a.average, c));
        total += dy[r * cols.out + c] / static_cast<T>(high * wide);
      }
    }
    static_cast<T*>(a.to)[i] = total;
  }
};

template <class Launch>
class PoolOn final : public Pool {
 public:
  void max_pool(const MaxPoolArgs& a) const override {
    a.shape.dtype == DType::f32 ? outputs(a.shape, MaxPoolElement<float>{a})
                                : outputs(a.shape, MaxPoolElement<double>{a});
  }
  void max_pool_back(const MaxPoolBackArgs& a) const override {
    a.shape.dtype == DType::f32 ? inputs(a.shape, MaxPoolBackElement<float>{a})
                                : inputs(a.shape, MaxPoolBackElement<double>{a});
  }
  void average_pool(const AveragePoolArgs& a) const override {
    const PoolShape& s = a.shape;
    const int64_t window = s.rows.kernel * s.cols.kernel, count = s.planes * s.rows.out * s.cols.out;
    if (window >= large_window) {
      const double cost = 20 + 0.1 * static_cast<double>(window);
      return s.dtype == DType::f32 ? Launch::rows(count, cost, AveragePoolWindow<float>{a})
                                   : Launch::rows(count, 2 * cost, AveragePoolWindow<double>{a});
    }
    a.shape.dtype == DType::f32 ? outputs(a.shape, AveragePoolElement<float>{a})
                                : outputs(a.shape, AveragePoolElement<double>{a});
  }
  void average_pool_back(const AveragePoolArgs& a) const override {
    a.shape.dtype == DType::f32 ? inputs(a.shape, AveragePoolBackElement<float>{a})
                                : inputs(a.shape, AveragePoolBackElement<double>{a});
  }

 private:
  // Nanoseconds an element takes: some divisions, and about one for every element of its window.
  template <class F>
  static void outputs(const PoolShape& s, const F& f) {
    Launch::each(s.planes * s.rows.out * s.cols.out, 6 + static_cast<double>(s.rows.kernel * s.cols.kernel),
                 f);
  }
  template <class F>
  static void inputs(const PoolShape& s, const F& f) {
    Launch::each(s.planes * s.rows.in * s.cols.in, 6 + static_cast<double>(s.rows.kernel * s.cols.kernel), f);
  }
};

}  // namespace mosaic::kernels::MOSAIC_ISA
