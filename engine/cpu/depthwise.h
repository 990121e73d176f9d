// Depthwise convolution by planes: output channel o sees channel o / (out_channels / channels) only. Every
// place of the window adds a shifted row, which stays in the first-level cache.
#pragma once

#include "engine/cpu/scratch.h"
#include "engine/kernels/conv_on.h"

namespace mosaic::kernels::MOSAIC_ISA {

// Calls f(out row and first column as an offset into a y plane, the same into an x plane, columns) for each
// output row whose place p = (kr, kc) sees input.
template <class F>
void each_overlap(const ConvShape& s, int64_t p, const F& f) {
  const int64_t kr = p / s.cols.kernel, kc = p % s.cols.kernel;
  const Span rows = outputs_at_place(s.rows, kr), cols = outputs_at_place(s.cols, kc);
  if (cols.first >= cols.last) return;
  for (int64_t r = rows.first; r < rows.last; ++r) {
    f(r * s.cols.out + cols.first, window_at(s.rows, r, kr) * s.cols.in + window_at(s.cols, cols.first, kc),
      cols.last - cols.first);
  }
}

// One output plane.
template <class T>
struct DepthwisePlane {
  ConvArgs a;
  void operator()(const HostTeam& team, int64_t plane) const {
    const ConvShape& s = a.shape;
    const int64_t o = plane % s.out_channels, channel = o / outputs(s), step = s.cols.stride;
    const T* x = static_cast<const T*>(a.x) + (plane / s.out_channels * s.channels + channel) * in_size(s);
    const T* weight = static_cast<const T*>(a.weight) + o * places(s);
    T* y = static_cast<T*>(a.y) + plane * out_size(s);
    const T start = a.bias ? static_cast<const T*>(a.bias)[o] : T(0);
    team.each(out_size(s), [=](int64_t i) { y[i] = start; });
    for (int64_t p = 0; p < places(s); ++p) {
      const T w = weight[p];
      each_overlap(s, p, [&](int64_t out, int64_t in, int64_t n) {
        T* to = y + out;
        const T* from = x + in;
        if (step == 1) {
          team.each(n, [=](int64_t i) { to[i] = mul_add(w, from[i], to[i]); });
        } else {
          team.each(n, [=](int64_t i) { to[i] = mul_add(w, from[i * step], to[i]); });
        }
      });
    }
  }
};

// The gradient of one input plane.
template <class T>
struct DepthwiseGradPlane {
  ConvGradInputArgs a;
  void operator()(const HostTeam& team, int64_t plane) const {
    const ConvShape& s = a.shape;
    const int64_t channel = plane % s.channels, step = s.cols.stride;
    T* dx = static_cast<T*>(a.dx) + plane * in_size(s);
    team.each(in_size(s), [=](int64_t i) { dx[i] = T(0); });
    for (int64_t o = channel * outputs(s); o < (channel + 1) * outputs(s); ++o) {
      const T* dy = static_cast<const T*>(a.dy) + (plane / s.channels * s.out_channels + o) * out_size(s);
      const T* weight = static_cast<const T*>(a.weight) + o * places(s);
      for (int64_t p = 0; p < places(s); ++p) {
        const T w = weight[p];
        each_overlap(s, p, [&](int64_t out, int64_t in, int64_t n) {
          const T* from = dy + out;
          T* to = dx + in;
          if (step == 1) {
            team.each(n, [=](int64_t i) { to[i] = mul_add(w, from[i], to[i]); });
          } else {
            team.each(n, [=](int64_t i) { to[i * step] = mul_add(w, from[i], to[i * step]); });
          }
        });
      }
    }
  }
};

// The gradient of one output channel's weights, over the images in order. Rows are short, so a place's
// products are added up by columns, and the columns at the end.
template <class T>
struct DepthwiseGradWeight {
  ConvGradWeightArgs a;
  void operator()(const HostTeam& team, int64_t o) const {
    const ConvShape& s = a.shape;
    const int64_t channel = o / outputs(s), step = s.cols.stride;
    T* dweight = static_cast<T*>(a.dweight) + o * places(s);
    T* columns = static_cast<T*>(scratch(Scratch::kernel, s.cols.out * static_cast<int64_t>(sizeof(T))));
    for (int64_t p = 0; p < places(s); ++p) {
      team.each(s.cols.out, [=](int64_t i) { columns[i] = T(0); });
      for (int64_t image = 0; image < s.batch; ++image) {
        const T* x = static_cast<const T*>(a.x) + (image * s.channels + channel) * in_size(s);
        const T* dy = static_cast<const T*>(a.dy) + (image * s.out_channels + o) * out_size(s);
        each_overlap(s, p, [&](int64_t out, int64_t in, int64_t n) {
          const T *left = dy + out, *right = x + in;
          if (step == 1) {
            team.each(n, [=](int64_t i) { columns[i] = mul_add(left[i], right[i], columns[i]); });
          } else {
            team.each(n, [=](int64_t i) { columns[i] = mul_add(left[i], right[i * step], columns[i]); });
          }
        });
      }
      dweight[p] = team.sum<T>(s.cols.out, [=](int64_t i) { return columns[i]; });
    }
  }
};

}  // namespace mosaic::kernels::MOSAIC_ISA
