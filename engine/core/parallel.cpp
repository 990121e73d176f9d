#include "engine/core/parallel.h"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>

#include "engine/core/error.h"
#include "engine/core/meter.h"

namespace mosaic {
namespace {
std::atomic<int> team{0};  // 0: OpenMP's own default
}

void set_threads(int threads) {
  check(threads >= 1 && threads <= 1024, "set_threads", "threads must lie in 1..1024, got ", threads);
  team = threads;
}

int threads() {
  return team > 0 ? team.load() : omp_get_max_threads();
}

void parallel_run(int64_t n, int64_t grain, void (*run)(void*, int64_t, int64_t), void* context) {
  if (n <= 0) return;
  const metering::KernelSpan span;
  grain = std::max<int64_t>(grain, 1);
  const int64_t pieces = std::min<int64_t>((n + grain - 1) / grain, threads());
  if (pieces <= 1 || omp_in_parallel()) return run(context, 0, n);
  std::exception_ptr failure;
  std::mutex guard;
#pragma omp parallel for num_threads(static_cast <int>(pieces)) schedule(static, 1)
  for (int64_t piece = 0; piece < pieces; ++piece) {
    try {
      run(context, n * piece / pieces, n * (piece + 1) / pieces);
    } catch (...) {
      const std::lock_guard lock(guard);
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace mosaic
