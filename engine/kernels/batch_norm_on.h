// Row programs of batch norm: a row is a channel.
#pragma once

#include "engine/kernels/batch_norm.h"
#include "engine/kernels/math.h"
#include "engine/kernels/team.h"

namespace mosaic::kernels::MOSAIC_ISA {

// Where the elements of one channel of {batch, channels, size} lie: `runs` runs of `length`, the elements of
// one `step` apart. Channels of single elements are one strided run, so that teams have long rows. A GPU's
// team takes all runs as one row: it is wide, and a division costs it less than idle lanes.
struct ChannelRuns {
  int64_t first, runs, run_stride, length, step;
  MOSAIC_HD ChannelRuns(int64_t batch, int64_t channels, int64_t size, int64_t channel)
      : first(channel * size),
        runs(size == 1 ? 1 : batch),
        run_stride(channels * size),
        length(size == 1 ? batch : size),
        step(size == 1 ? channels : 1) {}

  // The channel's elements of x, kept by a GPU's team where it has room for them.
  template <class T, class Team>
  [[gnu::always_inline]] MOSAIC_HD const T* hold([[maybe_unused]] const Team& team, const T* x,
                                                 [[maybe_unused]] int k = 0) const {
#ifdef __CUDACC__
    if (!team.keeps()) return x;
    T* to = team.room(static_cast<T*>(nullptr), k);
    team.each(runs * length, [&](int64_t i) { to[i] = x[place(i)]; });
    return to;
#else
    return x;
#endif
  }
  // Calls f(place in the tensor, place in what hold gave) for every element.
  template <class Team, class F>
  [[gnu::always_inline]] MOSAIC_HD void each(const Team& team, const F& f) const {
#ifdef __CUDACC__
    team.each(runs * length, [&](int64_t i) { f(place(i), team.keeps() ? i : place(i)); });
#else
    for (int64_t run = 0; run < runs; ++run) {
      const int64_t start = first + run * run_stride, by = step;
      if (by == 1) {
        team.each(length, [&](int64_t i) { f(start + i, start + i); });
      } else {
        team.each(length, [&](int64_t i) { f(start + i * by, start + i * by); });
      }
    }
#endif
  }
  // The sum of f(place in what hold gave).
  template <class A, class Team, class F>
  [[gnu::always_inline]] MOSAIC_HD A sum(const Team& team, const F& f) const {
#ifdef __CUDACC__
    return team.template sum<A>(runs * length, [&](int64_t i) { return f(team.keeps() ? i : place(i)); });
#else
    A total = A(0);
    for (int64_t run = 0; run < runs; ++run) {
      const int64_t start = first + run * run_stride, by = step;
      if (by == 1) {
        total += team.template sum<A>(length, [&](int64_t i) { return f(start + i); });
      } else {
        total += team.template sum<A>(length, [&](int64_t i) { return f(start + i * by); });
      }
    }
    return total;
#endif
  }

 private:
  [[gnu::always_inline]] MOSAIC_HD int64_t place(int64_t i) const {
    const int64_t run = i / length;
    return first + run * run_stride + (i - run * length) * step;
  }
};

template <class T>
struct BatchNormChannel {
  BatchNormArgs a;
  MOSAIC_HD Keeps keeps() const {
    if (a.given) return {};  // read once
    return {.bytes = a.batch * a.size * static_cast<int64_t>(sizeof(T)), .rows = 1};
  }
  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t channel) const {
    using A = acc_t<T>;
    const ChannelRuns at(a.batch, a.channels, a.size, channel);
    const T* x = at.hold(team, static_cast<const T*>(a.x));
    T* y = static_cast<T*>(a.y);
    A mean, variance;
    if (a.given) {
      mean = A(static_cast<const T*>(a.mean)[channel]);
      variance = A(static_cast<const T*>(a.variance)[channel]);
    } else {
      const A share = A(1) / A(a.batch * a.size);
      mean = at.template sum<A>(team, [=](int64_t i) { return A(x[i]); }) * share;
      const A centre = mean;
      variance = at.template sum<A>(team, [=](int64_t i) {
        const A d = A(x[i]) - centre;
        return d * d;
      }) * share;
      team.once([&] {
        static_cast<T*>(a.mean)[channel] = T(mean);
        static_cast<T*>(a.variance)[channel] = T(variance);
      });
    }
    const A gamma = a.gamma ? A(static_cast<const T*>(a.gamma)[channel]) : A(1),
            beta = a.beta ? A(static_cast<const T*>(a.beta)[channel]) : A(0);
    const A scale = gamma / sqrt(variance + A(a.eps)), centre = mean;
    at.each(team, [=](int64_t i, int64_t held) { y[i] = T(mul_add(A(x[held]) - centre, scale, beta)); });
  }
};

template <class T>
struct BatchNormGradChannel {
  BatchNormGradArgs a;
  MOSAIC_HD Keeps keeps() const {
    return {.bytes = a.batch * a.size * static_cast<int64_t>(sizeof(T)), .rows = 2};
  }
  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t channel) const {
    using A = acc_t<T>;
    const ChannelRuns at(a.batch, a.channels, a.size, channel);
    const T *x = at.hold(team, static_cast<const T*>(a.x), 0),
            *dy = at.hold(team, static_cast<const T*>(a.dy), 1);
    const A mean = A(static_cast<const T*>(a.mean)[channel]);
    const A rstd = A(1) / sqrt(A(static_cast<const T*>(a.variance)[channel]) + A(a.eps));
    const A dbeta = at.template sum<A>(team, [=](int64_t i) { return A(dy[i]); });
    const A dgamma = at.template sum<A>(team, [=](int64_t i) { return A(dy[i]) * (A(x[i]) - mean); }) * rstd;
    team.once([&] {
      if (a.dbeta) static_cast<T*>(a.dbeta)[channel] = T(dbeta);
      if (a.dgamma) static_cast<T*>(a.dgamma)[channel] = T(dgamma);
    });
    if (a.dx == nullptr) return;
    T* dx = static_cast<T*>(a.dx);
    const A scale = a.gamma ? A(static_cast<const T*>(a.gamma)[channel]) * rstd : rstd;
    if (a.given) return at.each(team, [=](int64_t i, int64_t held) { dx[i] = T(A(dy[held]) * scale); });
    const A share = A(1) / A(a.batch * a.size), shift = dbeta * share, slope = dgamma * share * rstd;
    at.each(team, [=](int64_t i, int64_t held) {
      dx[i] = T((A(dy[held]) - shift - (A(x[held]) - mean) * slope) * scale);
    });
  }
};

// Nanoseconds a channel takes.
inline double channel_cost(DType dtype, int64_t batch, int64_t size) {
  return 20 + (dtype == DType::f32 ? 0.8 : 1.6) * static_cast<double>(batch * size);
}

template <class Launch>
void run_batch_norm(const BatchNormArgs& a) {
  const double cost = channel_cost(a.dtype, a.batch, a.size);
  if (a.dtype == DType::f32) return Launch::rows(a.channels, cost, BatchNormChannel<float>{a});
  Launch::rows(a.channels, cost, BatchNormChannel<double>{a});
}
template <class Launch>
void run_batch_norm_grad(const BatchNormGradArgs& a) {
  const double cost = channel_cost(a.dtype, a.batch, a.size);
  if (a.dtype == DType::f32) return Launch::rows(a.channels, cost, BatchNormGradChannel<float>{a});
  Launch::rows(a.channels, cost, BatchNormGradChannel<double>{a});
}

}  // namespace mosaic::kernels::MOSAIC_ISA
