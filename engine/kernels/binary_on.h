// Functions of two operands: operator() is the function, back(a, b, dy) both derivatives times dy. Those of
// add and sub are dy itself.
#pragma once

#include "engine/kernels/binary.h"
#include "engine/kernels/columns_on.h"
#include "engine/kernels/loop_on.h"
#include "engine/kernels/math.h"

namespace mosaic::kernels::MOSAIC_ISA {

template <class T>
struct Gradients {
  T first, second;
};

struct Add {
  template <class T>
  MOSAIC_HD T operator()(T a, T b) const {
    return a + b;
  }
};
struct Sub {
  template <class T>
  MOSAIC_HD T operator()(T a, T b) const {
    return a - b;
  }
};
struct Mul {
  template <class T>
  MOSAIC_HD T operator()(T a, T b) const {
    return a * b;
  }
  template <class T>
  MOSAIC_HD Gradients<T> back(T a, T b, T dy) const {
    return {dy * b, dy * a};
  }
};
struct Div {
  template <class T>
  MOSAIC_HD T operator()(T a, T b) const {
    return a / b;
  }
  template <class T>
  MOSAIC_HD Gradients<T> back(T a, T b, T dy) const {
    const T da = dy / b;
    return {da, -da * (a / b)};
  }
};
// All of dy goes to the larger, half to each of equal ones.
struct Maximum {
  template <class T>
  MOSAIC_HD T operator()(T a, T b) const {
    return larger(a, b);
  }
  template <class T>
  MOSAIC_HD Gradients<T> back(T a, T b, T dy) const {
    const T half = a == b ? T(0.5) * dy : T(0);
    return {a > b ? dy : half, b > a ? dy : half};
  }
};
struct Minimum {
  template <class T>
  MOSAIC_HD T operator()(T a, T b) const {
    return smaller(a, b);
  }
  template <class T>
  MOSAIC_HD Gradients<T> back(T a, T b, T dy) const {
    const T half = a == b ? T(0.5) * dy : T(0);
    return {a < b ? dy : half, b < a ? dy : half};
  }
};

// The derivatives with the operands in the other order.
template <class F>
struct Swapped {
  F f;
  template <class T>
  MOSAIC_HD Gradients<T> back(T b, T a, T dy) const {
    const Gradients<T> d = f.back(a, b, dy);
    return {d.second, d.first};
  }
};

// Call f(function).
template <class F>
void visit_binary_back(BinaryOp op, const F& f) {
  switch (op) {
    case BinaryOp::add:
    case BinaryOp::sub:
      return;  // their gradients need neither operand
    case BinaryOp::mul:
      return f(Mul{});
    case BinaryOp::div:
      return f(Div{});
    case BinaryOp::maximum:
      return f(Maximum{});
    case BinaryOp::minimum:
      return f(Minimum{});
  }
}
template <class F>
void visit_binary(BinaryOp op, const F& f) {
  if (op == BinaryOp::add) return f(Add{});
  if (op == BinaryOp::sub) return f(Sub{});
  visit_binary_back(op, f);
}
// With the repeated operand as the second; all but div are symmetric.
template <class F>
void visit_binary_sum(BinaryOp op, bool repeats_first, const F& f) {
  if (op == BinaryOp::div && repeats_first) return f(Swapped<Div>{});
  visit_binary_back(op, f);
}

// A row {n} of {outer, n}.
template <class T, class F>
struct BinarySumRow {
  BinarySumArgs a;
  F f;
  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t r) const {
    using A = acc_t<T>;
    const F g = f;
    const int64_t n = a.loop.sizes[1];
    const T* other = static_cast<const T*>(a.other) + r * a.loop.strides[0][0];
    const T* dy = static_cast<const T*>(a.dy) + r * a.loop.strides[1][0];
    T* dother = a.dother ? static_cast<T*>(a.dother) + r * a.loop.strides[2][0] : nullptr;
    const A fixed = a.repeated ? A(static_cast<const T*>(a.repeated)[r]) : A(0);
    A sum;
    if (dother == nullptr) {
      sum = team.template sum<A>(n, [=](int64_t c) { return g.back(A(other[c]), fixed, A(dy[c])).second; });
    } else if (a.add_dother) {
      sum = team.template sum<A>(n, [=](int64_t c) {
        const Gradients<A> d = g.back(A(other[c]), fixed, A(dy[c]));
        dother[c] = T(A(dother[c]) + d.first);
        return d.second;
      });
    } else {
      sum = team.template sum<A>(n, [=](int64_t c) {
        const Gradients<A> d = g.back(A(other[c]), fixed, A(dy[c]));
        dother[c] = T(d.first);
        return d.second;
      });
    }
    team.once([&] { static_cast<T*>(a.sum)[r] = T(sum); });
  }
};

// The columns [first, first + wide) of {n, cols} at o.
template <class T, class F>
void binary_sum_columns(const BinarySumArgs& a, const F& f, int64_t o, int64_t first, int64_t wide) {
  const auto at = [&](int operand, int64_t r) {
    const int64_t* strides = a.loop.strides[operand];
    return o * strides[0] + r * strides[1] + first * strides[2];
  };
  const int64_t place = o * a.loop.sizes[2] + first;
  const T* repeated = a.repeated ? static_cast<const T*>(a.repeated) + place : nullptr;
  T total[widest_columns], other_buffer[widest_columns], dy_buffer[widest_columns];
  sum_in_chunks(a.loop.sizes[1], wide, total, [&](int64_t r, T* part) {
    const T* other =
        dense_run(static_cast<const T*>(a.other) + at(0, r), a.loop.strides[0][2], wide, other_buffer);
    const T* dy = dense_run(static_cast<const T*>(a.dy) + at(1, r), a.loop.strides[1][2], wide, dy_buffer);
    const T* fixed = repeated ? repeated : dy;
    for (int64_t c = 0; c < wide; ++c) part[c] += f.back(other[c], fixed[c], dy[c]).second;
    if (a.dother == nullptr) return;
    write_run(static_cast<T*>(a.dother) + at(2, r), a.loop.strides[2][2], wide, a.add_dother,
              [=](int64_t c) { return f.back(other[c], fixed[c], dy[c]).first; });
  });
  T* sum = static_cast<T*>(a.sum) + place;
  for (int64_t c = 0; c < wide; ++c) sum[c] = total[c];
}

template <class Launch>
void run_binary(const BinaryArgs& a) {
  Launch::visit(a.dtype, [&]<class T>(T) {
    visit_binary(a.op,
                 [&](auto f) { map_run<Launch, T, T, T>(a.loop, 0.4, a.a, a.b, a.y, a.accumulate, f); });
  });
}

template <class Launch>
void run_binary_back(const BinaryBackArgs& a) {
  Launch::visit(a.dtype, [&]<class T>(T) {
    visit_binary_back(a.op, [&](auto f) {
      const auto stride = [&](int operand) { return a.loop.strides[operand][a.loop.rank - 1]; };
      for_each_run<Launch>(a.loop, 0.8, [&](const int64_t* at, int64_t n) {
        T x_buffer[run_length], z_buffer[run_length], dy_buffer[run_length];
        const T* dy = dense_run(static_cast<const T*>(a.dy) + at[2], stride(2), n, dy_buffer);
        const T* x = a.a ? dense_run(static_cast<const T*>(a.a) + at[0], stride(0), n, x_buffer) : dy;
        const T* z = a.b ? dense_run(static_cast<const T*>(a.b) + at[1], stride(1), n, z_buffer) : dy;
        if (a.da) {
          write_run(static_cast<T*>(a.da) + at[3], stride(3), n, a.add_da,
                    [=](int64_t i) { return f.back(x[i], z[i], dy[i]).first; });
        }
        if (a.db) {
          write_run(static_cast<T*>(a.db) + at[4], stride(4), n, a.add_db,
                    [=](int64_t i) { return f.back(x[i], z[i], dy[i]).second; });
        }
      });
    });
  });
}

template <class Launch>
void run_binary_sum(const BinarySumArgs& a) {
  const int64_t outer = a.loop.sizes[0], n = a.loop.sizes[1], cols = a.loop.sizes[2];
  Launch::visit(a.dtype, [&]<class T>(T) {
    visit_binary_sum(a.op, a.repeats_first, [&]<class F>(F f) {
      if (cols == 1) return Launch::rows(outer, 3 + 0.4 * static_cast<double>(n), BinarySumRow<T, F>{a, f});
      for_each_columns<Launch>(outer, n, cols, 0.4, [&](int64_t o, int64_t first, int64_t wide) {
        binary_sum_columns<T>(a, f, o, first, wide);
      });
    });
  });
}

}  // namespace mosaic::kernels::MOSAIC_ISA
