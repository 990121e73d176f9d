// The reduce family on a launcher.
#pragma once

#include "engine/kernels/columns_on.h"
#include "engine/kernels/math.h"
#include "engine/kernels/reduce.h"
#include "engine/kernels/topk_on.h"

namespace mosaic::kernels::MOSAIC_ISA {

template <class F>
void visit_float_type(DType dtype, const F& f) {
  dtype == DType::f64 ? f(double{}) : f(float{});
}

template <class T>
struct SumRows {
  const T* x;
  int64_t cols, row_stride;
  acc_t<T> scale;
  bool accumulate;
  T* y;
  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t r) const {
    const T* row = x + r * row_stride;
    const auto sum =
        scale * team.template sum<acc_t<T>>(cols, [row](int64_t c) { return static_cast<acc_t<T>>(row[c]); });
    team.once([&] { y[r] = static_cast<T>(accumulate ? static_cast<acc_t<T>>(y[r]) + sum : sum); });
  }
};

// The first column where row[c] == value, found in blocks that compare side by side.
template <class T>
MOSAIC_HD int64_t find_first(const T* row, int64_t cols, T value) {
  constexpr int64_t block = 64;
  int64_t c = 0;
  for (; c + block <= cols; c += block) {
    int32_t hits = 0;
    for (int64_t i = 0; i < block; ++i) hits += row[c + i] == value ? 1 : 0;
    if (hits > 0) break;
  }
  for (; c < cols; ++c) {
    if (row[c] == value) return c;
  }
  return 0;  // a row of NaN only
}

template <class T>
struct MaxRows {
  const T* x;
  int64_t cols, row_stride;
  T* values;
  int32_t* indices;
  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t r) const {
    const T* row = x + r * row_stride;
    const T lowest = static_cast<T>(-__builtin_inf());
    const T max = team.template max<T>(cols, lowest, [row](int64_t c) { return row[c]; });
    team.once([&] {
      const int64_t at = find_first(row, cols, max);
      if (values != nullptr) values[r] = row[at];
      if (indices != nullptr) indices[r] = static_cast<int32_t>(at);
    });
  }
};

template <class T>
struct LogSumExpRows {
  const T* x;
  int64_t cols, row_stride;
  T* y;
  MOSAIC_HD Keeps keeps() const { return {.bytes = cols * static_cast<int64_t>(sizeof(T)), .rows = 1}; }

  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t r) const {
    const T* row = team.hold(x + r * row_stride, cols);
    const T max =
        team.template max<T>(cols, static_cast<T>(-__builtin_inf()), [row](int64_t c) { return row[c]; });
    // An infinite maximum is the result: subtracting it would give NaN.
    const T shift = is_finite(max) ? max : T(0);
    const acc_t<T> sum = team.template sum<acc_t<T>>(
        cols, [row, shift](int64_t c) { return static_cast<acc_t<T>>(exp(row[c] - shift)); });
    team.once([&] { y[r] = shift + log(static_cast<T>(sum)); });
  }
};

template <class T>
struct LogSumExpBackRows {
  LogSumExpBackArgs args;
  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t r) const {
    const T* x = static_cast<const T*>(args.x) + r * args.row_stride;
    T* dx = static_cast<T*>(args.dx) + r * args.dx_stride;
    const T y = static_cast<const T*>(args.y)[r], dy = static_cast<const T*>(args.dy)[r];
    const T shift = is_finite(y) ? y : T(0);  // -infinity everywhere: exp gives zeros
    if (args.accumulate) {
      team.each(args.cols, [=](int64_t c) { dx[c] += dy * exp(x[c] - shift); });
    } else {
      team.each(args.cols, [=](int64_t c) { dx[c] = dy * exp(x[c] - shift); });
    }
  }
};

// y[c] (+)= scale * the sum of column c of {n, wide}.
template <class T>
void sum_columns(const T* x, int64_t row_stride, int64_t n, int64_t wide, acc_t<T> scale, bool accumulate,
                 T* y) {
  acc_t<T> total[widest_columns];
  sum_in_chunks(n, wide, total, [=](int64_t r, acc_t<T>* part) {
    const T* row = x + r * row_stride;
    for (int64_t c = 0; c < wide; ++c) part[c] += static_cast<acc_t<T>>(row[c]);
  });
  if (accumulate) {
    for (int64_t c = 0; c < wide; ++c) y[c] += static_cast<T>(scale * total[c]);
  } else {
    for (int64_t c = 0; c < wide; ++c) y[c] = static_cast<T>(scale * total[c]);
  }
}

// The first maximum of each column of {n, wide}. NaN is passed over; a column of NaN only gives its first
// row.
template <class T>
void max_columns(const T* x, int64_t row_stride, int64_t n, int64_t wide, T* values, int32_t* indices) {
  T best[widest_columns];
  int32_t at[widest_columns];
  for (int64_t c = 0; c < wide; ++c) {
    best[c] = x[c];
    at[c] = 0;
  }
  for (int64_t r = 1; r < n; ++r) {
    const T* row = x + r * row_stride;
    const auto here = static_cast<int32_t>(r);
    for (int64_t c = 0; c < wide; ++c) {
      const T value = row[c];
      const bool wins = value > best[c] || (value == value && best[c] != best[c]);
      best[c] = wins ? value : best[c];
      at[c] = wins ? here : at[c];
    }
  }
  for (int64_t c = 0; values != nullptr && c < wide; ++c) values[c] = best[c];
  for (int64_t c = 0; indices != nullptr && c < wide; ++c) indices[c] = at[c];
}

template <class Launch>
class ReduceOn final : public Reduce {
 public:
  void row_sum(const RowSumArgs& args) const override {
    visit_float_type(args.dtype, [&]<class T>(T) {
      Launch::rows(args.rows, row_cost(args.cols, 0.15),
                   SumRows<T>{static_cast<const T*>(args.x), args.cols, args.row_stride,
                              static_cast<acc_t<T>>(args.scale), args.accumulate, static_cast<T*>(args.y)});
    });
  }

  void column_sum(const ColumnSumArgs& args) const override {
    visit_float_type(args.dtype, [&]<class T>(T) {
      const T* x = static_cast<const T*>(args.x);
      T* y = static_cast<T*>(args.y);
      for_each_columns<Launch>(
          args.outer, args.n, args.cols, 0.15, [&](int64_t o, int64_t first, int64_t wide) {
            sum_columns(x + o * args.n * args.row_stride + first, args.row_stride, args.n, wide,
                        static_cast<acc_t<T>>(args.scale), args.accumulate, y + o * args.cols + first);
          });
    });
  }

  void total(const TotalArgs& args) const override {
    const int64_t chunks = (args.n + total_chunk - 1) / total_chunk;
    visit_float_type(args.dtype, [&]<class T>(T) {
      const T* x = static_cast<const T*>(args.x);
      Launch::rows(chunks, 0.3 * static_cast<double>(total_chunk), [&](const auto& team, int64_t chunk) {
        const T* part = x + chunk * total_chunk;
        const int64_t left = args.n - chunk * total_chunk, n = left < total_chunk ? left : total_chunk;
        const double sum =
            args.squares
                ? team.template sum<double>(n,
                                            [part](int64_t i) {
                                              const double value = static_cast<double>(part[i]);
                                              return value * value;
                                            })
                : team.template sum<double>(n, [part](int64_t i) { return static_cast<double>(part[i]); });
        team.once([&] { args.partials[chunk] = sum; });
      });
    });
    Launch::rows(1, 0, [&](const auto& team, int64_t) {
      team.once([&] {
        double sum = 0;
        for (int64_t chunk = 0; chunk < chunks; ++chunk) sum += args.partials[chunk];
        *args.y = sum;
      });
    });
  }

  void row_max(const RowMaxArgs& args) const override {
    visit_float_type(args.dtype, [&]<class T>(T) {
      Launch::rows(args.rows, row_cost(args.cols, 0.4),
                   MaxRows<T>{static_cast<const T*>(args.x), args.cols, args.row_stride,
                              static_cast<T*>(args.values), args.indices});
    });
  }

  void column_max(const ColumnMaxArgs& args) const override {
    visit_float_type(args.dtype, [&]<class T>(T) {
      const T* x = static_cast<const T*>(args.x);
      for_each_columns<Launch>(
          args.outer, args.n, args.cols, 0.4, [&](int64_t o, int64_t first, int64_t wide) {
            const int64_t place = o * args.cols + first;
            max_columns(x + o * args.n * args.row_stride + first, args.row_stride, args.n, wide,
                        args.values ? static_cast<T*>(args.values) + place : nullptr,
                        args.indices ? args.indices + place : nullptr);
          });
    });
  }

  void logsumexp(const LogSumExpArgs& args) const override {
    visit_float_type(args.dtype, [&]<class T>(T) {
      Launch::rows(args.rows, row_cost(args.cols, 1),
                   LogSumExpRows<T>{static_cast<const T*>(args.x), args.cols, args.row_stride,
                                    static_cast<T*>(args.y)});
    });
  }

  void logsumexp_back(const LogSumExpBackArgs& args) const override {
    visit_float_type(args.dtype, [&]<class T>(T) {
      Launch::rows(args.rows, row_cost(args.cols, 1), LogSumExpBackRows<T>{args});
    });
  }

  void topk(const TopKArgs& args) const override {
    visit_float_type(args.dtype, [&]<class T>(T) {
      Launch::rows(args.rows, row_cost(args.cols, 0.5), TopKRows<T>{args});
    });
  }

 private:
  static double row_cost(int64_t cols, double element) { return 3 + element * static_cast<double>(cols); }
};

}  // namespace mosaic::kernels::MOSAIC_ISA
