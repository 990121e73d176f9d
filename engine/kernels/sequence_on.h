// Row programs of rotary positions and recurrent cells, and their launch on any device.
#pragma once

#include "engine/kernels/math.h"
#include "engine/kernels/sequence.h"
#include "engine/kernels/team.h"

namespace mosaic::kernels::MOSAIC_ISA {

template <class T, bool Accumulate>
struct RotaryRow {
  RotaryArgs a;
  MOSAIC_HD Keeps keeps() const { return {.bytes = a.pairs * static_cast<int64_t>(sizeof(T)), .rows = 2}; }

  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t row) const {
    const int64_t position = row % a.positions;
    const T* cosines = team.hold(static_cast<const T*>(a.cosines) + position * a.cosine_stride, a.pairs, 0);
    const T* sines = team.hold(static_cast<const T*>(a.sines) + position * a.sine_stride, a.pairs, 1);
    const T direction = a.back ? T(-1) : T(1);
    for (int64_t head = 0; head < a.heads; ++head) {
      const T* x = static_cast<const T*>(a.x) + row * a.x_stride + head * a.width;
      T* y = static_cast<T*>(a.y) + row * a.y_stride + head * a.width;
      if (!a.interleaved) {
        turn<1>(team, x, y, a.pairs, cosines, sines, direction);
      } else if (begins_pair(x) && begins_pair(y)) {
        turn_pairs(team, reinterpret_cast<const Pair*>(x), reinterpret_cast<Pair*>(y), cosines, sines,
                   direction);
      } else {
        turn<2>(team, x, y, 1, cosines, sines, direction);
      }
      const int64_t turned = 2 * a.pairs;
      team.each(a.width - turned, [&](int64_t c) { put(y[turned + c], x[turned + c]); });
    }
  }

 private:
  // Two neighbouring channels, as one access to memory.
  struct alignas(2 * sizeof(T)) Pair {
    T first, second;
  };
  MOSAIC_HD static bool begins_pair(const T* x) { return reinterpret_cast<uintptr_t>(x) % sizeof(Pair) == 0; }
  template <class Team>
  [[gnu::always_inline]] MOSAIC_HD void turn_pairs(const Team& team, const Pair* x, Pair* y, const T* cosines,
                                                   const T* sines, T direction) const {
    team.each(a.pairs, [&](int64_t i) {
      const Pair in = x[i];
      const T c = cosines[i], s = direction * sines[i];
      Pair out = Accumulate ? y[i] : Pair{};
      put(out.first, mul_add(in.first, c, -(in.second * s)));
      put(out.second, mul_add(in.second, c, in.first * s));
      y[i] = out;
    });
  }
  // Pair i: channels Step * i and `apart` further.
  template <int Step, class Team>
  [[gnu::always_inline]] MOSAIC_HD void turn(const Team& team, const T* x, T* y, int64_t apart,
                                             const T* cosines, const T* sines, T direction) const {
    team.each(a.pairs, [&](int64_t i) {
      const T first = x[Step * i], second = x[Step * i + apart];
      const T c = cosines[i], s = direction * sines[i];
      put(y[Step * i], mul_add(first, c, -(second * s)));
      put(y[Step * i + apart], mul_add(second, c, first * s));
    });
  }
  MOSAIC_HD static void put(T& to, T value) { to = Accumulate ? to + value : value; }
};

// to[c] = value(c), or added to it.
template <class T, class Team, class F>
[[gnu::always_inline]] MOSAIC_HD inline void put_row(const Team& team, int64_t n, T* to, bool add,
                                                     const F& value) {
  if (add) {
    team.each(n, [&](int64_t c) { to[c] += value(c); });
  } else {
    team.each(n, [&](int64_t c) { to[c] = value(c); });
  }
}

MOSAIC_HD inline bool lives(const CellShape& shape, int64_t row) {
  return shape.mask == nullptr || shape.mask[row * shape.mask_stride] != 0;
}

template <class T>
struct LstmRow {
  LstmArgs a;
  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t row) const {
    const int64_t n = a.shape.width;
    const T* x = static_cast<const T*>(a.input) + row * a.input_stride;
    const T* u = static_cast<const T*>(a.recurrent) + row * a.recurrent_stride;
    const T* state = static_cast<const T*>(a.state) + row * a.state_stride;
    T* next = static_cast<T*>(a.next) + row * 2 * n;
    if (!lives(a.shape, row)) return team.each(2 * n, [&](int64_t c) { next[c] = state[c]; });
    if (a.gates == nullptr) {
      return step(team, x, u, state, next, [](int64_t, T, T, T, T) {});
    }
    T* kept = static_cast<T*>(a.gates) + row * 4 * n;
    step(team, x, u, state, next, [=](int64_t c, T i, T f, T g, T o) {
      kept[c] = i;
      kept[n + c] = f;
      kept[2 * n + c] = g;
      kept[3 * n + c] = o;
    });
  }

 private:
  template <class Team, class Keep>
  [[gnu::always_inline]] MOSAIC_HD void step(const Team& team, const T* x, const T* u, const T* state,
                                             T* next, const Keep& keep) const {
    const int64_t n = a.shape.width;
    team.each(n, [&](int64_t c) {
      const T i = sigmoid(x[c] + u[c]), f = sigmoid(x[n + c] + u[n + c]);
      const T g = tanh(x[2 * n + c] + u[2 * n + c]), o = sigmoid(x[3 * n + c] + u[3 * n + c]);
      const T memory = mul_add(f, state[n + c], i * g);
      next[c] = o * tanh(memory);
      next[n + c] = memory;
      keep(c, i, f, g, o);
    });
  }
};

// With t = tanh(c'): dc = dc' + dh' o (1 - t^2), and the gates' shares through their nonlinearities.
template <class T>
struct LstmGradRow {
  LstmGradArgs a;
  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t row) const {
    const int64_t n = a.shape.width;
    const T* gates = static_cast<const T*>(a.gates) + row * 4 * n;
    const T* state = static_cast<const T*>(a.state) + row * a.state_stride;
    const T* memory = static_cast<const T*>(a.next) + row * 2 * n + n;
    const T* dh = static_cast<const T*>(a.dnext) + row * a.dnext_stride;
    T* dgates = static_cast<T*>(a.dgates) + row * 4 * n;
    T* dstate = a.dstate ? static_cast<T*>(a.dstate) + row * a.dstate_stride : nullptr;
    if (!lives(a.shape, row)) {
      team.each(4 * n, [&](int64_t c) { dgates[c] = T(0); });
      if (dstate) put_row(team, 2 * n, dstate, a.dstate_add, [=](int64_t c) { return dh[c]; });
      return;
    }
    const auto dmemory = [=](int64_t c) {
      const T t = tanh(memory[c]);
      return mul_add(dh[c] * gates[3 * n + c], mul_add(-t, t, T(1)), dh[n + c]);
    };
    team.each(n, [&](int64_t c) {
      const T i = gates[c], f = gates[n + c], g = gates[2 * n + c], o = gates[3 * n + c];
      const T dc = dmemory(c);
      dgates[c] = dc * g * i * (T(1) - i);
      dgates[n + c] = dc * state[n + c] * f * (T(1) - f);
      dgates[2 * n + c] = dc * i * mul_add(-g, g, T(1));
      dgates[3 * n + c] = dh[c] * tanh(memory[c]) * o * (T(1) - o);
    });
    if (dstate == nullptr) return;
    if (!a.dstate_add) team.each(n, [&](int64_t c) { dstate[c] = T(0); });  // h acts through recurrent only
    put_row(team, n, dstate + n, a.dstate_add, [=](int64_t c) { return dmemory(c) * gates[n + c]; });
  }
};

template <class T>
struct GruRow {
  GruArgs a;
  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t row) const {
    const int64_t n = a.shape.width;
    const T* x = static_cast<const T*>(a.input) + row * a.input_stride;
    const T* u = static_cast<const T*>(a.recurrent) + row * a.recurrent_stride;
    const T* state = static_cast<const T*>(a.state) + row * a.state_stride;
    T* next = static_cast<T*>(a.next) + row * n;
    if (!lives(a.shape, row)) return team.each(n, [&](int64_t c) { next[c] = state[c]; });
    if (a.gates == nullptr) {
      return step(team, x, u, state, next, [](int64_t, T, T, T) {});
    }
    T* kept = static_cast<T*>(a.gates) + row * 3 * n;
    step(team, x, u, state, next, [=](int64_t c, T r, T z, T fresh) {
      kept[c] = r;
      kept[n + c] = z;
      kept[2 * n + c] = fresh;
    });
  }

 private:
  template <class Team, class Keep>
  [[gnu::always_inline]] MOSAIC_HD void step(const Team& team, const T* x, const T* u, const T* state,
                                             T* next, const Keep& keep) const {
    const int64_t n = a.shape.width;
    team.each(n, [&](int64_t c) {
      const T r = sigmoid(x[c] + u[c]), z = sigmoid(x[n + c] + u[n + c]);
      const T fresh = tanh(mul_add(r, u[2 * n + c], x[2 * n + c]));
      next[c] = mul_add(z, state[c] - fresh, fresh);
      keep(c, r, z, fresh);
    });
  }
};

template <class T>
struct GruGradRow {
  GruGradArgs a;
  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t row) const {
    const int64_t n = a.shape.width;
    const T* gates = static_cast<const T*>(a.gates) + row * 3 * n;
    const T* u = static_cast<const T*>(a.recurrent) + row * a.recurrent_stride;
    const T* state = static_cast<const T*>(a.state) + row * a.state_stride;
    const T* dh = static_cast<const T*>(a.dnext) + row * a.dnext_stride;
    T* dx = static_cast<T*>(a.dinput) + row * 3 * n;
    T* du = static_cast<T*>(a.drecurrent) + row * 3 * n;
    T* dstate = a.dstate ? static_cast<T*>(a.dstate) + row * a.dstate_stride : nullptr;
    if (!lives(a.shape, row)) {
      team.each(3 * n, [&](int64_t c) {
        dx[c] = T(0);
        du[c] = T(0);
      });
      if (dstate) put_row(team, n, dstate, a.dstate_add, [=](int64_t c) { return dh[c]; });
      return;
    }
    team.each(n, [&](int64_t c) {
      const T r = gates[c], z = gates[n + c], fresh = gates[2 * n + c];
      const T dfresh = dh[c] * (T(1) - z) * mul_add(-fresh, fresh, T(1));
      const T dr = dfresh * u[2 * n + c] * r * (T(1) - r);
      const T dz = dh[c] * (state[c] - fresh) * z * (T(1) - z);
      dx[c] = dr;
      du[c] = dr;
      dx[n + c] = dz;
      du[n + c] = dz;
      dx[2 * n + c] = dfresh;
      du[2 * n + c] = dfresh * r;
    });
    if (dstate) put_row(team, n, dstate, a.dstate_add, [=](int64_t c) { return dh[c] * gates[n + c]; });
  }
};

template <class Launch>
class SequenceOn final : public Sequence {
 public:
  void rotary(const RotaryArgs& a) const override {
    if (a.dtype == DType::f32) return turn<float>(a);
    turn<double>(a);
  }
  void lstm(const LstmArgs& a) const override { run<LstmRow>(a, 8); }
  void lstm_grad(const LstmGradArgs& a) const override { run<LstmGradRow>(a, 8); }
  void gru(const GruArgs& a) const override { run<GruRow>(a, 6); }
  void gru_grad(const GruGradArgs& a) const override { run<GruGradRow>(a, 4); }

 private:
  template <class T>
  static void turn(const RotaryArgs& a) {
    const double cost = 0.5 * static_cast<double>(a.heads * a.width) + 5;
    if (a.accumulate) return Launch::rows(a.rows, cost, RotaryRow<T, true>{a});
    Launch::rows(a.rows, cost, RotaryRow<T, false>{a});
  }
  // cost: nanoseconds a channel of the state takes in f32.
  template <template <class> class Row, class Args>
  static void run(const Args& a, double cost) {
    cost = cost * static_cast<double>(a.shape.width) + 10;
    if (a.shape.dtype == DType::f32) return Launch::rows(a.shape.rows, cost, Row<float>{a});
    Launch::rows(a.shape.rows, 5 * cost, Row<double>{a});
  }
};

}  // namespace mosaic::kernels::MOSAIC_ISA
