// Activations: the functions and their derivatives are in kernels/activations.h and kernels/gate_on.h.
#include "engine/ops/activation.h"

#include "engine/autograd/node.h"
#include "engine/kernels/kernels.h"
#include "engine/ops/check.h"
#include "engine/ops/half.h"
#include "engine/ops/ops.h"
#include "engine/ops/unary.h"

namespace mosaic {

using kernels::UnaryOp;

Tensor silu(const Tensor& x) {
  return unary("silu", UnaryOp::silu, x, Saves::input);
}
Tensor gelu_tanh(const Tensor& x) {
  return unary("gelu_tanh", UnaryOp::gelu_tanh, x, Saves::input);
}
Tensor mish(const Tensor& x) {
  return unary("mish", UnaryOp::mish, x, Saves::input);
}
Tensor softplus(const Tensor& x) {
  return unary("softplus", UnaryOp::softplus, x, Saves::input);
}
Tensor log_sigmoid(const Tensor& x) {
  return neg(softplus(neg(x)));
}
Tensor elu(const Tensor& x, double alpha) {
  check(alpha >= 0, "elu", "alpha must not be negative, got ", alpha);
  return unary("elu", UnaryOp::elu, x, Saves::result, alpha, 1);
}
Tensor selu(const Tensor& x) {
  return unary("selu", UnaryOp::elu, x, Saves::result, 1.6732632423543772848, 1.0507009873554804934);
}
Tensor leaky_relu(const Tensor& x, double slope) {
  check(slope >= 0, "leaky_relu", "the slope must not be negative, got ", slope);
  return unary("leaky_relu", UnaryOp::leaky_relu, x, Saves::result, slope);
}
Tensor hard_sigmoid(const Tensor& x) {
  return unary("hard_sigmoid", UnaryOp::hard_sigmoid, x, Saves::input);
}
Tensor hard_swish(const Tensor& x) {
  return unary("hard_swish", UnaryOp::hard_swish, x, Saves::input);
}

namespace {

void glu_back(const Back& back, Gate gate) {
  const Tensor dy = as_rows(back.dy);
  const Rows x = rows_of(back.saved[0]), g = rows_of(dy);
  back.sink.rows(0, [&](const Tensor& out, bool accumulate) {
    const Rows dx = rows_of(out);
    kernels::elementwise_kernels(out.device())
        .gate_back({.gate = gate,
                    .dtype = out.dtype(),
                    .rows = g.rows,
                    .n = g.cols,
                    .x = x.data,
                    .x_stride = x.row_stride,
                    .dy = g.data,
                    .dy_stride = g.row_stride,
                    .accumulate = accumulate,
                    .dx = dx.data,
                    .dx_stride = dx.row_stride});
  });
}

}  // namespace

Tensor glu(const Tensor& x, Gate gate) {
  check_float("glu", {&x});
  check<ShapeError>(x.rank() >= 1 && x.dim(-1) % 2 == 0, "glu",
                    "needs a last axis of two halves, value and gate, got ", x.shape());
  if (half_in_f32(x)) return glu(widened(x), gate).to(x.dtype());
  const Tensor held = as_rows(x);
  const Rows rows = rows_of(held);
  const Tensor y = Tensor::empty(x.shape().with(-1, x.dim(-1) / 2), x.dtype(), x.device());  // {..., n}
  kernels::elementwise_kernels(x.device())
      .gate({.gate = gate,
             .dtype = x.dtype(),
             .rows = rows.rows,
             .n = y.dim(-1),
             .x = rows.data,
             .x_stride = rows.row_stride,
             .y = y.raw()});
  return record({.op = "glu",
                 .inputs = {x},
                 .saved = {held},
                 .backward = [gate](const Back& back) { glu_back(back, gate); }},
                y);
}

}  // namespace mosaic
