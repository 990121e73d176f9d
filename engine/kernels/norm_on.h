// Row programs of layer norm and RMS norm and their launch on any device.
#pragma once

#include "engine/kernels/batch_norm_on.h"
#include "engine/kernels/drop_on.h"
#include "engine/kernels/math.h"
#include "engine/kernels/norm.h"
#include "engine/kernels/team.h"

namespace mosaic::kernels::MOSAIC_ISA {

template <class T>
struct LayerNormRow {
  LayerNormArgs a;
  MOSAIC_HD Keeps keeps() const {
    return {.bytes = a.cols * static_cast<int64_t>(sizeof(acc_t<T>)),
            .rows = 1,
            .common = a.beta == nullptr ? 1 : 2};
  }
  template <class F>
  MOSAIC_HD void each_common(const F& f) const {
    f(0, static_cast<const acc_t<T>*>(a.gamma));
    if (a.beta) f(1, static_cast<const acc_t<T>*>(a.beta));
  }

  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t row) const {
    const T* x = static_cast<const T*>(a.x) + row * a.x_stride;
    T* out = static_cast<T*>(a.out) + row * a.cols;
    if (a.y == nullptr) return normalise(team, row, team.hold(x, a.cols), out);
    T* sum = a.sum ? static_cast<T*>(a.sum) + row * a.cols : nullptr;
    T* s = team.room(sum ? sum : out);
    add(team, row, x, s);
    if (sum && sum != s) team.each(a.cols, [&](int64_t c) { sum[c] = s[c]; });
    normalise(team, row, s, out);
  }

 private:
  // s = x + dropout(y)
  template <class Team>
  MOSAIC_HD void add(const Team& team, int64_t row, const T* x, T* s) const {
    using A = acc_t<T>;
    const T* y = static_cast<const T*>(a.y) + row * a.y_stride;
    const uint32_t threshold = a.drop.threshold;
    const A scale = A(a.drop.scale);
    if (threshold == 0) {
      team.each(a.cols, [&](int64_t c) { s[c] = T(A(x[c]) + A(y[c])); });
    } else {
      each_word(team, a.drop.key, row * a.cols, a.cols, [&](int64_t c, uint32_t word) {
        const A kept = word < threshold ? A(0) : scale;
        s[c] = T(mul_add(A(y[c]), kept, A(x[c])));
      });
    }
  }

  template <class Team>
  MOSAIC_HD void normalise(const Team& team, int64_t row, const T* s, T* out) const {
    using A = acc_t<T>;
    const A* gamma = team.common(static_cast<const A*>(a.gamma), 0);
    const A* beta = a.beta ? team.common(static_cast<const A*>(a.beta), 1) : nullptr;
    const A share = A(1) / A(a.cols);
    const A mean =
        a.centred ? team.template sum<A>(a.cols, [&](int64_t c) { return A(s[c]); }) * share : A(0);
    const A square = team.template sum<A>(a.cols, [&](int64_t c) {
      const A d = A(s[c]) - mean;
      return d * d;
    });
    const A rstd = A(1) / sqrt(mul_add(square, share, A(a.eps)));
    if (beta) {
      team.each(a.cols, [&](int64_t c) { out[c] = T(mul_add((A(s[c]) - mean) * rstd, gamma[c], beta[c])); });
    } else {
      team.each(a.cols, [&](int64_t c) { out[c] = T((A(s[c]) - mean) * rstd * gamma[c]); });
    }
    if (a.mean == nullptr) return;
    team.once([&] {
      static_cast<A*>(a.mean)[row] = mean;
      static_cast<A*>(a.rstd)[row] = rstd;
    });
  }
};

// The input gradients of one row. With xhat = (s - mean) rstd and g = dout gamma:
//   ds = rstd (g - mean(g) - xhat mean(g xhat)), without mean(g) when not centred.
template <class T>
struct LayerNormGradRow {
  LayerNormGradArgs a;
  MOSAIC_HD Keeps keeps() const {
    return {.bytes = a.cols * static_cast<int64_t>(sizeof(acc_t<T>)), .rows = 2, .common = 1};
  }
  template <class F>
  MOSAIC_HD void each_common(const F& f) const {
    f(0, static_cast<const acc_t<T>*>(a.gamma));
  }

  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t row) const {
    using A = acc_t<T>;
    const T* s = team.hold(static_cast<const T*>(a.s) + row * a.s_stride, a.cols, 0);
    const T* dout = team.hold(static_cast<const T*>(a.dout) + row * a.dout_stride, a.cols, 1);
    if (a.dx == nullptr && a.dy == nullptr) return;
    const A* gamma = team.common(static_cast<const A*>(a.gamma));
    const A mean = static_cast<const A*>(a.mean)[row], rstd = static_cast<const A*>(a.rstd)[row];
    const A along_one =
        a.centred ? team.template sum<A>(a.cols, [&](int64_t c) { return A(dout[c]) * gamma[c]; }) : A(0);
    const A along_x =
        team.template sum<A>(a.cols, [&](int64_t c) { return A(dout[c]) * gamma[c] * (A(s[c]) - mean); });
    // ds = rstd g - shift - slope (s - mean)
    const A shift = rstd * along_one / A(a.cols), slope = rstd * rstd * rstd * along_x / A(a.cols);
    const auto ds = [=](int64_t c) {
      return mul_add(A(dout[c]) * gamma[c], rstd, -mul_add(A(s[c]) - mean, slope, shift));
    };
    if (a.dx) put(team, static_cast<T*>(a.dx) + row * a.dx_stride, a.dx_add, ds);
    if (a.dy == nullptr) return;
    T* dy = static_cast<T*>(a.dy) + row * a.dy_stride;
    const uint32_t threshold = a.drop.threshold;
    const A scale = A(a.drop.scale);
    if (threshold == 0) {
      put(team, dy, a.dy_add, ds);
    } else if (a.dy_add) {
      each_word(team, a.drop.key, row * a.cols, a.cols, [&](int64_t c, uint32_t word) {
        dy[c] = T(A(dy[c]) + (word < threshold ? A(0) : ds(c) * scale));
      });
    } else {
      each_word(team, a.drop.key, row * a.cols, a.cols,
                [&](int64_t c, uint32_t word) { dy[c] = T(word < threshold ? A(0) : ds(c) * scale); });
    }
  }

 private:
  template <class Team, class F>
  [[gnu::always_inline]] MOSAIC_HD void put(const Team& team, T* to, bool add, const F& value) const {
    using A = acc_t<T>;
    if (add) {
      team.each(a.cols, [&](int64_t c) { to[c] = T(A(to[c]) + value(c)); });
    } else {
      team.each(a.cols, [&](int64_t c) { to[c] = T(value(c)); });
    }
  }
};

// One chunk of rows: their input gradients, and the chunk's share of dgamma = sum dout xhat and dbeta = sum
// dout.
template <class T>
struct LayerNormGradChunk {
  LayerNormGradArgs a;
  int64_t chunks;
  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t chunk) const {
    using A = acc_t<T>;
    const int64_t first = a.rows * chunk / chunks, last = a.rows * (chunk + 1) / chunks;
    A* dgamma = a.partial ? static_cast<A*>(a.partial) + 2 * chunk * a.cols : nullptr;
    A* dbeta = a.partial ? dgamma + a.cols : nullptr;
    if (a.partial) {
      team.each(a.cols, [&](int64_t c) {
        dgamma[c] = A(0);
        dbeta[c] = A(0);
      });
    }
    for (int64_t row = first; row < last; ++row) {
      const T* s = static_cast<const T*>(a.s) + row * a.s_stride;
      const T* dout = static_cast<const T*>(a.dout) + row * a.dout_stride;
      const A mean = static_cast<const A*>(a.mean)[row], rstd = static_cast<const A*>(a.rstd)[row];
      if (a.partial) {
        team.each(a.cols, [&](int64_t c) {
          const A d = A(dout[c]);
          dgamma[c] = mul_add(d, (A(s[c]) - mean) * rstd, dgamma[c]);
          dbeta[c] += d;
        });
      }
      LayerNormGradRow<T>{a}(team, row);
    }
  }
};

// Some columns of dgamma and dbeta: the chunks' shares in order.
template <class T>
struct LayerNormGradColumns {
  LayerNormGradArgs a;
  int64_t chunks;
  MOSAIC_HD void operator()(int64_t begin, int64_t end) const {
    gather(0, static_cast<A*>(a.dgamma), a.dgamma_add, begin, end);
    gather(1, static_cast<A*>(a.dbeta), a.dbeta_add, begin, end);
  }

 private:
  using A = acc_t<T>;
  MOSAIC_HD void gather(int64_t which, A* to, bool add, int64_t begin, int64_t end) const {
    if (to == nullptr) return;
    const A* from = static_cast<const A*>(a.partial) + which * a.cols;
    constexpr int64_t block = 64;
    for (int64_t left = begin; left < end; left += block) {
      const int64_t n = end - left < block ? end - left : block;
      A total[block] = {};
      for (int64_t chunk = 0; chunk < chunks; ++chunk) {
        const A* share = from + 2 * chunk * a.cols + left;
        for (int64_t c = 0; c < n; ++c) total[c] += share[c];
      }
      for (int64_t c = 0; c < n; ++c) to[left + c] = add ? to[left + c] + total[c] : total[c];
    }
  }
};

template <class Launch>
class NormOn final : public Norm {
 public:
  void layer_norm(const LayerNormArgs& a) const override {
    if (a.dtype == DType::f32) return forward<float>(a, 0.5);
    forward<double>(a, 1);
  }
  void layer_norm_grad(const LayerNormGradArgs& a) const override {
    if (a.dtype == DType::f32) return backward<float>(a, 0.8);
    backward<double>(a, 1.6);
  }
  void batch_norm(const BatchNormArgs& a) const override { run_batch_norm<Launch>(a); }
  void batch_norm_grad(const BatchNormGradArgs& a) const override { run_batch_norm_grad<Launch>(a); }

 private:
  static constexpr double word_cost = 0.6;  // nanoseconds a Philox word takes

  template <class T>
  static void forward(const LayerNormArgs& a, double cost) {
    if (a.drop.threshold != 0) cost += word_cost;
    Launch::rows(a.rows, cost * static_cast<double>(a.cols) + 20, LayerNormRow<T>{a});
  }
  template <class T>
  static void backward(const LayerNormGradArgs& a, double cost) {
    if (a.drop.threshold != 0) cost += word_cost;
    const int64_t chunks = norm_chunks(a.rows);
    if (chunks > 0) {
      const double rows = static_cast<double>(a.rows) / static_cast<double>(chunks);
      Launch::rows(chunks, cost * static_cast<double>(a.cols) * rows + 20, LayerNormGradChunk<T>{a, chunks});
    }
    if (a.partial) {
      Launch::spans(a.cols, 0.5 * static_cast<double>(chunks), LayerNormGradColumns<T>{a, chunks});
    }
  }
};

}  // namespace mosaic::kernels::MOSAIC_ISA
