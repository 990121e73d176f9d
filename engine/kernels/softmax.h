// Softmax, log-softmax and cross-entropy over the last axis: argument structs and the device interface.
#pragma once

#include <cstdint>

#include "engine/core/dtype.h"

namespace mosaic::kernels {

// Rows of `cols` dense elements; strides count elements from one row to the next.
struct SoftmaxArgs {
  DType dtype;
  int64_t rows, cols;
  const void* x;
  int64_t x_stride;
  void* y;  // must not overlap x
  int64_t y_stride;
  bool log;  // log_softmax
};

// dx from the result y: y (dy - sum(dy y)), or dy - exp(y) sum(dy) for log_softmax.
struct SoftmaxGradArgs {
  DType dtype;
  int64_t rows, cols;
  const void* y;
  int64_t y_stride;
  const void* dy;
  int64_t dy_stride;
  void* dx;
  int64_t dx_stride;
  bool accumulate, log;
};

// loss[r] = lse - (1 - s) x[t] - s mean(x), with lse = log sum exp x; 0 where t == ignore. Targets were
// checked.
struct CrossEntropyArgs {
  DType dtype;
  int64_t rows, cols;
  const void* x;
  int64_t x_stride;
  const int32_t* targets;  // {rows}
  double smoothing;
  int64_t ignore;
  void* loss;  // {rows}, as lse of accumulated(dtype)
  void* lse;   // {rows}
};

// dx[r, c] = dy[r] (exp(x - lse) - s / cols - (1 - s) [c == t]); rows of ignored targets get 0.
struct CrossEntropyGradArgs {
  DType dtype;
  int64_t rows, cols;
  const void* x;
  int64_t x_stride;
  const int32_t* targets;
  double smoothing;
  int64_t ignore;
  const void* lse;  // as dy of accumulated(dtype)
  const void* dy;
  int64_t dy_stride;  // 0: one value for all rows
  void* dx;
  int64_t dx_stride;
  bool accumulate;
};

struct Softmax {
  virtual void softmax(const SoftmaxArgs&) const = 0;
  virtual void softmax_grad(const SoftmaxGradArgs&) const = 0;
  virtual void cross_entropy(const CrossEntropyArgs&) const = 0;
  virtual void cross_entropy_grad(const CrossEntropyGradArgs&) const = 0;

 protected:
  ~Softmax() = default;
};

}  // namespace mosaic::kernels
