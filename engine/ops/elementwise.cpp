// Elementwise ops of one operand, comparisons, choices. The unary functions and their derivatives are in
// kernels/scalar.h, side by side.
#include "engine/autograd/node.h"
#include "engine/kernels/kernels.h"
#include "engine/ops/check.h"
#include "engine/ops/half.h"
#include "engine/ops/loop.h"
#include "engine/ops/ops.h"
#include "engine/ops/sum_to.h"
#include "engine/ops/unary.h"

namespace mosaic {

using kernels::CompareOp;
using kernels::UnaryOp;

Tensor unary(const char* name, UnaryOp op, const Tensor& x, Saves saves, double a, double b) {
  check_float(name, {&x});
  if (half_in_f32(x)) return unary(name, op, widened(x), saves, a, b).to(x.dtype());
  const Tensor y = empty_like(x);
  if (y.numel() > 0) {
    kernels::elementwise_kernels(x.device())
        .unary({.op = op,
                .dtype = x.dtype(),
                .a = a,
                .b = b,
                .x = x.raw(),
                .y = y.raw(),
                .loop = make_loop<2>(x.shape(), {&x, &y})});
  }
  if (!wants_grad({&x})) return y;
  std::vector<Tensor> saved;
  if (saves != Saves::nothing) saved.push_back(saves == Saves::input ? x : y);
  return record({.op = name,
                 .inputs = {x},
                 .saved = std::move(saved),
                 .backward =
                     [op, a, b](const Back& back) {
                       const auto [dx, accumulate] = back.sink.target(0);
                       if (dx.numel() == 0) return;
                       const Tensor& s = back.saved.empty() ? back.dy : back.saved[0];
                       kernels::elementwise_kernels(dx.device())
                           .unary_back({.op = op,
                                        .dtype = dx.dtype(),
                                        .a = a,
                                        .b = b,
                                        .accumulate = accumulate,
                                        .saved = s.raw(),
                                        .dy = back.dy.raw(),
                                        .dx = dx.raw(),
                                        .loop = make_loop<3>(dx.shape(), {&s, &back.dy, &dx})});
                     }},
                y);
}

namespace {

Tensor compare(const char* name, CompareOp op, const Tensor& a, const Tensor& b) {
  check_defined(name, {&a, &b});
  check_alike(name, {&a, &b});
  const Tensor y = Tensor::empty(Shape::broadcast(a.shape(), b.shape()), u8, a.device());
  if (y.numel() > 0) {
    kernels::elementwise_kernels(y.device())
        .compare({.op = op,
                  .dtype = a.dtype(),
                  .a = a.raw(),
                  .b = b.raw(),
                  .y = y.raw(),
                  .loop = make_loop<3>(y.shape(), {&a, &b, &y})});
  }
  return y;
}

void run_where(const Tensor& mask, const Tensor& a, const Tensor& b, const Tensor& y) {
  if (y.numel() == 0) return;
  kernels::elementwise_kernels(y.device())
      .where({.dtype = y.dtype(),
              .mask = mask.raw(),
              .a = a.raw(),
              .b = b.raw(),
              .y = y.raw(),
              .loop = make_loop<4>(y.shape(), {&mask, &a, &b, &y})});
}

}  // namespace

Tensor add(const Tensor& x, double value) {
  return unary("add_value", UnaryOp::add, x, Saves::nothing, value);
}
Tensor mul(const Tensor& x, double value) {
  return unary("mul_value", UnaryOp::mul, x, Saves::nothing, value);
}
Tensor pow(const Tensor& x, double exponent) {
  return unary("pow", UnaryOp::pow, x, Saves::input, exponent);
}
Tensor neg(const Tensor& x) {
  return unary("neg", UnaryOp::neg, x, Saves::nothing);
}
Tensor exp(const Tensor& x) {
  return unary("exp", UnaryOp::exp, x, Saves::result);
}
Tensor log(const Tensor& x) {
  return unary("log", UnaryOp::log, x, Saves::input);
}
Tensor sqrt(const Tensor& x) {
  return unary("sqrt", UnaryOp::sqrt, x, Saves::result);
}
Tensor rsqrt(const Tensor& x) {
  return unary("rsqrt", UnaryOp::rsqrt, x, Saves::result);
}
Tensor square(const Tensor& x) {
  return unary("square", UnaryOp::square, x, Saves::input);
}
Tensor abs(const Tensor& x) {
  return unary("abs", UnaryOp::abs, x, Saves::input);
}
Tensor sin(const Tensor& x) {
  return unary("sin", UnaryOp::sin, x, Saves::input);
}
Tensor cos(const Tensor& x) {
  return unary("cos", UnaryOp::cos, x, Saves::input);
}
Tensor tanh(const Tensor& x) {
  return unary("tanh", UnaryOp::tanh, x, Saves::result);
}
Tensor sigmoid(const Tensor& x) {
  return unary("sigmoid", UnaryOp::sigmoid, x, Saves::result);
}
Tensor relu(const Tensor& x) {
  return unary("relu", UnaryOp::relu, x, Saves::result);
}
Tensor gelu(const Tensor& x) {
  return unary("gelu", UnaryOp::gelu, x, Saves::input);
}
Tensor clamp(const Tensor& x, double low, double high) {
  check(low <= high, "clamp", "needs low <= high, got ", low, " and ", high);
  return unary("clamp", UnaryOp::clamp, x, Saves::input, low, high);
}

Tensor where(const Tensor& mask, const Tensor& a, const Tensor& b) {
  check_defined("where", {&mask, &a, &b});
  check_alike("where", {&a, &b});
  check<DtypeError>(mask.dtype() == u8, "where", "mask must be u8, got ", mask.dtype());
  check<DeviceError>(mask.device() == a.device(), "where", "mask is on ", mask.device(), ", the rest on ",
                     a.device());
  const Shape shape = Shape::broadcast(mask.shape(), Shape::broadcast(a.shape(), b.shape()));
  const Tensor y = Tensor::empty(shape, a.dtype(), a.device());
  run_where(mask, a, b, y);
  return record({.op = "where",
                 .inputs = {a, b},
                 .saved = {mask},
                 .backward =
                     [shapes = std::array{a.shape(), b.shape()}](const Back& back) {
                       const Tensor& mask = back.saved[0];
                       const Tensor zero = Tensor::zeros({}, back.dy.dtype(), back.dy.device());
                       for (size_t i = 0; i < 2; ++i) {
                         if (!back.sink.wants(i)) continue;
                         const Tensor g = empty_like(back.dy);
                         run_where(mask, i == 0 ? back.dy : zero, i == 0 ? zero : back.dy, g);
                         back.sink.add(i, sum_to(g, shapes[i]));
                       }
                     }},
                y);
}

Tensor equal(const Tensor& a, const Tensor& b) {
  return compare("equal", CompareOp::equal, a, b);
}
Tensor less(const Tensor& a, const Tensor& b) {
  return compare("less", CompareOp::less, a, b);
}

Tensor is_finite(const Tensor& x) {
  check_float("is_finite", {&x});
  if (half_in_f32(x)) return is_finite(widened(x));
  const Tensor y = Tensor::empty(x.shape(), u8, x.device());
  if (y.numel() > 0) {
    kernels::elementwise_kernels(x.device())
        .finite({.dtype = x.dtype(), .x = x.raw(), .y = y.raw(), .loop = make_loop<2>(x.shape(), {&x, &y})});
  }
  return y;
}

}  // namespace mosaic
