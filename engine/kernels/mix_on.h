// Row programs of expert mixing and their launch on any device.
#pragma once

#include "engine/kernels/math.h"
#include "engine/kernels/mix.h"
#include "engine/kernels/team.h"

namespace mosaic::kernels::MOSAIC_ISA {

// Up to this many experts are read in one pass over a row; more take another pass over the result.
inline constexpr int mix_width = 8;

template <class T>
struct MixRow {
  MixArgs a;
  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t row) const {
    for (int64_t first = 0; first < a.experts; first += mix_width) {
      pass_of<mix_width>(team, row, first);
    }
  }

 private:
  // The pass over the experts from `first` on, at most Count.
  template <int Count, class Team>
  MOSAIC_HD void pass_of(const Team& team, int64_t row, int64_t first) const {
    if constexpr (Count > 1) {
      if (a.experts - first < Count) return pass_of<Count - 1>(team, row, first);
    }
    pass<Count>(team, row, first);
  }

  template <int Count, class Team>
  MOSAIC_HD void pass(const Team& team, int64_t row, int64_t first) const {
    using A = acc_t<T>;
    const T* alpha = static_cast<const T*>(a.alpha) + row * a.alpha_row + first * a.alpha_expert;
    const T* stack = static_cast<const T*>(a.stack) + row * a.row_stride + first * a.expert_stride;
    A weight[Count];
    const T* expert[Count];
    for (int m = 0; m < Count; ++m) {
      weight[m] = A(alpha[m * a.alpha_expert]);
      expert[m] = stack + m * a.expert_stride;
    }
    T* y = static_cast<T*>(a.y) + row * a.cols;
    const bool more = first > 0;
    if (more) {
      team.each(a.cols, [&](int64_t c) {
        A value = A(y[c]);
        for (int m = 0; m < Count; ++m) value = mul_add(weight[m], A(expert[m][c]), value);
        y[c] = T(value);
      });
    } else {
      team.each(a.cols, [&](int64_t c) {
        A value = weight[0] * A(expert[0][c]);
        for (int m = 1; m < Count; ++m) value = mul_add(weight[m], A(expert[m][c]), value);
        y[c] = T(value);
      });
    }
  }
};

template <class T>
struct MixGradRow {
  MixGradArgs a;
  MOSAIC_HD Keeps keeps() const { return {.bytes = a.cols * static_cast<int64_t>(sizeof(T)), .rows = 1}; }

  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t row) const {
    using A = acc_t<T>;
    const T* dy = team.hold(static_cast<const T*>(a.dy) + row * a.dy_stride, a.cols);
    for (int64_t m = 0; m < a.experts; ++m) {
      const T* expert = static_cast<const T*>(a.stack) + m * a.expert_stride + row * a.row_stride;
      if (a.dalpha) {
        const A product = team.template sum<A>(a.cols, [&](int64_t c) { return A(dy[c]) * A(expert[c]); });
        team.once([&] { put(row, m, product); });
      }
      if (a.dstack == nullptr) continue;
      const A weight = A(static_cast<const T*>(a.alpha)[row * a.alpha_row + m * a.alpha_expert]);
      T* to = static_cast<T*>(a.dstack) + m * a.dstack_expert + row * a.dstack_row;
      if (a.dstack_add) {
        team.each(a.cols, [&](int64_t c) { to[c] = T(mul_add(weight, A(dy[c]), A(to[c]))); });
      } else {
        team.each(a.cols, [&](int64_t c) { to[c] = T(weight * A(dy[c])); });
      }
    }
  }

 private:
  MOSAIC_HD void put(int64_t row, int64_t m, acc_t<T> product) const {
    using A = acc_t<T>;
    if (a.partial) {
      static_cast<A*>(a.partial)[m * a.rows + row] = product;
      return;
    }
    T* to = static_cast<T*>(a.dalpha) + row * a.dalpha_row + m * a.dalpha_expert;
    *to = a.dalpha_add ? T(A(*to) + product) : T(product);
  }
};

// Some rows of a single column under coefficients of each row (a bias): the same products without sums.
template <class T>
struct MixGradColumn {
  MixGradArgs a;
  MOSAIC_HD void operator()(int64_t begin, int64_t end) const {
    for (int64_t m = 0; m < a.experts; ++m) {
      if (a.dalpha) {
        const T* expert = static_cast<const T*>(a.stack) + m * a.expert_stride;
        put(static_cast<T*>(a.dalpha) + m * a.dalpha_expert, a.dalpha_row, a.dalpha_add, expert, a.row_stride,
            begin, end);
      }
      if (a.dstack) {
        const T* alpha = static_cast<const T*>(a.alpha) + m * a.alpha_expert;
        put(static_cast<T*>(a.dstack) + m * a.dstack_expert, a.dstack_row, a.dstack_add, alpha, a.alpha_row,
            begin, end);
      }
    }
  }

 private:
  // to (+)= dy * factor
  MOSAIC_HD void put(T* to, int64_t to_step, bool add, const T* factor, int64_t step, int64_t begin,
                     int64_t end) const {
    const T* dy = static_cast<const T*>(a.dy);
    for (int64_t r = begin; r < end; ++r) {
      const T product = dy[r * a.dy_stride] * factor[r * step];
      to[r * to_step] = add ? to[r * to_step] + product : product;
    }
  }
};

// dalpha[m] of shared coefficients: the rows' products.
template <class T>
struct MixGradAlpha {
  MixGradArgs a;
  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t m) const {
    using A = acc_t<T>;
    const A* products = static_cast<const A*>(a.partial) + m * a.rows;
    const A total = team.template sum<A>(a.rows, [&](int64_t row) { return products[row]; });
    T* to = static_cast<T*>(a.dalpha) + m * a.dalpha_expert;
    team.once([&] { *to = a.dalpha_add ? T(A(*to) + total) : T(total); });
  }
};

template <class Launch>
class MixOn final : public Mix {
 public:
  void mix(const MixArgs& a) const override {
    const double cost = 0.2 * static_cast<double>((a.experts + 1) * a.cols) + 5;
    if (a.dtype == DType::f32) return Launch::rows(a.rows, cost, MixRow<float>{a});
    Launch::rows(a.rows, 2 * cost, MixRow<double>{a});
  }
  void mix_grad(const MixGradArgs& a) const override {
    if (a.dtype == DType::f32) return backward<float>(a);
    backward<double>(a);
  }

 private:
  template <class T>
  static void backward(const MixGradArgs& a) {
    if (a.cols == 1 && a.partial == nullptr) {
      return Launch::spans(a.rows, 2.0 * static_cast<double>(a.experts), MixGradColumn<T>{a});
    }
    const double cost = 0.4 * static_cast<double>(a.experts * a.cols) + 5;
    Launch::rows(a.rows, cost, MixGradRow<T>{a});
    if (a.partial) Launch::rows(a.experts, 0.1 * static_cast<double>(a.rows), MixGradAlpha<T>{a});
  }
};

}  // namespace mosaic::kernels::MOSAIC_ISA
