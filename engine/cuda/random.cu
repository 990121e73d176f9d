#include "engine/kernels/random.h"

#include "engine/cuda/families.h"
#include "engine/cuda/launch.cuh"
#include "engine/cuda/pack.cuh"
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

// Four elements of x from `first` on, or the `count` that there are; as packs where memory allows.
template <class T>
struct Quartet {
  static constexpr int width = sizeof(T) < 8 ? 4 : 2;  // of a pack
  bool aligned;

  static bool fits(std::initializer_list<const void*> places) {
    for (const void* place : places) {
      if (reinterpret_cast<uintptr_t>(place) % (width * sizeof(T)) != 0) return false;
    }
    return true;
  }
  __device__ __forceinline__ void load(const T* x, int64_t first, int count, T (&values)[4]) const {
    if (aligned && count == 4) {
#pragma unroll
      for (int i = 0; i < 4; i += width) {
        const auto pack = Pack<T, width>::load(x + first + i);
#pragma unroll
        for (int j = 0; j < width; ++j) values[i + j] = pack.at[j];
      }
      return;
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) values[i] = i < count ? x[first + i] : T{};
  }
  __device__ __forceinline__ void store(T* y, int64_t first, int count, const T (&values)[4]) const {
    if (aligned && count == 4) {
#pragma unroll
      for (int i = 0; i < 4; i += width) {
        Pack<T, width> pack;
#pragma unroll
        for (int j = 0; j < width; ++j) pack.at[j] = values[i + j];
        pack.store(y + first + i);
      }
      return;
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (i < count) y[first + i] = values[i];
    }
  }
};

template <class T>
struct DropOut {
  using A = acc_t<T>;
  const T* x;
  T* y;
  Quartet<T> four;
  uint32_t threshold;
  A scale;
  bool accumulate;
  __device__ __forceinline__ void operator()(const uint32_t (&words)[4], int64_t first, int count) const {
    T values[4], before[4] = {};
    four.load(x, first, count, values);
    if (accumulate) four.load(y, first, count, before);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const A kept = words[i] >= threshold ? A(values[i]) * scale : A(0);
      values[i] = T(accumulate ? A(before[i]) + kept : kept);
    }
    four.store(y, first, count, values);
  }
};

template <class T>
struct Uniform {
  T* y;
  Quartet<T> four;
  T low, high;
  __device__ __forceinline__ void operator()(const uint32_t (&words)[4], int64_t first, int count) const {
    T values[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) values[i] = between(words[i], low, high);
    four.store(y, first, count, values);
  }
};

template <class T>
struct Normal {
  T* y;
  Quartet<T> four;
  double mean, deviation;
  __device__ __forceinline__ void operator()(const uint32_t (&words)[4], int64_t first, int count) const {
    double numbers[4];
    box_muller(words[0], words[1], numbers);
    box_muller(words[2], words[3], numbers + 2);
    T values[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) values[i] = static_cast<T>(mean + deviation * numbers[i]);
    four.store(y, first, count, values);
  }
};

struct CudaRandom final : Random {
  void dropout(const DropoutArgs& a) const override {
    visit_float(a.dtype, "dropout", [&]<class T>() {
      for_each_quad(a.key, a.n,
                    DropOut<T>{static_cast<const T*>(a.x),
                               static_cast<T*>(a.y),
                               {Quartet<T>::fits({a.x, a.y})},
                               a.threshold,
                               static_cast<acc_t<T>>(a.scale),
                               a.accumulate});
    });
  }
  void uniform(const UniformArgs& a) const override {
    visit_wide(a.dtype, "uniform", [&]<class T>() {
      for_each_quad(a.key, a.n,
                    Uniform<T>{static_cast<T*>(a.y),
                               {Quartet<T>::fits({a.y})},
                               static_cast<T>(a.low),
                               static_cast<T>(a.high)});
    });
  }
  void normal(const NormalArgs& a) const override {
    visit_wide(a.dtype, "normal", [&]<class T>() {
      for_each_quad(a.key, a.n,
                    Normal<T>{static_cast<T*>(a.y), {Quartet<T>::fits({a.y})}, a.mean, a.deviation});
    });
  }
};

}  // namespace

const Random& random() {
  static constexpr CudaRandom kernels;
  return kernels;
}

}  // namespace mosaic::kernels::gpu
