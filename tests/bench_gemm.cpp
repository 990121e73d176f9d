// Speed of kernels::gemm beside OpenBLAS (when libopenblas is installed) and the processor's multiply-add
// roof.
//   bench_gemm [threads [milliseconds per shape [word in the shape's name]]]
// Both libraries take turns within one run and the best time of each counts, so a noisy machine hurts both.
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "engine/core/parallel.h"
#include "engine/cpu/isa.h"
#include "engine/kernels/gemm.h"

namespace {

using mosaic::kernels::GemmArgs;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

#if defined(__x86_64__)
using Eight = float __attribute__((vector_size(32)));

__attribute__((target("avx2,fma"))) double fma_roof() {
  double best = 0;
  for (int run = 0; run < 20; ++run) {
    Eight sum[10] = {};
    for (Eight& s : sum) asm volatile("" : "+x"(s));  // ten values the compiler cannot take for one
    Eight x = {1, 1, 1, 1, 1, 1, 1, 1}, y = x * 1e-20F;
    asm volatile("" : "+x"(x), "+x"(y));  // unknown from here, so nothing is folded
    constexpr int steps = 200000;
    const double start = now();
    for (int i = 0; i < steps; ++i) {
#pragma GCC unroll 10
      for (int j = 0; j < 10; ++j) sum[j] = sum[j] * x + y;
      asm volatile("");
    }
    best = std::max(best, 2.0 * 8 * 10 * steps / (now() - start) * 1e-9);
    for (const Eight& s : sum) asm volatile("" : : "x"(s));
  }
  return best;
}
#else
double fma_roof() {
  return 0;
}
#endif

// The two calls of OpenBLAS that are needed, without linking or including it.
struct OpenBlas {
  void (*sgemm)(int, int, int, int, int, int, float, const float*, int, const float*, int, float, float*,
                int) = nullptr;
  void (*set_threads)(int) = nullptr;
  const char* core = "absent";

  OpenBlas() {
    void* library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return;
    sgemm = reinterpret_cast<decltype(sgemm)>(dlsym(library, "cblas_sgemm"));
    set_threads = reinterpret_cast<decltype(set_threads)>(dlsym(library, "openblas_set_num_threads"));
    const auto name = reinterpret_cast<char* (*)()>(dlsym(library, "openblas_get_corename"));
    if (name != nullptr) core = name();
  }
  void run(const GemmArgs& g) const {
    constexpr int row_major = 101, plain = 111, transposed = 112;
    for (int64_t i = 0; i < g.batch0; ++i) {
      sgemm(row_major, g.trans_a ? transposed : plain, g.trans_b ? transposed : plain, static_cast<int>(g.m),
            static_cast<int>(g.n), static_cast<int>(g.k), static_cast<float>(g.alpha),
            static_cast<const float*>(g.a) + i * g.a0, static_cast<int>(g.lda),
            static_cast<const float*>(g.b) + i * g.b0, static_cast<int>(g.ldb), g.accumulate ? 1.0F : 0.0F,
            static_cast<float*>(g.c) + i * g.c0, static_cast<int>(g.ldc));
    }
  }
};

struct Shape {
  const char* name;
  int64_t m, n, k;
  bool trans_a, trans_b, accumulate = false;
  int64_t batch = 1;
};

const Shape shapes[] = {
    {"linear 512 64->64", 512, 64, 64, false, true},
    {"linear 512 128->128", 512, 128, 128, false, true},
    {"linear 512 128->256", 512, 256, 128, false, true},
    {"linear 512 256->128", 512, 128, 256, false, true},
    {"linear 1000 80->96", 1000, 96, 80, false, true},
    {"linear 4096 128->128", 4096, 128, 128, false, true},
    {"linear 4096 128->512", 4096, 512, 128, false, true},
    {"linear 4096 512->128", 4096, 128, 512, false, true},
    {"linear 2048 768->768", 2048, 768, 768, false, true},
    {"vocab 500 64->2000", 500, 2000, 64, false, true},
    {"vocab 500 128->9712", 500, 9712, 128, false, true},
    {"vocab 1024 128->10000", 1024, 10000, 128, false, true},
    {"dx 512 128->64", 512, 64, 128, false, false},
    {"dx 4096 128->128", 4096, 128, 128, false, false},
    {"dx 4096 512->128", 4096, 128, 512, false, false},
    {"dx vocab 500 9712->128", 500, 128, 9712, false, false},
    {"dW 64x64 T512", 64, 64, 512, true, false, true},
    {"dW 128x128 T512", 128, 128, 512, true, false, true},
    {"dW 128x128 T4096", 128, 128, 4096, true, false, true},
    {"dW 512x128 T4096", 512, 128, 4096, true, false, true},
    {"dW 128x512 T4096", 128, 512, 4096, true, false, true},
    {"dW vocab 9712x128 T500", 9712, 128, 500, true, false, true},
    {"attention QK 30x30x32 b500", 30, 30, 32, false, true, false, 500},
    {"attention PV 30x32x30 b500", 30, 32, 30, false, false, false, 500},
    {"attention dV 30x32x30 b500", 30, 32, 30, true, false, false, 500},
    {"attention QK 16x16x64 b500", 16, 16, 64, false, true, false, 500},
    {"attention PV 100x64x100 b64", 100, 64, 100, false, false, false, 64},
    {"decode 1x128x128", 1, 128, 128, false, true},
    {"decode 5x128x128", 5, 128, 128, false, true},
    {"decode 5x512x128", 5, 512, 128, false, true},
    {"decode 5x128x512", 5, 128, 512, false, true},
    {"decode 1x9712x128", 1, 9712, 128, false, true},
    {"decode 4x9712x128", 4, 9712, 128, false, true},
    {"decode 8x9712x128", 8, 9712, 128, false, true},
    {"decode 40x9712x128", 40, 9712, 128, false, true},
    {"router 20x160x32", 20, 160, 32, false, true},
    {"large 1024 NN", 1024, 1024, 1024, false, false},
    {"large 1024 NT", 1024, 1024, 1024, false, true},
    {"large 1024 TN", 1024, 1024, 1024, true, false},
    {"large 2048 NN", 2048, 2048, 2048, false, false},
};

GemmArgs arguments(const Shape& s, std::vector<float>& a, std::vector<float>& b, std::vector<float>& c) {
  uint32_t state = 1;
  const auto fill = [&](std::vector<float>& values, int64_t size) {
    values.resize(static_cast<size_t>(size));
    for (float& v : values)
      v = static_cast<float>((state = state * 1664525u + 1013904223u) >> 8) * 0x1p-24F - 0.5F;
  };
  fill(a, s.batch * s.m * s.k);
  fill(b, s.batch * s.n * s.k);
  fill(c, s.batch * s.m * s.n);
  return {.m = s.m,
          .n = s.n,
          .k = s.k,
          .a = a.data(),
          .lda = s.trans_a ? s.m : s.k,
          .trans_a = s.trans_a,
          .b = b.data(),
          .ldb = s.trans_b ? s.k : s.n,
          .trans_b = s.trans_b,
          .c = c.data(),
          .ldc = s.n,
          .accumulate = s.accumulate,
          .batch0 = s.batch,
          .a0 = s.m * s.k,
          .b0 = s.n * s.k,
          .c0 = s.m * s.n};
}

// Seconds of one call, the best of several rounds of `repeats` calls.
template <class F>
double one_round(int repeats, const F& f) {
  const double start = now();
  for (int i = 0; i < repeats; ++i) f();
  return (now() - start) / repeats;
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  const double budget = (argc > 2 ? std::atof(argv[2]) : 300) * 1e-3;
  const char* word = argc > 3 ? argv[3] : "";
  mosaic::set_threads(threads);
  const OpenBlas peer;
  if (peer.set_threads != nullptr) peer.set_threads(threads);
  std::printf("isa %s, threads %d, OpenBLAS core %s, AVX2 multiply-add roof of one thread %.1f GFLOP/s\n",
              mosaic::kernels::isa_name(), threads, peer.core, fma_roof());
  std::printf("%-30s %10s %10s %10s %7s\n", "shape", "us", "GFLOP/s", "OpenBLAS", "ratio");
  double log_sum = 0;
  int count = 0;
  for (const Shape& shape : shapes) {
    if (std::strstr(shape.name, word) == nullptr) continue;
    std::vector<float> a, b, c;
    const GemmArgs args = arguments(shape, a, b, c);
    const auto ours = [&] { mosaic::kernels::gemm(args); };
    const auto theirs = [&] { peer.run(args); };
    const int repeats = std::clamp(static_cast<int>(200e-6 / one_round(3, ours)), 1, 10000);
    double best = 1e9, other = 1e9;
    for (const double end = now() + budget; now() < end;) {
      best = std::min(best, one_round(repeats, ours));
      if (peer.sgemm != nullptr) other = std::min(other, one_round(repeats, theirs));
    }
    const double work = 2e-9 * static_cast<double>(shape.m * shape.n * shape.k * shape.batch);
    std::printf("%-30s %10.1f %10.1f %10.1f %7.2f\n", shape.name, best * 1e6, work / best, work / other,
                other / best);
    log_sum += __builtin_log(other / best);
    ++count;
  }
  if (peer.sgemm != nullptr && count > 0)
    std::printf("geometric mean of the ratios %.3f\n", __builtin_exp(log_sum / count));
}
