// Patches of an image as the columns of a matrix (im2col), and back.
#pragma once

#include "engine/kernels/conv_on.h"

namespace mosaic::kernels::MOSAIC_ISA {

// Some whole output rows of one group: their patches are a matrix {patch, rows * cols.out}.
struct PatchRows {
  int64_t first, rows;
};

// Calls f(row of the matrix at output row r, input row, inside) for every place and output row in order;
// `inside` are the output columns that see no padding, none when the whole row is padding.
template <class T, class F>
void each_patch_row(const ConvShape& s, T* image, PatchRows at, const F& f) {
  const int64_t count = patch(s);
  for (int64_t p = 0; p < count; ++p) {
    const int64_t kr = p % places(s) / s.cols.kernel, kc = p % s.cols.kernel;
    T* plane = image + p / places(s) * in_size(s);
    const Span inside = outputs_at_place(s.cols, kc);
    for (int64_t r = 0; r < at.rows; ++r) {
      const int64_t row = window_at(s.rows, at.first + r, kr);
      const bool seen = row >= 0 && row < s.rows.in && inside.first < inside.last;
      T* from = seen ? plane + row * s.cols.in + window_at(s.cols, inside.first, kc) : nullptr;
      f((p * at.rows + r) * s.cols.out, from, seen ? inside : Span{s.cols.out, s.cols.out});
    }
  }
}

// Row (channel, kr, kc) of the patches of `image` {channels / groups, rows.in, cols.in}: place (kr, kc) of
// every window, zero where that is padding.
template <class T>
void gather_patches(const ConvShape& s, const T* image, PatchRows at, T* patches) {
  const int64_t step = s.cols.stride;
  each_patch_row(s, image, at, [=, &s](int64_t begin, const T* from, Span inside) {
    T* to = patches + begin;
    for (int64_t c = 0; c < inside.first; ++c) to[c] = T(0);
    const int64_t n = inside.last - inside.first;
    if (step == 1) {
#pragma GCC ivdep
      for (int64_t c = 0; c < n; ++c) to[inside.first + c] = from[c];
    } else {
      for (int64_t c = 0; c < n; ++c) to[inside.first + c] = from[c * step];
    }
    for (int64_t c = inside.last; c < s.cols.out; ++c) to[c] = T(0);
  });
}

// Adds every patch to where it was taken from, in the order of places, then rows.
template <class T>
void scatter_patches(const ConvShape& s, const T* patches, PatchRows at, T* image) {
  const int64_t step = s.cols.stride;
  each_patch_row(s, image, at, [=](int64_t begin, T* to, Span inside) {
    const T* from = patches + begin + inside.first;
    const int64_t n = inside.last - inside.first;
    if (step == 1) {
#pragma GCC ivdep
      for (int64_t c = 0; c < n; ++c) to[c] += from[c];
    } else {
      for (int64_t c = 0; c < n; ++c) to[c * step] += from[c];
    }
  });
}

}  // namespace mosaic::kernels::MOSAIC_ISA
