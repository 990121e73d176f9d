// Running a Loop: the index space is cut into contiguous runs along the innermost axis. Functors see runs.
#pragma once

#include "engine/kernels/loop.h"
#include "engine/kernels/team.h"

namespace mosaic::kernels::MOSAIC_ISA {

// Longest run. Strided and broadcast operands are brought into buffers of this length, which stay in the
// first-level cache; so every inner loop is over dense memory and vectorises.
inline constexpr int64_t run_length = 1024;

// Calls f(at, n) for every run: at[k] is the offset of operand k's first element. `cost` in ns per element.
template <class Launch, int Operands, class F>
void for_each_run(const Loop<Operands>& loop, double cost, const F& f) {
  const int last = loop.rank - 1;
  const int64_t inner = loop.sizes[last], blocks = (inner + run_length - 1) / run_length;
  int64_t units = blocks;
  for (int axis = 0; axis < last; ++axis) units *= loop.sizes[axis];
  const double unit_cost = cost * static_cast<double>(inner < run_length ? inner : run_length) + 2;
  Launch::spans(units, unit_cost, [&](int64_t begin, int64_t end) {
    int64_t index[6] = {}, row_at[Operands] = {}, at[Operands];
    int64_t block = begin % blocks;
    for (int64_t row = begin / blocks, axis = last - 1; axis >= 0; --axis) {
      index[axis] = row % loop.sizes[axis];
      row /= loop.sizes[axis];
      for (int k = 0; k < Operands; ++k) row_at[k] += index[axis] * loop.strides[k][axis];
    }
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t first = block * run_length, left = inner - first;
      for (int k = 0; k < Operands; ++k) at[k] = row_at[k] + first * loop.strides[k][last];
      f(at, left < run_length ? left : run_length);
      if (++block < blocks) continue;
      block = 0;
      for (int axis = last - 1; axis >= 0; --axis) {
        for (int k = 0; k < Operands; ++k) row_at[k] += loop.strides[k][axis];
        if (++index[axis] < loop.sizes[axis]) break;
        for (int k = 0; k < Operands; ++k) row_at[k] -= loop.sizes[axis] * loop.strides[k][axis];
        index[axis] = 0;
      }
    }
  });
}

// A run as dense memory: in place when it is, else copied into `buffer`.
template <class T>
const T* dense_run(const T* from, int64_t stride, int64_t n, T* buffer) {
  if (stride == 1 || n == 1) return from;
  if (stride == 0) {
    const T value = *from;
    for (int64_t i = 0; i < n; ++i) buffer[i] = value;
    return buffer;
  }
  for (int64_t i = 0; i < n; ++i) buffer[i] = from[i * stride];
  return buffer;
}

// Writes (or adds) f(i) for i in [0, n) to a run of any stride. f may read `to` at i: in-place ops do.
template <class T, class F>
void write_run(T* to, int64_t stride, int64_t n, bool accumulate, const F& f) {
  T buffer[run_length];
  const bool dense = stride == 1 || n == 1;
  T* y = dense ? to : buffer;
  if (accumulate) {
    if (!dense) dense_run(to, stride, n, buffer);
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = static_cast<T>(y[i] + f(i));
  } else {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = f(i);
  }
  if (dense) return;
  for (int64_t i = 0; i < n; ++i) to[i * stride] = buffer[i];
}

// to = f(a), f(a, b) or f(a, b, c) element by element; operands in this order in the loop, the result last.
template <class Launch, class A, class T, class F>
void map_run(const Loop<2>& loop, double cost, const void* a, void* to, bool accumulate, const F& f) {
  const int last = loop.rank - 1;
  for_each_run<Launch>(loop, cost, [&](const int64_t* at, int64_t n) {
    A buffer[run_length];
    const A* x = dense_run(static_cast<const A*>(a) + at[0], loop.strides[0][last], n, buffer);
    write_run(static_cast<T*>(to) + at[1], loop.strides[1][last], n, accumulate,
              [x, f](int64_t i) { return f(x[i]); });
  });
}
template <class Launch, class A, class B, class T, class F>
void map_run(const Loop<3>& loop, double cost, const void* a, const void* b, void* to, bool accumulate,
             const F& f) {
  const int last = loop.rank - 1;
  for_each_run<Launch>(loop, cost, [&](const int64_t* at, int64_t n) {
    A buffer_a[run_length];
    B buffer_b[run_length];
    const A* x = dense_run(static_cast<const A*>(a) + at[0], loop.strides[0][last], n, buffer_a);
    const B* y = dense_run(static_cast<const B*>(b) + at[1], loop.strides[1][last], n, buffer_b);
    write_run(static_cast<T*>(to) + at[2], loop.strides[2][last], n, accumulate,
              [x, y, f](int64_t i) { return f(x[i], y[i]); });
  });
}
template <class Launch, class A, class B, class C, class T, class F>
void map_run(const Loop<4>& loop, double cost, const void* a, const void* b, const void* c, void* to,
             bool accumulate, const F& f) {
  const int last = loop.rank - 1;
  for_each_run<Launch>(loop, cost, [&](const int64_t* at, int64_t n) {
    A buffer_a[run_length];
    B buffer_b[run_length];
    C buffer_c[run_length];
    const A* x = dense_run(static_cast<const A*>(a) + at[0], loop.strides[0][last], n, buffer_a);
    const B* y = dense_run(static_cast<const B*>(b) + at[1], loop.strides[1][last], n, buffer_b);
    const C* z = dense_run(static_cast<const C*>(c) + at[2], loop.strides[2][last], n, buffer_c);
    write_run(static_cast<T*>(to) + at[3], loop.strides[3][last], n, accumulate,
              [x, y, z, f](int64_t i) { return f(x[i], y[i], z[i]); });
  });
}

}  // namespace mosaic::kernels::MOSAIC_ISA
