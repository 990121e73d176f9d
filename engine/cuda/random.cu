#include "engine/kernels/random.h"

#include "engine/cuda/families.h"
#include "engine/cuda/launch.cuh"
#include "engine/kernels/draw.h"
#include "engine/kernels/philox.h"

namespace mosaic::kernels::gpu {
namespace {

// A thread takes the four elements of one Philox block: f(words, first, count).
template <class F>
struct Quads {
  PhiloxKey key;
  int64_t n;
  F f;
  __device__ __forceinline__ void operator()(int64_t quad) const {
    uint32_t words[4];
    philox_block(key.key, key.counter + static_cast<uint64_t>(quad), words);
    const int64_t first = 4 * quad, left = n - first;
    f(words, first, left < 4 ? static_cast<int>(left) : 4);
  }
};
template <class F>
void for_each_quad(PhiloxKey key, int64_t n, const F& f) {
  CudaLaunch::each((n + 3) / 4, 0, Quads<F>{key, n, f});
}

template <class T>
struct DropOut {
  using A = acc_t<T>;
  const T* x;
  T* y;
  uint32_t threshold;
  A scale;
  bool accumulate;
  __device__ __forceinline__ void operator()(const uint32_t (&words)[4], int64_t first, int count) const {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (i >= count) break;
      const A kept = words[i] >= threshold ? A(x[first + i]) * scale : A(0);
      y[first + i] = T(accumulate ? A(y[first + i]) + kept : kept);
    }
  }
};

template <class T>
struct Uniform {
  T* y;
  T low, high;
  __device__ __forceinline__ void operator()(const uint32_t (&words)[4], int64_t first, int count) const {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (i < count) y[first + i] = between(words[i], low, high);
    }
  }
};

template <class T>
struct Normal {
  T* y;
  double mean, deviation;
  __device__ __forceinline__ void operator()(const uint32_t (&words)[4], int64_t first, int count) const {
    double values[4];
    box_muller(words[0], words[1], values);
    box_muller(words[2], words[3], values + 2);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (i < count) y[first + i] = static_cast<T>(mean + deviation * values[i]);
    }
  }
};

struct CudaRandom final : Random {
  void dropout(const DropoutArgs& a) const override {
    visit_float(a.dtype, "dropout", [&]<class T>() {
      for_each_quad(a.key, a.n,
                    DropOut<T>{static_cast<const T*>(a.x), static_cast<T*>(a.y), a.threshold,
                               static_cast<acc_t<T>>(a.scale), a.accumulate});
    });
  }
  void uniform(const UniformArgs& a) const override {
    visit_wide(a.dtype, "uniform", [&]<class T>() {
      for_each_quad(a.key, a.n,
                    Uniform<T>{static_cast<T*>(a.y), static_cast<T>(a.low), static_cast<T>(a.high)});
    });
  }
  void normal(const NormalArgs& a) const override {
    visit_wide(a.dtype, "normal", [&]<class T>() {
      for_each_quad(a.key, a.n, Normal<T>{static_cast<T*>(a.y), a.mean, a.deviation});
    });
  }
};

}  // namespace

const Random& random() {
  static constexpr CudaRandom kernels;
  return kernels;
}

}  // namespace mosaic::kernels::gpu
