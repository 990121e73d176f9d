// Activation functions beyond those of ops.h (tanh, sigmoid, relu, gelu), and gated linear units. The rules
// of ops.h hold.
#pragma once

#include "engine/core/tensor.h"
#include "engine/kernels/gate.h"

namespace mosaic {

Tensor silu(const Tensor& x);       // x sigmoid(x), also called swish (Elfwing et al. 2018)
Tensor gelu_tanh(const Tensor& x);  // 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), GELU's approximation
Tensor mish(const Tensor& x);       // x tanh(softplus(x)) (Misra 2020)
Tensor softplus(const Tensor& x);   // log(1 + e^x), without overflow
Tensor log_sigmoid(const Tensor& x);                      // log(sigmoid(x)) = -softplus(-x)
Tensor elu(const Tensor& x, double alpha = 1);            // alpha (e^x - 1) below 0 (Clevert et al. 2016)
Tensor selu(const Tensor& x);                             // 1.0507 elu(x, 1.6733) (Klambauer et al. 2017)
Tensor leaky_relu(const Tensor& x, double slope = 0.01);  // slope x below 0 (Maas et al. 2013)
// The straight pieces of MobileNetV3 (Howard et al. 2019). Gradients at the kinks -3 and 3 are those outside.
Tensor hard_sigmoid(const Tensor& x);  // x / 6 + 1 / 2 between 0 and 1
Tensor hard_swish(const Tensor& x);    // x hard_sigmoid(x)
// ArgumentError for a negative alpha or slope: the side of the kink is read from the result.

// Gated linear unit of a packed projection: x {..., 2 n} -> {..., n}, the first half times f(second half), in
// one pass; both halves of the gradient are written in one pass too. f: sigmoid GLU (Dauphin et al. 2017),
// relu ReGLU, gelu GEGLU, gelu_tanh GEGLU with the approximation, silu SwiGLU (Shazeer 2020). ShapeError when
// the last axis is odd.
using kernels::Gate;
Tensor glu(const Tensor& x, Gate gate = Gate::sigmoid);

}  // namespace mosaic
