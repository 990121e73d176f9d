// The k largest of a row by insertion into a sorted list; blocks that hold nothing larger are passed over
// whole.
#pragma once

#include "engine/kernels/reduce.h"
#include "engine/kernels/team.h"

namespace mosaic::kernels::MOSAIC_ISA {

template <class T>
struct TopKRows {
  TopKArgs args;

  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t r) const {
    team.once([&] { select(r); });
  }

 private:
  MOSAIC_HD void select(int64_t r) const {
    constexpr int64_t block = 32;
    const T* row = static_cast<const T*>(args.x) + r * args.row_stride;
    T* values = static_cast<T*>(args.values) + r * args.k;
    int32_t* indices = args.indices + r * args.k;
    int64_t filled = 0, c = 0;
    for (; c < args.k; ++c) insert(values, indices, filled++, row[c], c);
    for (; c + block <= args.cols; c += block) {
      const T least = values[args.k - 1];
      int32_t larger_ones = 0;
      for (int64_t i = 0; i < block; ++i) larger_ones += row[c + i] > least ? 1 : 0;
      if (larger_ones == 0) continue;
      for (int64_t i = c; i < c + block; ++i) replace_least(values, indices, row[i], i);
    }
    for (; c < args.cols; ++c) replace_least(values, indices, row[c], c);
  }
  MOSAIC_HD void replace_least(T* values, int32_t* indices, T value, int64_t index) const {
    if (value > values[args.k - 1]) insert(values, indices, args.k - 1, value, index);
  }
  // Into a list of `count`, behind equal values: those have lower indices. NaN counts as -infinity.
  MOSAIC_HD static void insert(T* values, int32_t* indices, int64_t count, T value, int64_t index) {
    if (value != value) value = static_cast<T>(-__builtin_inf());
    int64_t at = count;
    for (; at > 0 && value > values[at - 1]; --at) {
      values[at] = values[at - 1];
      indices[at] = indices[at - 1];
    }
    values[at] = value;
    indices[at] = static_cast<int32_t>(index);
  }
};

}  // namespace mosaic::kernels::MOSAIC_ISA
