// Weighted sums of expert weights, and their gradients.
#pragma once

#include <cstdint>

#include "engine/core/dtype.h"

namespace mosaic::kernels {

// y[r, c] = sum_m alpha[r, m] experts[m, r, c]. Columns are dense; strides count elements. alpha_row is 0
// when all rows share their coefficients, alpha_expert the step from one expert's coefficient to the next.
struct MixArgs {
  DType dtype;
  int64_t experts, rows, cols;
  const void* alpha;
  int64_t alpha_row, alpha_expert;
  const void* stack;
  int64_t expert_stride, row_stride;
  void* y;  // {rows, cols} dense
};

// dalpha[r, m] = sum_c dy[r, c] experts[m, r, c] (summed over r too when alpha_row is 0, in the order of
// rows); dstack[m, r, c] = alpha[r, m] dy[r, c]. Either target may be null; *_add: add to what it holds.
struct MixGradArgs {
  DType dtype;
  int64_t experts, rows, cols;
  const void* alpha;
  int64_t alpha_row, alpha_expert;
  const void* stack;
  int64_t expert_stride, row_stride;
  const void* dy;
  int64_t dy_stride;
  void* dalpha;  // laid out by dalpha_row, dalpha_expert
  int64_t dalpha_row, dalpha_expert;
  bool dalpha_add;
  void* dstack;
  int64_t dstack_expert, dstack_row;
  bool dstack_add;
  void* partial;  // {experts, rows} of the accumulator's type; needed when dalpha is and alpha_row is 0
};

struct Mix {
  virtual void mix(const MixArgs&) const = 0;
  virtual void mix_grad(const MixGradArgs&) const = 0;

 protected:
  ~Mix() = default;
};

}  // namespace mosaic::kernels
