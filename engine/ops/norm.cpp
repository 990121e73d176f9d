// layer_norm, rms_norm and their forms with a residual sum share their kernels: the sums are kept for the
// gradient, and dropout masks are drawn again in the backward. RMS norm has no beta and does not centre.
#include "engine/ops/norm.h"
#include "engine/autograd/node.h"
#include "engine/kernels/kernels.h"
#include "engine/ops/check.h"
#include "engine/ops/drop.h"
#include "engine/ops/half.h"
#include "engine/ops/ops.h"
#include "engine/ops/row_target.h"

namespace mosaic {
namespace {

// beta undefined: RMS norm.
void check_norm(const char* op, const Tensor& x, const Tensor& gamma, const Tensor& beta, double eps) {
  check_terms(op, x, {&gamma, &beta});
  check<ShapeError>(x.rank() >= 1, op, "needs at least one axis, got a scalar");
  const Shape cols{x.dim(-1)};
  for (const Tensor* terms : {&gamma, &beta}) {
    check<ShapeError>(!terms->defined() || terms->shape() == cols, op, "x ", x.shape(),
                      " needs gamma (and beta) ", cols, ", got ", terms->shape());
  }
  check(eps >= 0, op, "eps must not be negative, got ", eps);
}

// saved: the normalised input, gamma, mean, rstd. Inputs: x, [y,] gamma, [beta].
void norm_backward(const Back& b, const kernels::Drop& drop, bool with_y, bool centred) {
  const Rows s = rows_of(b.saved[0]);
  const Tensor dy = as_rows(b.dy);
  const Rows g = rows_of(dy);
  const size_t first = with_y ? 2 : 1;
  const RowTarget dx(b.sink, 0), dsummand = with_y ? RowTarget(b.sink, 1) : RowTarget(b.sink, ~size_t{0});
  const RowTarget dgamma(b.sink, first), dbeta(b.sink, first + 1);
  Tensor partial;
  if (dgamma.data() || dbeta.data()) {
    partial = Tensor::empty({kernels::norm_chunks(s.rows), 2, s.cols}, accumulated(dy.dtype()), dy.device());
  }
  kernels::norm_kernels(dy.device())
      .layer_norm_grad({.dtype = dy.dtype(),
                        .rows = s.rows,
                        .cols = s.cols,
                        .centred = centred,
                        .s = s.data,
                        .s_stride = s.row_stride,
                        .gamma = b.saved[1].raw(),
                        .mean = b.saved[2].raw(),
                        .rstd = b.saved[3].raw(),
                        .dout = g.data,
                        .dout_stride = g.row_stride,
                        .dx = dx.data(),
                        .dx_stride = dx.row_stride(),
                        .dx_add = dx.add(),
                        .dy = dsummand.data(),
                        .dy_stride = dsummand.row_stride(),
                        .dy_add = dsummand.add(),
                        .drop = drop,
                        .dgamma = dgamma.data(),
                        .dgamma_add = dgamma.add(),
                        .dbeta = dbeta.data(),
                        .dbeta_add = dbeta.add(),
                        .partial = partial.defined() ? partial.raw() : nullptr});
  for (const RowTarget* target : {&dx, &dsummand, &dgamma, &dbeta}) target->finish();
}

// y undefined: no sum; beta undefined: RMS norm.
Tensor norm_of(const char* op, const Tensor& x, const Tensor& y, const kernels::Drop& drop,
               const Tensor& gamma, const Tensor& beta, double eps) {
  if (is_half(x.dtype()) &&
      (half_in_f32(x) || is_half(gamma.dtype()) || (beta.defined() && is_half(beta.dtype())))) {
    const auto native = [&x](const Tensor& t) { return half_in_f32(x) ? widened(t) : t; };
    return norm_of(op, native(x), native(y), drop, widened(gamma), widened(beta), eps).to(x.dtype());
  }
  const bool with_y = y.defined(), centred = beta.defined(), grad = wants_grad({&x, &y, &gamma, &beta});
  const Tensor xs = as_rows(x), ys = with_y ? as_rows(y) : Tensor(), g = gamma.detach().dense(),
               shift = centred ? beta.detach().dense() : Tensor();
  const Rows from = rows_of(xs);
  const Tensor out = Tensor::empty(x.shape(), x.dtype(), x.device());
  Tensor sum, mean, rstd;
  if (grad) {
    sum = with_y ? empty_like(out) : xs;
    mean = Tensor::empty({from.rows}, accumulated(x.dtype()), x.device());
    rstd = empty_like(mean);
  }
  kernels::norm_kernels(x.device())
      .layer_norm({.dtype = x.dtype(),
                   .rows = from.rows,
                   .cols = from.cols,
                   .x = from.data,
                   .x_stride = from.row_stride,
                   .y = with_y ? ys.raw() : nullptr,
                   .y_stride = with_y ? rows_of(ys).row_stride : 0,
                   .drop = drop,
                   .gamma = g.raw(),
                   .beta = centred ? shift.raw() : nullptr,
                   .centred = centred,
                   .eps = eps,
                   .out = out.raw(),
                   .sum = with_y && grad ? sum.raw() : nullptr,
                   .mean = grad ? mean.raw() : nullptr,
                   .rstd = grad ? rstd.raw() : nullptr});
  if (!grad) return out;
  Rule rule{.op = op,
            .inputs = {x, gamma},
            .saved = {sum, g, mean, rstd},
            .backward = [drop, with_y, centred](const Back& b) { norm_backward(b, drop, with_y, centred); }};
  if (with_y) rule.inputs.insert(rule.inputs.begin() + 1, y);
  if (centred) rule.inputs.push_back(beta);
  return record(std::move(rule), out);
}

Tensor norm_of_sum(const char* op, const Tensor& x, const Tensor& y, double dropout, Generator* rng,
                   const Tensor& gamma, const Tensor& beta, double eps) {
  check_norm(op, x, gamma, beta, eps);
  check_float(op, {&x, &y});
  check<ShapeError>(x.shape() == y.shape(), op, "x ", x.shape(), " and y ", y.shape(),
                    " must have one shape");
  return norm_of(op, x, y, make_drop(op, dropout, rng, y.numel()), gamma, beta, eps);
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, double eps) {
  check_defined("layer_norm", {&x, &gamma, &beta});
  check_norm("layer_norm", x, gamma, beta, eps);
  return norm_of("layer_norm", x, {}, {}, gamma, beta, eps);
}

Tensor add_layer_norm(const Tensor& x, const Tensor& y, double dropout, Generator* rng, const Tensor& gamma,
                      const Tensor& beta, double eps) {
  check_defined("add_layer_norm", {&x, &y, &gamma, &beta});
  return norm_of_sum("add_layer_norm", x, y, dropout, rng, gamma, beta, eps);
}

Tensor rms_norm(const Tensor& x, const Tensor& gamma, double eps) {
  check_defined("rms_norm", {&x, &gamma});
  check_norm("rms_norm", x, gamma, {}, eps);
  return norm_of("rms_norm", x, {}, {}, gamma, {}, eps);
}

Tensor add_rms_norm(const Tensor& x, const Tensor& y, double dropout, Generator* rng, const Tensor& gamma,
                    double eps) {
  check_defined("add_rms_norm", {&x, &y, &gamma});
  return norm_of_sum("add_rms_norm", x, y, dropout, rng, gamma, {}, eps);
}

}  // namespace mosaic
