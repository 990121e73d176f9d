// Making and overwriting: arange, fill_, copy_, add_, scale_. None is recorded.
#include "engine/kernels/kernels.h"
#include "engine/ops/check.h"
#include "engine/ops/half.h"
#include "engine/ops/loop.h"
#include "engine/ops/ops.h"

namespace mosaic {

Tensor arange(int64_t n, DType dtype, Device device) {
  check(n >= 0, "arange", "needs a length >= 0, got ", n);
  const Tensor y = Tensor::empty({n}, dtype);
  visit_any(dtype, [&]<class T>() {
    for (int64_t i = 0; i < n; ++i) y.data<T>()[i] = static_cast<T>(static_cast<compute_t<T>>(i));
  });
  return y.to(device);
}

void fill_(const Tensor& x, double value) {
  check(x.defined(), "fill_", "tensor is undefined");
  x.touch();
  if (x.numel() == 0) return;
  kernels::elementwise_kernels(x.device())
      .fill({.dtype = x.dtype(), .value = value, .y = x.raw(), .loop = make_loop<1>(x.shape(), {&x})});
}

void copy_(const Tensor& to, const Tensor& from) {
  check(to.defined() && from.defined(), "copy_", "a tensor is undefined");
  check<ShapeError>(to.shape() == from.shape(), "copy_", "cannot copy ", from.shape(), " into ", to.shape());
  if (to.device() != from.device()) return copy_(to, from.detach().to(to.device()));
  to.touch();
  if (to.numel() == 0) return;
  const bool through_f32 = to.dtype() != from.dtype() && to.dtype() != f32 && from.dtype() != f32 &&
                           (is_half(to.dtype()) || is_half(from.dtype()));
  if (through_f32) return copy_(to, from.detach().to(f32));
  kernels::elementwise_kernels(to.device())
      .copy({.from = from.dtype(),
             .to = to.dtype(),
             .x = from.raw(),
             .y = to.raw(),
             .loop = make_loop<2>(to.shape(), {&from, &to})});
}

void add_(const Tensor& to, const Tensor& from, double scale) {
  check_defined("add_", {&to, &from});
  check_float("add_", {&to, &from});
  check<ShapeError>(to.shape() == from.shape(), "add_", "cannot add ", from.shape(), " to ", to.shape());
  to.touch();
  if (to.numel() == 0) return;
  if (half_in_f32(to)) {
    const Tensor sum = to.detach().to(f32);
    add_(sum, from.detach().to(f32), scale);
    return copy_(to, sum);
  }
  kernels::elementwise_kernels(to.device())
      .unary({.op = kernels::UnaryOp::mul,
              .dtype = to.dtype(),
              .a = scale,
              .accumulate = true,
              .x = from.raw(),
              .y = to.raw(),
              .loop = make_loop<2>(to.shape(), {&from, &to})});
}

void scale_(const Tensor& x, double factor) {
  check_float("scale_", {&x});
  x.touch();
  if (x.numel() == 0) return;
  if (half_in_f32(x)) {
    const Tensor scaled = x.detach().to(f32);
    scale_(scaled, factor);
    return copy_(x, scaled);
  }
  kernels::elementwise_kernels(x.device())
      .unary({.op = kernels::UnaryOp::mul,
              .dtype = x.dtype(),
              .a = factor,
              .x = x.raw(),
              .y = x.raw(),
              .loop = make_loop<2>(x.shape(), {&x, &x})});
}

}  // namespace mosaic
