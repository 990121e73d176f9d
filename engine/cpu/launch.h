// CpuLaunch: how the CPU runs kernels. The launcher owns all index guards: functors are only ever called with
// valid indices. Compiled once per instruction set (see kernels/team.h).
#pragma once

#include "engine/core/dtype.h"
#include "engine/core/parallel.h"
#include "engine/kernels/team.h"

namespace mosaic::kernels::MOSAIC_ISA {

struct CpuLaunch {
  // Calls f(T{}) with the C++ type of a float dtype that kernels are compiled for: here half types are
  // computed in f32 by the ops (kernels::has_halves).
  template <class F>
  static void visit(DType dtype, const F& f) {
    dtype == DType::f64 ? f(double{}) : f(float{});
  }
  // f(begin, end) over contiguous pieces of [0, n): for element kernels whose inner loop should vectorise.
  // `cost` is roughly the nanoseconds an item takes; small work stays on the calling thread.
  template <class F>
  static void spans(int64_t n, double cost, const F& f) {
    parallel_for(n, grain(cost), [&f](int64_t begin, int64_t end) { f(begin, end); });
  }
  // f(i) for every i in [0, n).
  template <class F>
  static void each(int64_t n, double cost, const F& f) {
    spans(n, cost, [&f](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) f(i);
    });
  }
  // row(team, r) for every row r in [0, rows).
  template <class Row>
  static void rows(int64_t rows, double cost, const Row& row) {
    spans(rows, cost, [&row](int64_t begin, int64_t end) {
      HostTeam team;
      for (int64_t r = begin; r < end; ++r) row(team, r);
    });
  }

 private:
  // Starting a second thread costs about 5 microseconds, so a piece should be worth some 20.
  static int64_t grain(double cost) { return cost <= 0 ? 1 : static_cast<int64_t>(20000.0 / cost) + 1; }
};

}  // namespace mosaic::kernels::MOSAIC_ISA
