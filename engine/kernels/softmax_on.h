// Row programs of softmax and cross-entropy, and their launch on any device.
#pragma once

#include "engine/kernels/math.h"
#include "engine/kernels/row_stats.h"
#include "engine/kernels/softmax.h"
#include "engine/kernels/team.h"

namespace mosaic::kernels::MOSAIC_ISA {

template <class T>
struct SoftmaxRow {
  SoftmaxArgs a;
  MOSAIC_HD Keeps keeps() const { return {.bytes = a.cols * static_cast<int64_t>(sizeof(T)), .rows = 1}; }

  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t row) const {
    using A = acc_t<T>;
    const T* x = team.hold(static_cast<const T*>(a.x) + row * a.x_stride, a.cols);
    T* y = static_cast<T*>(a.y) + row * a.y_stride;
    if (a.log || Team::memory_bound) {
      const RowStats<A> stats = row_stats<T>(team, x, a.cols);
      const A max = stats.max;
      if (a.log) {
        const A log_sum = log(stats.sum);  // subtracted one by one: their sum loses digits
        team.each(a.cols, [&](int64_t c) { y[c] = T((A(x[c]) - max) - log_sum); });
      } else {
        const A scale = A(1) / stats.sum;
        team.each(a.cols, [&](int64_t c) { y[c] = T(exp_flush(A(x[c]) - max) * scale); });
      }
      return;
    }
    const A max = team.template max<A>(a.cols, -A(__builtin_inf()), [&](int64_t c) { return A(x[c]); });
    team.each(a.cols, [&](int64_t c) { y[c] = T(exp_flush(A(x[c]) - max)); });
    const A scale = A(1) / team.template sum<A>(a.cols, [&](int64_t c) { return A(y[c]); });
    team.each(a.cols, [&](int64_t c) { y[c] = T(A(y[c]) * scale); });
  }
};

template <class T>
struct SoftmaxGradRow {
  SoftmaxGradArgs a;
  MOSAIC_HD Keeps keeps() const {
    return {.bytes = a.cols * static_cast<int64_t>(sizeof(T)), .rows = a.log ? 1 : 2};
  }

  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t row) const {
    using A = acc_t<T>;
    const T* y = static_cast<const T*>(a.y) + row * a.y_stride;
    const T* dy = team.hold(static_cast<const T*>(a.dy) + row * a.dy_stride, a.cols, 0);
    T* dx = static_cast<T*>(a.dx) + row * a.dx_stride;
    if (a.log) {
      const A total = team.template sum<A>(a.cols, [&](int64_t c) { return A(dy[c]); });
      if (a.accumulate) {
        team.each(a.cols, [&](int64_t c) { dx[c] = T(A(dx[c]) + (A(dy[c]) - exp_flush(A(y[c])) * total)); });
      } else {
        team.each(a.cols, [&](int64_t c) { dx[c] = T(A(dy[c]) - exp_flush(A(y[c])) * total); });
      }
      return;
    }
    y = team.hold(y, a.cols, 1);
    const A total = team.template sum<A>(a.cols, [&](int64_t c) { return A(dy[c]) * A(y[c]); });
    if (a.accumulate) {
      team.each(a.cols, [&](int64_t c) { dx[c] = T(A(dx[c]) + A(y[c]) * (A(dy[c]) - total)); });
    } else {
      team.each(a.cols, [&](int64_t c) { dx[c] = T(A(y[c]) * (A(dy[c]) - total)); });
    }
  }
};

template <class T>
struct CrossEntropyRow {
  CrossEntropyArgs a;
  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t row) const {
    using A = acc_t<T>;
    const T* x = static_cast<const T*>(a.x) + row * a.x_stride;
    A* loss = static_cast<A*>(a.loss) + row;
    A* lse = static_cast<A*>(a.lse) + row;
    const int64_t target = a.targets[row];
    if (target == a.ignore) {
      team.once([&] { *loss = A(0), *lse = A(0); });
      return;
    }
    // Everything is measured from the maximum, so that large logits lose no digits in the differences.
    const RowStats<A> stats = row_stats<T>(team, x, a.cols, a.smoothing != 0);
    const A log_sum = log(stats.sum), s = A(a.smoothing);
    const A mean = stats.total / A(a.cols) + (A(x[0]) - stats.max);
    team.once([&] {
      *loss = (log_sum - (A(1) - s) * (A(x[target]) - stats.max) - (s != A(0) ? s * mean : A(0)));
      *lse = stats.max + log_sum;
    });
  }
};

template <class T>
struct CrossEntropyGradRow {
  CrossEntropyGradArgs a;
  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t row) const {
    using A = acc_t<T>;
    const T* x = static_cast<const T*>(a.x) + row * a.x_stride;
    T* dx = static_cast<T*>(a.dx) + row * a.dx_stride;
    const int64_t target = a.targets[row];
    if (target == a.ignore) {
      if (!a.accumulate) team.each(a.cols, [&](int64_t c) { dx[c] = T(0); });
      return;
    }
    const A lse = static_cast<const A*>(a.lse)[row];
    const A dy = static_cast<const A*>(a.dy)[row * a.dy_stride];
    const A s = A(a.smoothing), uniform = dy * s / A(a.cols);
    if constexpr (sizeof(T) < sizeof(A)) {  // rounded once
      const A hit = dy * (A(1) - s);
      team.each(a.cols, [&](int64_t c) {
        const A g = dy * exp_flush(A(x[c]) - lse) - uniform - (c == target ? hit : A(0));
        dx[c] = T(a.accumulate ? A(dx[c]) + g : g);
      });
      return;
    }
    if (a.accumulate) {
      team.each(a.cols, [&](int64_t c) { dx[c] = T(A(dx[c]) + (dy * exp_flush(A(x[c]) - lse) - uniform)); });
    } else {
      team.each(a.cols, [&](int64_t c) { dx[c] = T(dy * exp_flush(A(x[c]) - lse) - uniform); });
    }
    team.once([&] { dx[target] = T(A(dx[target]) - dy * (A(1) - s)); });
  }
};

template <class Launch>
class SoftmaxOn final : public Softmax {
 public:
  void softmax(const SoftmaxArgs& a) const override { run<SoftmaxRow>(a, 0.8); }
  void softmax_grad(const SoftmaxGradArgs& a) const override { run<SoftmaxGradRow>(a, a.log ? 0.8 : 0.3); }
  void cross_entropy(const CrossEntropyArgs& a) const override { run<CrossEntropyRow>(a, 0.7); }
  void cross_entropy_grad(const CrossEntropyGradArgs& a) const override { run<CrossEntropyGradRow>(a, 0.8); }

 private:
  // cost: nanoseconds an element.
  template <template <class> class Row, class Args>
  static void run(const Args& a, double cost) {
    const double row_cost = cost * static_cast<double>(a.cols) + 10;
    Launch::visit(a.dtype, [&]<class T>(T) {
      Launch::rows(a.rows, sizeof(T) == 8 ? 5 * row_cost : row_cost, Row<T>{a});
    });
  }
};

}  // namespace mosaic::kernels::MOSAIC_ISA
