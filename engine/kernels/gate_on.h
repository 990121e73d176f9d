// Row programs of the gated linear units. A gate gives its value and slope together: both halves of the
// derivative need the same exponential.
#pragma once

#include "engine/kernels/activations.h"
#include "engine/kernels/gate.h"

namespace mosaic::kernels::MOSAIC_ISA {

template <class T>
struct GateValue {
  T value, slope;
};

struct SigmoidGate {
  template <class T>
  [[gnu::always_inline]] MOSAIC_HD static GateValue<T> at(T x) {
    const T s = sigmoid(x);
    return {s, s * (T(1) - s)};
  }
};
struct ReluGate {
  template <class T>
  [[gnu::always_inline]] MOSAIC_HD static GateValue<T> at(T x) {
    return {larger(x, T(0)), x > T(0) ? T(1) : T(0)};
  }
};
struct GeluGate {
  template <class T>
  [[gnu::always_inline]] MOSAIC_HD static GateValue<T> at(T x) {
    return {gelu(x), gelu_derivative(x)};
  }
};
struct GeluTanhGate {
  template <class T>
  [[gnu::always_inline]] MOSAIC_HD static GateValue<T> at(T x) {
    return {GeluTanh<T>{}(x), GeluTanh<T>{}.back(x, T(1))};
  }
};
struct SiluGate {
  template <class T>
  [[gnu::always_inline]] MOSAIC_HD static GateValue<T> at(T x) {
    const T s = sigmoid(x);
    return {x * s, s * mul_add(x, T(1) - s, T(1))};
  }
};

template <class T, class G>
struct GateRow {
  GateArgs a;
  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t row) const {
    using A = acc_t<T>;
    const T *value = static_cast<const T*>(a.x) + row * a.x_stride, *gate = value + a.n;
    T* y = static_cast<T*>(a.y) + row * a.n;
    team.each(a.n, [=](int64_t c) { y[c] = T(A(value[c]) * G::at(A(gate[c])).value); });
  }
};

template <class T, class G>
struct GateBackRow {
  GateBackArgs a;
  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t row) const {
    using A = acc_t<T>;
    const T *value = static_cast<const T*>(a.x) + row * a.x_stride, *gate = value + a.n;
    const T* dy = static_cast<const T*>(a.dy) + row * a.dy_stride;
    T *dvalue = static_cast<T*>(a.dx) + row * a.dx_stride, *dgate = dvalue + a.n;
    if (a.accumulate) {
      team.each(a.n, [=](int64_t c) {
        const GateValue<A> f = G::at(A(gate[c]));
        const A d = A(dy[c]), slope = d * A(value[c]) * f.slope;
        dvalue[c] = T(mul_add(d, f.value, A(dvalue[c])));
        dgate[c] = T(A(dgate[c]) + slope);
      });
    } else {  // what adding to zeros gives: no negative zeros
      team.each(a.n, [=](int64_t c) {
        const GateValue<A> f = G::at(A(gate[c]));
        const A d = A(dy[c]), slope = d * A(value[c]) * f.slope;
        dvalue[c] = T(mul_add(d, f.value, A(0)));
        dgate[c] = T(slope + A(0));
      });
    }
  }
};

// Calls f(gate functor).
template <class F>
void visit_gate(Gate gate, const F& f) {
  switch (gate) {
    case Gate::sigmoid:
      return f(SigmoidGate{});
    case Gate::relu:
      return f(ReluGate{});
    case Gate::gelu:
      return f(GeluGate{});
    case Gate::gelu_tanh:
      return f(GeluTanhGate{});
    case Gate::silu:
      return f(SiluGate{});
  }
}

template <class Launch>
void run_gate(const GateArgs& a) {
  visit_gate(a.gate, [&]<class G>(G) {
    const double cost = 5 + 1.2 * static_cast<double>(a.n);
    Launch::visit(a.dtype, [&]<class T>(T) {
      Launch::rows(a.rows, sizeof(T) == 8 ? 4 * cost : cost, GateRow<T, G>{a});
    });
  });
}
template <class Launch>
void run_gate_back(const GateBackArgs& a) {
  visit_gate(a.gate, [&]<class G>(G) {
    const double cost = 5 + 2 * static_cast<double>(a.n);
    Launch::visit(a.dtype, [&]<class T>(T) {
      Launch::rows(a.rows, sizeof(T) == 8 ? 4 * cost : cost, GateBackRow<T, G>{a});
    });
  });
}

}  // namespace mosaic::kernels::MOSAIC_ISA
