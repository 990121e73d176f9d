// Layer norm and RMS norm, alone or over the sum x + dropout(y) at the end of a residual block.
#pragma once

#include <cstdint>

#include "engine/core/dtype.h"
#include "engine/kernels/batch_norm.h"
#include "engine/kernels/drop.h"

namespace mosaic::kernels {

// out = (s - mean) * rstd * gamma + beta over rows of s = x + dropout(y), or s = x when y is null. Rows have
// `cols` dense elements; strides count elements from one row to the next; out, sum, mean and rstd are dense.
// RMS norm (Zhang and Sennrich 2019) is the same without centring: its mean counts as 0.
struct LayerNormArgs {
  DType dtype;
  int64_t rows, cols;
  const void* x;
  int64_t x_stride;
  const void* y;
  int64_t y_stride;
  Drop drop;
  const void* gamma;  // {cols}, as beta, mean, rstd, their gradients and `partial` of accumulated(dtype)
  const void* beta;   // {cols}; null: none
  bool centred;       // false: RMS norm
  double eps;
  void* out;   // {rows, cols}
  void* sum;   // {rows, cols}, keeps s for the gradient; null: not wanted (always null without y)
  void* mean;  // {rows}; null: not wanted
  void* rstd;  // {rows}; null exactly when mean is
};

// Gradients; each target may be null. *_add: add to what the target holds.
struct LayerNormGradArgs {
  DType dtype;
  int64_t rows, cols;
  bool centred;
  const void* s;  // the normalised rows' input
  int64_t s_stride;
  const void* gamma;
  const void* mean;  // zeros when not centred
  const void* rstd;
  const void* dout;
  int64_t dout_stride;
  void* dx;
  int64_t dx_stride;
  bool dx_add;
  void* dy;  // of the dropped-out summand
  int64_t dy_stride;
  bool dy_add;
  Drop drop;
  void* dgamma;
  bool dgamma_add;
  void* dbeta;
  bool dbeta_add;
  void* partial;  // {norm_chunks(rows), 2, cols} working memory of the CPU; needed when dgamma or dbeta are
};

// dgamma and dbeta are summed in this many chunks of rows, then over the chunks: a number that depends on the
// sizes only, so that the bits do not depend on threads.
constexpr int64_t norm_chunks(int64_t rows) {
  const int64_t chunks = (rows + 31) / 32;
  return chunks < 64 ? chunks : 64;
}

struct Norm {
  virtual void layer_norm(const LayerNormArgs&) const = 0;
  virtual void layer_norm_grad(const LayerNormGradArgs&) const = 0;
  virtual void batch_norm(const BatchNormArgs&) const = 0;
  virtual void batch_norm_grad(const BatchNormGradArgs&) const = 0;

 protected:
  ~Norm() = default;
};

}  // namespace mosaic::kernels
