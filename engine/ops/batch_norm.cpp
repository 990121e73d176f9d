// batch_norm, with the statistics of the batch or given ones. The derivative takes xhat from x again.
#include "engine/autograd/node.h"
#include "engine/kernels/kernels.h"
#include "engine/ops/check.h"
#include "engine/ops/half.h"
#include "engine/ops/norm.h"

namespace mosaic {
namespace {

// saved: x, gamma (undefined: ones), mean, variance. Inputs: x, gamma, beta.
void batch_norm_backward(const Back& back, double eps, bool given) {
  const Tensor dy = back.dy.dense();
  const Tensor &x = back.saved[0], &gamma = back.saved[1];
  const auto made = [&](size_t input, const Shape& shape) {
    return back.sink.wants(input) ? Tensor::empty(shape, dy.dtype(), dy.device()) : Tensor();
  };
  const Shape channels{x.dim(1)};
  const Tensor dx = made(0, x.shape()), dgamma = made(1, channels), dbeta = made(2, channels);
  const auto place = [](const Tensor& tensor) { return tensor.defined() ? tensor.raw() : nullptr; };
  kernels::norm_kernels(dy.device())
      .batch_norm_grad({.dtype = dy.dtype(),
                        .batch = x.dim(0),
                        .channels = x.dim(1),
                        .size = x.dim(0) == 0 || x.dim(1) == 0 ? 0 : x.numel() / (x.dim(0) * x.dim(1)),
                        .x = x.raw(),
                        .gamma = place(gamma),
                        .eps = eps,
                        .given = given,
                        .mean = back.saved[2].raw(),
                        .variance = back.saved[3].raw(),
                        .dy = dy.raw(),
                        .dx = place(dx),
                        .dgamma = place(dgamma),
                        .dbeta = place(dbeta)});
  if (dx.defined()) back.sink.add(0, dx);
  if (dgamma.defined()) back.sink.add(1, dgamma);
  if (dbeta.defined()) back.sink.add(2, dbeta);
}

void check_batch_norm(const char* op, const Tensor& x, std::initializer_list<const Tensor*> terms,
                      double eps) {
  check<ShapeError>(x.rank() >= 2, op, "needs x {batch, channels, ...}, got ", x.shape());
  for (const Tensor* term : terms) {
    check<ShapeError>(!term->defined() || term->shape() == Shape{x.dim(1)}, op, "x ", x.shape(),
                      " needs gamma, beta and statistics {", x.dim(1), "}, got ", term->shape());
  }
  check(eps >= 0, op, "eps must not be negative, got ", eps);
}

// mean and variance are written, or read when `given`.
Tensor normalised(const char* op, const Tensor& x, const Tensor& gamma, const Tensor& beta,
                  const Tensor& mean, const Tensor& variance, bool given, double eps) {
  const Tensor held = x.detach().dense(), y = Tensor::empty(x.shape(), x.dtype(), x.device());
  const Tensor scale = gamma.defined() ? gamma.detach().dense() : Tensor(),
               shift = beta.defined() ? beta.detach().dense() : Tensor();
  kernels::norm_kernels(x.device())
      .batch_norm({.dtype = x.dtype(),
                   .batch = x.dim(0),
                   .channels = x.dim(1),
                   .size = x.dim(0) == 0 || x.dim(1) == 0 ? 0 : x.numel() / (x.dim(0) * x.dim(1)),
                   .x = held.raw(),
                   .gamma = scale.defined() ? scale.raw() : nullptr,
                   .beta = shift.defined() ? shift.raw() : nullptr,
                   .eps = eps,
                   .given = given,
                   .mean = mean.raw(),
                   .variance = variance.raw(),
                   .y = y.raw()});
  return record({.op = op,
                 .inputs = {x, gamma, beta},
                 .saved = {held, scale, mean, variance},
                 .backward = [eps, given](const Back& b) { batch_norm_backward(b, eps, given); }},
                y);
}

}  // namespace

BatchNormResult batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, double eps) {
  constexpr const char* op = "batch_norm";
  check_terms(op, x, {&gamma, &beta});
  check_batch_norm(op, x, {&gamma, &beta}, eps);
  check<ShapeError>(x.numel() > 0 || x.dim(1) == 0, op, "has no elements to take statistics of in ",
                    x.shape());
  if (is_half(x.dtype())) {
    BatchNormResult wide = batch_norm(widened(x), widened(gamma), widened(beta), eps);
    wide.y = wide.y.to(x.dtype());
    return wide;
  }
  const Tensor mean = Tensor::empty({x.dim(1)}, x.dtype(), x.device()), variance = empty_like(mean);
  return {normalised(op, x, gamma, beta, mean, variance, false, eps), mean, variance};
}

Tensor batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, const Tensor& mean,
                  const Tensor& variance, double eps) {
  constexpr const char* op = "batch_norm_given";
  check_defined(op, {&x, &mean, &variance});
  check_terms(op, x, {&gamma, &beta, &mean, &variance});
  check_batch_norm(op, x, {&gamma, &beta, &mean, &variance}, eps);
  check<GradError>(!mean.tracked() && !variance.tracked(), op, "statistics cannot be tracked");
  if (is_half(x.dtype())) {
    return batch_norm(widened(x), widened(gamma), widened(beta), widened(mean), widened(variance), eps)
        .to(x.dtype());
  }
  return normalised(op, x, gamma, beta, mean.detach().dense(), variance.detach().dense(), true, eps);
}

}  // namespace mosaic
