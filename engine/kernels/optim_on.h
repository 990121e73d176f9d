// Optimizer updates: element functors and their launch on any device.
#pragma once

#include "engine/kernels/math.h"
#include "engine/kernels/optim.h"

namespace mosaic::kernels::MOSAIC_ISA {

// The coefficients of one update, computed once in double.
template <class T>
struct AdamWSpan {
  T *weight, *m, *v;
  const T* grad;
  T scale, l2, keep, beta1, rest1, beta2, rest2, step, inverse_root, eps;

  AdamWSpan() = default;
  MOSAIC_HD explicit AdamWSpan(const AdamWArgs& a)
      : weight(static_cast<T*>(a.weight)),
        m(static_cast<T*>(a.m)),
        v(static_cast<T*>(a.v)),
        grad(static_cast<const T*>(a.grad)),
        scale(T(a.grad_scale)),
        l2(T(a.decoupled ? 0 : a.weight_decay)),
        keep(T(a.decoupled ? 1 - a.lr * a.weight_decay : 1)),
        beta1(T(a.beta1)),
        rest1(T(1 - a.beta1)),
        beta2(T(a.beta2)),
        rest2(T(1 - a.beta2)),
        step(T(a.lr / (1 - power(a.beta1, a.step)))),
        inverse_root(T(1 / sqrt(1 - power(a.beta2, a.step)))),
        eps(T(a.eps)) {}

  MOSAIC_HD void operator()(int64_t begin, int64_t end) const {
    if (grad == nullptr) {
#pragma GCC ivdep
      for (int64_t i = begin; i < end; ++i) update(i, T(0));
    } else {
#pragma GCC ivdep
      for (int64_t i = begin; i < end; ++i) update(i, grad[i] * scale);
    }
  }

 private:
  [[gnu::always_inline]] MOSAIC_HD void update(int64_t i, T g) const {
    const T w = weight[i];
    g = mul_add(l2, w, g);
    const T mean = mul_add(beta1, m[i], rest1 * g);
    const T square = mul_add(beta2, v[i], rest2 * (g * g));
    m[i] = mean;
    v[i] = square;
    weight[i] = mul_add(-step, mean / mul_add(sqrt(square), inverse_root, eps), keep * w);
  }

  // b^n by squaring; the same bits on every device.
  MOSAIC_HD static double power(double b, int64_t n) {
    double result = 1;
    for (; n > 0; n /= 2) {
      if (n % 2 == 1) result *= b;
      b *= b;
    }
    return result;
  }
};

// One update of gradient descent.
template <class T>
struct SGDSpan {
  T *weight, *v;
  const T* grad;
  T scale, decay, momentum, lr;
  bool nesterov;

  SGDSpan() = default;
  MOSAIC_HD explicit SGDSpan(const SGDArgs& a)
      : weight(static_cast<T*>(a.weight)),
        v(static_cast<T*>(a.v)),
        grad(static_cast<const T*>(a.grad)),
        scale(T(a.grad_scale)),
        decay(T(a.weight_decay)),
        momentum(T(a.momentum)),
        lr(T(a.lr)),
        nesterov(a.nesterov) {}

  MOSAIC_HD void operator()(int64_t begin, int64_t end) const {
    if (v == nullptr) {
#pragma GCC ivdep
      for (int64_t i = begin; i < end; ++i) {
        const T w = weight[i];
        weight[i] = mul_add(-lr, slope(i, w), w);
      }
      return;
    }
#pragma GCC ivdep
    for (int64_t i = begin; i < end; ++i) {
      const T w = weight[i], g = slope(i, w), velocity = mul_add(momentum, v[i], g);
      v[i] = velocity;
      weight[i] = mul_add(-lr, nesterov ? mul_add(momentum, velocity, g) : velocity, w);
    }
  }

 private:
  [[gnu::always_inline]] MOSAIC_HD T slope(int64_t i, T w) const {
    return mul_add(decay, w, grad == nullptr ? T(0) : scale * grad[i]);
  }
};

template <class Launch>
class OptimOn final : public Optim {
 public:
  void adamw(const AdamWArgs* updates, int64_t count) const override {
    for (int64_t i = 0; i < count; ++i) {
      const AdamWArgs& a = updates[i];
      if (a.dtype == DType::f32) {
        Launch::spans(a.n, 0.8, AdamWSpan<float>(a));
      } else {
        Launch::spans(a.n, 1.6, AdamWSpan<double>(a));
      }
    }
  }
  void sgd(const SGDArgs* updates, int64_t count) const override {
    for (int64_t i = 0; i < count; ++i) {
      const SGDArgs& a = updates[i];
      if (a.dtype == DType::f32) {
        Launch::spans(a.n, 0.5, SGDSpan<float>(a));
      } else {
        Launch::spans(a.n, 1, SGDSpan<double>(a));
      }
    }
  }
};

}  // namespace mosaic::kernels::MOSAIC_ISA
