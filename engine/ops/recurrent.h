// One step of recurrent layers, their nonlinearities fused; the rules of ops.h hold.
#pragma once

#include "engine/core/tensor.h"

namespace mosaic {

// Shared by both: `input` {rows, gates * width} are the gates' pre-activations from the step's input,
// `recurrent` those from the state before, biases included; gates are in PyTorch's order. mask u8 {rows}: a
// row of 0 keeps its state unchanged, whatever its pre-activations are; undefined: all rows take the step.

// Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000). Gates
// i, f, g, o of input + recurrent {rows, 4 * width}; state {rows, 2 * width} is h beside c, and so is the
// result:
//   c' = sigmoid(f) c + sigmoid(i) tanh(g),  h' = sigmoid(o) tanh(c').
Tensor lstm_cell(const Tensor& input, const Tensor& recurrent, const Tensor& state, const Tensor& mask = {});

// Gated recurrent unit (Cho et al. 2014) in the form whose reset gate follows the product. Gates r, z, n
// {rows, 3 * width}; state and result are h {rows, width}:
//   n' = tanh(input_n + sigmoid(r) recurrent_n),  h' = (1 - sigmoid(z)) n' + sigmoid(z) h,
// with r and z of input + recurrent.
Tensor gru_cell(const Tensor& input, const Tensor& recurrent, const Tensor& state, const Tensor& mask = {});

}  // namespace mosaic
