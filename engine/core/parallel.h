// The one door to CPU threads: fixed chunks, so results do not depend on how many threads there are.
#pragma once

#include <cstdint>
#include <type_traits>

namespace mosaic {

// Threads used from now on by every parallel loop of the process (>= 1; ArgumentError otherwise). The default
// is OMP_NUM_THREADS or the number of cores.
void set_threads(int threads);
int threads();

// Calls run(context, begin, end) over [0, n) in pieces of at least `grain`; pieces may run at once and in any
// order, so they must not touch the same memory. Loops inside a piece run serially (no nested teams).
// Exceptions thrown by a piece are rethrown in the caller.
void parallel_run(int64_t n, int64_t grain, void (*run)(void*, int64_t, int64_t), void* context);

// parallel_run for a callable f(begin, end).
template <class F>
void parallel_for(int64_t n, int64_t grain, F&& f) {
  using Body = F;
  parallel_run(
      n, grain,
      [](void* context, int64_t begin, int64_t end) {
        (*static_cast<std::remove_reference_t<Body>*>(context))(begin, end);
      },
      const_cast<void*>(static_cast<const void*>(&f)));
}

}  // namespace mosaic
