// Gated linear units: what the kernels are told.
#pragma once

#include <cstdint>

#include "engine/core/dtype.h"

namespace mosaic::kernels {

// The function of the gate half: GLU (Dauphin et al. 2017), ReGLU, GEGLU (exact or by tanh), SwiGLU (Shazeer
// 2020, "GLU variants improve Transformer").
enum class Gate : uint8_t { sigmoid, relu, gelu, gelu_tanh, silu };

// y[r, c] = x[r, c] f(x[r, n + c]) for rows of x with 2 n dense elements; y {rows, n} dense.
struct GateArgs {
  Gate gate;
  DType dtype;
  int64_t rows, n;
  const void* x;
  int64_t x_stride;
  void* y;
};

// dx[r, c] (+)= dy f(gate), dx[r, n + c] (+)= dy value f'(gate).
struct GateBackArgs {
  Gate gate;
  DType dtype;
  int64_t rows, n;
  const void* x;
  int64_t x_stride;
  const void* dy;
  int64_t dy_stride;
  bool accumulate;
  void* dx;
  int64_t dx_stride;
};

}  // namespace mosaic::kernels
