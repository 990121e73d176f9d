// The random family on a launcher. Pieces begin at whole Philox batches.
#pragma once

#include "engine/kernels/draw.h"
#include "engine/kernels/philox.h"
#include "engine/kernels/random.h"

namespace mosaic::kernels::MOSAIC_ISA {

// Calls f(words, first, count) for every batch of [0, n): words[i] belongs to element first + i.
template <class Launch, class F>
void for_each_batch(PhiloxKey key, int64_t n, double cost, const F& f) {
  const int64_t batches = (n + philox_batch - 1) / philox_batch;
  Launch::spans(batches, cost * static_cast<double>(philox_batch), [&](int64_t begin, int64_t end) {
    uint32_t words[philox_batch];
    for (int64_t batch = begin; batch < end; ++batch) {
      const int64_t first = batch * philox_batch;
      philox_words(key.key, key.counter + static_cast<uint64_t>(first / 4), words);
      f(words, first, n - first < philox_batch ? n - first : philox_batch);
    }
  });
}

// Signed integers in the order of the unsigned words: baseline vectors compare signed ones only.
MOSAIC_HD inline int32_t ordered(uint32_t word) {
  return static_cast<int32_t>(word ^ 0x80000000u);
}

template <class Launch>
class RandomOn final : public Random {
 public:
  void dropout(const DropoutArgs& args) const override {
    args.dtype == DType::f64 ? dropout_as<double>(args) : dropout_as<float>(args);
  }

  void uniform(const UniformArgs& args) const override {
    args.dtype == DType::f64 ? uniform_as<double>(args) : uniform_as<float>(args);
  }

  void normal(const NormalArgs& args) const override {
    args.dtype == DType::f64 ? normal_as<double>(args) : normal_as<float>(args);
  }

 private:
  template <class T>
  static void dropout_as(const DropoutArgs& args) {
    const T scale = static_cast<T>(args.scale);
    const int32_t threshold = ordered(args.threshold);
    for_each_batch<Launch>(args.key, args.n, 1, [&](const uint32_t* words, int64_t first, int64_t n) {
      const T* x = static_cast<const T*>(args.x) + first;
      T* y = static_cast<T*>(args.y) + first;
      // The product is computed for every element, so that the choice is a blend and not a branch.
      const auto kept = [=](int64_t i) {
        const T value = x[i] * scale;
        return ordered(words[i]) >= threshold ? value : T(0);
      };
      if (args.accumulate) {
#pragma GCC ivdep
        for (int64_t i = 0; i < n; ++i) y[i] += kept(i);
      } else {
#pragma GCC ivdep
        for (int64_t i = 0; i < n; ++i) y[i] = kept(i);
      }
    });
  }

  template <class T>
  static void uniform_as(const UniformArgs& args) {
    const T low = static_cast<T>(args.low), high = static_cast<T>(args.high);
    for_each_batch<Launch>(args.key, args.n, 1, [&](const uint32_t* words, int64_t first, int64_t n) {
      T* y = static_cast<T*>(args.y) + first;
      for (int64_t i = 0; i < n; ++i) y[i] = between(words[i], low, high);
    });
  }

  template <class T>
  static void normal_as(const NormalArgs& args) {
    for_each_batch<Launch>(args.key, args.n, 25, [&](const uint32_t* words, int64_t first, int64_t n) {
      T* y = static_cast<T*>(args.y) + first;
      double pair[2];
      for (int64_t i = 0; i < n; ++i) {
        if (i % 2 == 0) box_muller(words[i], words[i + 1], pair);
        y[i] = static_cast<T>(args.mean + args.deviation * pair[i % 2]);
      }
    });
  }
};

}  // namespace mosaic::kernels::MOSAIC_ISA
