// What kernels are written against, once for every device: rows are worked on by a Team, elements by
// launchers.
//
// Everything here and in the other kernel headers lives in a namespace that carries the instruction set, so
// the same code compiled for AVX2 and for the baseline never shares a symbol. Kernel code uses no inline
// function of the standard library for the same reason: the linker would merge the copies and run one on the
// wrong CPU.
#pragma once

#include <cstdint>

#ifdef __CUDACC__
#define MOSAIC_HD __host__ __device__
#else
#define MOSAIC_HD
#endif

#ifndef MOSAIC_ISA
#define MOSAIC_ISA baseline
#endif

namespace mosaic::kernels::MOSAIC_ISA {

// The type sums are carried in.
template <class T>
struct Accumulator {
  using type = float;
};
template <>
struct Accumulator<double> {
  using type = double;
};
template <class T>
using acc_t = typename Accumulator<T>::type;

// A Team works on one row: each(n, f) runs f(c) for every column, sum and max combine f(c) over the row in an
// order that depends on n only, once(f) runs f on one lane. What one call wrote, the next one may read.
//
// What a row program reads more than once it reads through the team: hold(x, n, k) gives a place that holds
// x[0, n), room(x, k) one to write what would else be written to and read back from x, common(x, k) that of a
// vector which all rows read. A GPU has shared memory for them when the program says what it keeps; a CPU's
// caches keep rows by themselves, and it is given x.

// What keeps() of a row program says: part k of hold and room is below `rows`, that of common below `common`,
// each of `bytes`. A program with common parts hands them out by each_common(f): f(k, x) for each of them.
struct Keeps {
  int64_t bytes = 0;
  int rows = 0, common = 0;
};

#if !defined(__CUDACC__)  // the teams of a GPU are in cuda/team.cuh
// HostTeam keeps 16 partial results, column c in partial c % 16, and combines them in a fixed tree: the
// compiler turns the partials into vector lanes without reordering anything (no -ffast-math). Columns are
// independent, which `ivdep` tells the compiler (f may write where it reads, at its own column only); `unroll
// 1` stops it from unrolling the lanes before it vectorises them, which made max twelve times slower.
// Inlining is forced, or captured pointers would be read again for every element.
struct HostTeam {
  static constexpr int lanes = 16;
  // Columns that are worth a walk of their own when a row is read several times: they stay in the first-level
  // cache.
  static constexpr int64_t walk = 2048;
  // Whether computing a value again is cheaper than reading it again.
  static constexpr bool memory_bound = false;

  template <class T>
  [[gnu::always_inline]] const T* hold(const T* x, int64_t /*n*/, int /*k*/ = 0) const {
    return x;
  }
  template <class T>
  [[gnu::always_inline]] T* room(T* x, int /*k*/ = 0) const {
    return x;
  }
  template <class T>
  [[gnu::always_inline]] const T* common(const T* x, int /*k*/ = 0) const {
    return x;
  }

  template <class F>
  [[gnu::always_inline]] void each(int64_t n, const F& f) const {
#pragma GCC ivdep
    for (int64_t c = 0; c < n; ++c) f(c);
  }
  template <class F>
  [[gnu::always_inline]] void once(const F& f) const {
    f();
  }
  template <class A, class F>
  [[gnu::always_inline]] A sum(int64_t n, const F& f) const {
    A partial[lanes];
    const typename Halves<A>::Eight
        zero{};  // not `= {}`: halves stored in pieces cannot be loaded whole at once
    __builtin_memcpy(partial, &zero, sizeof zero);
    __builtin_memcpy(partial + 8, &zero, sizeof zero);
    int64_t c = 0;
    for (; c + lanes <= n; c += lanes) {
#pragma GCC ivdep
#pragma GCC unroll 1
      for (int lane = 0; lane < lanes; ++lane) partial[lane] += f(c + lane);
    }
    for (int lane = 0; c < n; ++c, ++lane) partial[lane] += f(c);
    return tree_sum(partial);
  }
  // lowest: what an empty row gives.
  template <class A, class F>
  [[gnu::always_inline]] A max(int64_t n, A lowest, const F& f) const {
    A partial[lanes];
    for (int lane = 0; lane < lanes; ++lane) partial[lane] = lowest;
    int64_t c = 0;
    for (; c + lanes <= n; c += lanes) {
#pragma GCC ivdep
#pragma GCC unroll 1
      for (int lane = 0; lane < lanes; ++lane) {
        const A value = f(c + lane), best = partial[lane];
        partial[lane] = value > best ? value : best;
      }
    }
    for (int lane = 0; c < n; ++c, ++lane) {
      const A value = f(c);
      partial[lane] = value > partial[lane] ? value : partial[lane];
    }
    return tree_max(partial);
  }

 private:
  // The tree, lane with lane + 8, then + 4, + 2, + 1, in vectors. Written twice because
  // functions that pass vectors have no stable calling convention below AVX.
  template <class A>
  struct Halves {
    typedef A Eight __attribute__((vector_size(8 * sizeof(A))));
    Eight low, high;
    explicit Halves(const A* partial) {
      __builtin_memcpy(&low, partial, sizeof low);
      __builtin_memcpy(&high, partial + 8, sizeof high);
    }
  };
  template <class A>
  [[gnu::always_inline]] static A tree_sum(const A* partial) {
    const Halves<A> halves(partial);
    const auto eight = halves.low + halves.high;
    const auto four =
        __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
    const auto two = four + __builtin_shufflevector(four, four, 2, 3, 2, 3);
    return two[0] + two[1];
  }
  template <class A>
  [[gnu::always_inline]] static A tree_max(const A* partial) {
    const Halves<A> halves(partial);
    const auto eight = halves.high > halves.low ? halves.high : halves.low;
    const auto a = __builtin_shufflevector(eight, eight, 0, 1, 2, 3),
               b = __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
    const auto four = b > a ? b : a;
    const auto far = __builtin_shufflevector(four, four, 2, 3, 2, 3);
    const auto two = far > four ? far : four;
    return two[1] > two[0] ? two[1] : two[0];
  }
};
#endif

}  // namespace mosaic::kernels::MOSAIC_ISA
