// Random kernels: what they are told. Element i uses word i % 4 of Philox block counter + i / 4.
#pragma once

#include "engine/core/dtype.h"
#include "engine/core/random.h"

namespace mosaic::kernels {

// y = word >= threshold ? x * scale : 0, all dense; drops with probability threshold / 2^32.
struct DropoutArgs {
  DType dtype;
  PhiloxKey key;
  uint32_t threshold;
  double scale;
  int64_t n;
  bool accumulate = false;
  const void* x;
  void* y;
};

// y = low + u (high - low), u in [0, 1) with 24 bits (f32) or 32 bits (f64).
struct UniformArgs {
  DType dtype;
  PhiloxKey key;
  double low, high;
  int64_t n;
  void* y;
};

// Box-Muller on words (0, 1) and (2, 3) of each block, computed in double.
struct NormalArgs {
  DType dtype;
  PhiloxKey key;
  double mean, deviation;
  int64_t n;
  void* y;
};

struct Random {
  virtual void dropout(const DropoutArgs& args) const = 0;
  virtual void uniform(const UniformArgs& args) const = 0;
  virtual void normal(const NormalArgs& args) const = 0;

 protected:
  ~Random() = default;
};

}  // namespace mosaic::kernels
