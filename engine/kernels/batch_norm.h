// Batch norm: what the kernels are told.
#pragma once

#include "engine/core/dtype.h"

namespace mosaic::kernels {

// y = (x - mean) / sqrt(variance + eps) * gamma + beta, a channel at a time, over dense x and y {batch,
// channels, size}. Statistics are those of the channel's batch * size elements, or given.
struct BatchNormArgs {
  DType dtype;
  int64_t batch, channels, size;
  const void* x;
  const void* gamma;  // {channels}; null: ones
  const void* beta;   // {channels}; null: zeros
  double eps;
  bool given;      // mean and variance are read, else written
  void* mean;      // {channels}
  void* variance;  // {channels}, of the elements at hand: the sum of squares over their number
  void* y;
};

// With xhat = (x - mean) rstd and rstd = 1 / sqrt(variance + eps), over the n elements of a channel:
//   dbeta = sum dy,  dgamma = sum dy xhat,
//   dx = gamma rstd (dy - dbeta / n - xhat dgamma / n), or gamma rstd dy when statistics were given.
struct BatchNormGradArgs {
  DType dtype;
  int64_t batch, channels, size;
  const void* x;
  const void* gamma;  // null: ones
  double eps;
  bool given;
  const void* mean;
  const void* variance;
  const void* dy;
  void* dx;      // null: not wanted, as the next two
  void* dgamma;  // {channels}
  void* dbeta;   // {channels}
};

}  // namespace mosaic::kernels
