// Pooling of planes {rows, cols}: what the kernels are told.
#pragma once

#include "engine/core/dtype.h"
#include "engine/kernels/window.h"

namespace mosaic::kernels {

// x {planes, rows.in, cols.in} -> y {planes, rows.out, cols.out}, dense. Every window sees at least one
// input.
struct PoolShape {
  DType dtype;
  int64_t planes;
  WindowAxis rows, cols;
};

// The largest element of each window, a NaN if there is one; `at` i32 is its place in the plane, the first of
// equal ones.
struct MaxPoolArgs {
  PoolShape shape;
  const void* x;
  void* y;
  int32_t* at;  // null: not wanted
};
// dx = the sum of dy over the windows whose largest element it is.
struct MaxPoolBackArgs {
  PoolShape shape;
  const void* dy;
  const int32_t* at;
  void* dx;
};

enum class Average : uint8_t {
  inputs,       // the mean of the inputs a window sees
  window,       // their sum over the size of the window: padding counts as zeros
  whole_input,  // output o of `out` averages the inputs [floor(o in / out), ceil((o + 1) in / out))
};
// x -> y; back: dy -> dx. Windows have dilation 1.
struct AveragePoolArgs {
  PoolShape shape;
  Average average;
  const void* from;
  void* to;
};

struct Pool {
  virtual void max_pool(const MaxPoolArgs& args) const = 0;
  virtual void max_pool_back(const MaxPoolBackArgs& args) const = 0;
  virtual void average_pool(const AveragePoolArgs& args) const = 0;
  virtual void average_pool_back(const AveragePoolArgs& args) const = 0;

 protected:
  ~Pool() = default;
};

}  // namespace mosaic::kernels
