#include "apps/common/roof.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <memory>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/parallel.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mosaic::apps {
namespace {

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// body(thread) on every thread at once; the processor time of the one that needs most. While others compute,
// the clock on the wall would tell of them.
template <class Body>
double seconds_of(const Body& body) {
  std::vector<double> own(static_cast<size_t>(threads()));
  parallel_for(threads(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const double from = thread_seconds();
      body(i);
      own[static_cast<size_t>(i)] = thread_seconds() - from;
    }
  });
  return *std::max_element(own.begin(), own.end());
}

// Loops of `steps` rounds over chains that do not depend on one another: enough of them to keep every unit
// busy for the time a result takes, few enough to stay in registers. Each returns its operations a round. The
// empty asm statements keep the compiler from knowing the values and from leaving out what nobody reads.
using Loop = double (*)(int64_t steps);

#if defined(__x86_64__)

__attribute__((target("avx2,fma"))) double avx2_loop(int64_t steps) {
  __m256 sums[10], x = _mm256_set1_ps(1), y = _mm256_set1_ps(1e-20F);
  for (__m256& sum : sums) sum = _mm256_setzero_ps();
  for (__m256& sum : sums) asm volatile("" : "+x"(sum));
  asm volatile("" : "+x"(x), "+x"(y));
  for (int64_t i = 0; i < steps; ++i) {
#pragma GCC unroll 10
    for (__m256& sum : sums) sum = _mm256_fmadd_ps(sum, x, y);
    asm volatile("");
  }
  for (const __m256& sum : sums) asm volatile("" : : "x"(sum));
  return 10 * 8 * 2;
}

__attribute__((target("avx512f"))) double avx512_loop(int64_t steps) {
  __m512 sums[16], x = _mm512_set1_ps(1), y = _mm512_set1_ps(1e-20F);
  for (__m512& sum : sums) sum = _mm512_setzero_ps();
  for (__m512& sum : sums) asm volatile("" : "+v"(sum));
  asm volatile("" : "+v"(x), "+v"(y));
  for (int64_t i = 0; i < steps; ++i) {
#pragma GCC unroll 16
    for (__m512& sum : sums) sum = _mm512_fmadd_ps(sum, x, y);
    asm volatile("");
  }
  for (const __m512& sum : sums) asm volatile("" : : "v"(sum));
  return 16 * 16 * 2;
}

// Six chains of products and six of sums fill the sixteen registers.
double baseline_loop(int64_t steps) {
  __m128 products[6], sums[6], x = _mm_set1_ps(1), y = _mm_set1_ps(1e-20F);
  for (__m128& product : products) product = _mm_set1_ps(1);
  for (__m128& sum : sums) sum = _mm_setzero_ps();
  for (__m128& product : products) asm volatile("" : "+x"(product));
  for (__m128& sum : sums) asm volatile("" : "+x"(sum));
  asm volatile("" : "+x"(x), "+x"(y));
  for (int64_t i = 0; i < steps; ++i) {
#pragma GCC unroll 6
    for (int j = 0; j < 6; ++j) {
      products[j] = _mm_mul_ps(products[j], x);
      sums[j] = _mm_add_ps(sums[j], y);
    }
    asm volatile("");
  }
  for (const __m128& product : products) asm volatile("" : : "x"(product));
  for (const __m128& sum : sums) asm volatile("" : : "x"(sum));
  return 6 * 4 * 2;
}

Loop loop_of(kernels::Isa isa) {
  if (isa == kernels::Isa::avx512) return avx512_loop;
  return isa == kernels::Isa::avx2 ? avx2_loop : baseline_loop;
}

#else

using Four = float __attribute__((vector_size(16)));

double baseline_loop(int64_t steps) {
  Four sums[12] = {}, x = {1, 1, 1, 1}, y = x * 1e-20F;
  for (Four& sum : sums) asm volatile("" : "+w"(sum));
  asm volatile("" : "+w"(x), "+w"(y));
  for (int64_t i = 0; i < steps; ++i) {
#pragma GCC unroll 12
    for (Four& sum : sums) sum = sum * x + y;
    asm volatile("");
  }
  for (const Four& sum : sums) asm volatile("" : : "w"(sum));
  return 12 * 4 * 2;
}

Loop loop_of(kernels::Isa) {
  return baseline_loop;
}

#endif

}  // namespace

double fma_roof(kernels::Isa isa) {
  check(kernels::isa_available(isa), "roof", "this processor has no ", kernels::isa_name(isa));
  const Loop loop = loop_of(isa);
  constexpr int64_t steps = 500'000;  // about a millisecond: some run is not interrupted
  double best = 0;
  for (int run = 0; run < 40; ++run) {
    double operations = 0;
    const double seconds = seconds_of([&](int64_t i) {
      const double each = loop(steps);
      if (i == 0) operations = each * static_cast<double>(steps);
    });
    best = std::max(best, operations * threads() / seconds * 1e-9);
  }
  return best;
}

double copy_roof() {
  const long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
  const size_t bytes =
      std::clamp<size_t>(cache > 0 ? 2 * static_cast<size_t>(cache) : 0, size_t{64} << 20, size_t{1} << 30);
  const auto from = std::make_unique_for_overwrite<char[]>(bytes);
  const auto to = std::make_unique_for_overwrite<char[]>(bytes);
  const auto team = static_cast<size_t>(threads());
  // Each thread has pages of its own, touched by itself before anything is timed.
  const auto piece = [&](int64_t i, const auto& work) {
    const auto at = static_cast<size_t>(i);
    const size_t begin = bytes * at / team;
    work(begin, bytes * (at + 1) / team - begin);
  };
  seconds_of([&](int64_t i) {
    piece(i, [&](size_t at, size_t size) {
      std::memset(from.get() + at, 1, size);
      std::memset(to.get() + at, 2, size);
    });
  });
  // A part of every thread's piece at a time, from front to back: short enough that some are not interrupted
  // on a busy machine, and gone from the caches before their turn comes again.
  constexpr size_t parts = 16;
  double best = 0;
  for (size_t run = 0; run < 6 * parts; ++run) {
    const size_t part = run % parts;
    const double seconds = seconds_of([&](int64_t i) {
      piece(i, [&](size_t at, size_t size) {
        const size_t begin = at + size * part / parts, end = at + size * (part + 1) / parts;
        std::memcpy(to.get() + begin, from.get() + begin, end - begin);
      });
    });
    best = std::max(best, 2 * static_cast<double>(bytes / parts) / seconds * 1e-9);
  }
  check(to[0] == 1 && to[bytes - 1] == 1, "roof", "the copy did not arrive");
  return best;
}

}  // namespace mosaic::apps
