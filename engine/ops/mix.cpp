// mix_experts: the weight of a mixture of supernets.
#include "engine/autograd/node.h"
#include "engine/kernels/kernels.h"
#include "engine/ops/check.h"
#include "engine/ops/half.h"
#include "engine/ops/ops.h"

namespace mosaic {
namespace {

// experts {m, out, in} or {m, out}, and results {out, in} or {out}, as rows and columns. A vector is one row
// under shared coefficients and one column under coefficients of each neuron.
struct MixShape {
  int64_t experts, rows, cols;
  int64_t expert_stride, row_stride;
};

bool last_axis_dense(const Tensor& x) {
  return x.dim(-1) == 1 || x.stride(-1) == 1;
}

MixShape mix_shape(const Tensor& experts, bool per_neuron) {
  if (experts.rank() == 3) {
    return {experts.dim(0), experts.dim(1), experts.dim(2), experts.stride(0), experts.stride(1)};
  }
  if (per_neuron) return {experts.dim(0), experts.dim(1), 1, experts.stride(0), experts.stride(1)};
  return {experts.dim(0), 1, experts.dim(1), experts.stride(0), 0};
}

void mix_backward(const Back& b, bool per_neuron) {
  const Tensor &alpha = b.saved[0], &experts = b.saved[1];
  const MixShape s = mix_shape(experts, per_neuron);
  const Tensor dy = s.cols == 1 || last_axis_dense(b.dy) ? b.dy : b.dy.dense();
  const bool vector = dy.rank() == 1;
  GradTarget dalpha, dstack;
  Tensor partial, whole;
  if (b.sink.wants(0)) {
    dalpha = b.sink.target(0);
    if (!per_neuron) partial = Tensor::empty({s.experts, s.rows}, dy.dtype(), dy.device());
  }
  if (b.sink.wants(1)) {
    dstack = b.sink.target(1);
    if (s.cols != 1 && !last_axis_dense(dstack.tensor)) {
      whole = Tensor::empty(experts.shape(), experts.dtype(), experts.device());
    }
  }
  const Tensor& to = whole.defined() ? whole : dstack.tensor;
  const MixShape at = to.defined() ? mix_shape(to, per_neuron) : MixShape{};
  kernels::mix_kernels(dy.device())
      .mix_grad({.dtype = dy.dtype(),
                 .experts = s.experts,
                 .rows = s.rows,
                 .cols = s.cols,
                 .alpha = alpha.raw(),
                 .alpha_row = per_neuron ? alpha.stride(0) : 0,
                 .alpha_expert = alpha.stride(-1),
                 .stack = experts.raw(),
                 .expert_stride = s.expert_stride,
                 .row_stride = s.row_stride,
                 .dy = dy.raw(),
                 .dy_stride = vector && !per_neuron ? 0 : dy.stride(0),
                 .dalpha = dalpha.tensor.defined() ? dalpha.tensor.raw() : nullptr,
                 .dalpha_row = dalpha.tensor.defined() && per_neuron ? dalpha.tensor.stride(0) : 0,
                 .dalpha_expert = dalpha.tensor.defined() ? dalpha.tensor.stride(-1) : 0,
                 .dalpha_add = dalpha.accumulate,
                 .dstack = to.defined() ? to.raw() : nullptr,
                 .dstack_expert = at.expert_stride,
                 .dstack_row = at.row_stride,
                 .dstack_add = dstack.accumulate && !whole.defined(),
                 .partial = partial.defined() ? partial.raw() : nullptr});
  if (!whole.defined()) return;
  dstack.accumulate ? add_(dstack.tensor, whole) : copy_(dstack.tensor, whole);
}

}  // namespace

Tensor mix_experts(const Tensor& alpha, const Tensor& experts) {
  constexpr const char* op = "mix_experts";
  check_float(op, {&alpha, &experts});
  check<ShapeError>(experts.rank() == 2 || experts.rank() == 3, op,
                    "experts must be {m, out, in} or {m, out}, got ", experts.shape());
  const int64_t m = experts.dim(0), out = experts.dim(1);
  const bool per_neuron = alpha.rank() == 2;
  check<ShapeError>(m >= 1 && (alpha.shape() == Shape{m} || alpha.shape() == Shape{out, m}), op, "experts ",
                    experts.shape(), " need alpha {", m, "} or {", out, ", ", m, "}, got ", alpha.shape());
  if (is_half(experts.dtype())) return mix_experts(widened(alpha), widened(experts)).to(experts.dtype());
  const Tensor a = alpha.detach();
  const bool column = experts.rank() == 2 && per_neuron;
  const Tensor stack = column || last_axis_dense(experts) ? experts.detach() : experts.detach().dense();
  const MixShape s = mix_shape(stack, per_neuron);
  const Tensor y = Tensor::empty(experts.shape().without(0), experts.dtype(), experts.device());
  kernels::mix_kernels(y.device())
      .mix({.dtype = y.dtype(),
            .experts = s.experts,
            .rows = s.rows,
            .cols = s.cols,
            .alpha = a.raw(),
            .alpha_row = per_neuron ? a.stride(0) : 0,
            .alpha_expert = a.stride(-1),
            .stack = stack.raw(),
            .expert_stride = s.expert_stride,
            .row_stride = s.row_stride,
            .y = y.raw()});
  if (!wants_grad({&alpha, &experts})) return y;
  return record({.op = op,
                 .inputs = {alpha, experts},
                 .saved = {a, stack},
                 .backward = [per_neuron](const Back& b) { mix_backward(b, per_neuron); }},
                y);
}

}  // namespace mosaic
