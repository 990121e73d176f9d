// Matrix products: everything becomes a GEMM over strided operands; slices and transposes are read in place.
#include <algorithm>
#include <array>

#include "engine/autograd/node.h"
#include "engine/core/meter.h"
#include "engine/kernels/kernels.h"
#include "engine/ops/check.h"
#include "engine/ops/half.h"
#include "engine/ops/loop.h"
#include "engine/ops/ops.h"
#include "engine/ops/product.h"
#include "engine/ops/sum_to.h"

namespace mosaic {
namespace {

// A matrix of the last two axes as GEMM takes it: leading dimension and whether it is read transposed.
struct Matrix {
  Tensor tensor;
  int64_t ld = 0;
  bool transposed = false;
};

// One of the last two axes dense and the other's stride at least its length (size-one axes do not matter);
// a dense copy otherwise.
Matrix as_matrix(const Tensor& x) {
  const int64_t rows = x.dim(-2), cols = x.dim(-1);
  if (rows == 0 || cols == 0) return {x, std::max<int64_t>(cols, 1), false};
  const int64_t down = rows == 1 ? std::max(cols, x.stride(-2)) : x.stride(-2);
  const int64_t along = cols == 1 ? std::max(rows, x.stride(-1)) : x.stride(-1);
  if ((cols == 1 || along == 1) && down >= cols) return {x, down, false};
  if ((rows == 1 || down == 1) && along >= rows) return {x, along, true};
  return {x.detach().dense(), cols, false};
}

}  // namespace

void product(const Tensor& a, const Tensor& b, const Tensor& y, bool accumulate) {
  if (y.numel() == 0) return;
  metering::count_products(y.numel() * a.dim(-1));
  const Matrix ma = as_matrix(a), mb = as_matrix(b);
  Shape batch;
  for (int axis = 0; axis < y.rank() - 2; ++axis) batch = batch.inserted(axis, y.dim(axis));
  const auto leading_axes = [&](const Tensor& t) {
    Shape shape;
    for (int axis = 0; axis < t.rank() - 2; ++axis) shape = shape.inserted(axis, t.dim(axis));
    return t.with_layout(shape, t.strides(), t.offset());
  };
  const Tensor la = leading_axes(ma.tensor), lb = leading_axes(mb.tensor), ly = leading_axes(y);
  const auto loop = make_loop<3>(batch, {&la, &lb, &ly});
  kernels::GemmArgs args{.dtype = a.dtype(),
                         .wide = y.dtype() != a.dtype(),
                         .m = y.dim(-2),
                         .n = y.dim(-1),
                         .k = a.dim(-1),
                         .lda = ma.ld,
                         .trans_a = ma.transposed,
                         .ldb = mb.ld,
                         .trans_b = mb.transposed,
                         .ldc = y.dim(-2) == 1 ? y.dim(-1) : y.stride(-2),
                         .accumulate = accumulate};
  // The two innermost batch axes are GEMM's own loops, further ones (rare) run here.
  const int last = loop.rank - 1, next = loop.rank - 2;
  args.batch1 = loop.sizes[last];
  args.a1 = loop.strides[0][last], args.b1 = loop.strides[1][last], args.c1 = loop.strides[2][last];
  if (next >= 0) {
    args.batch0 = loop.sizes[next];
    args.a0 = loop.strides[0][next], args.b0 = loop.strides[1][next], args.c0 = loop.strides[2][next];
  }
  const kernels::Gemm& gemm = kernels::gemm_kernels(y.device());
  int64_t runs = 1;
  for (int axis = 0; axis < next; ++axis) runs *= loop.sizes[axis];
  for (int64_t run = 0; run < runs; ++run) {
    std::array<int64_t, 3> at{};
    for (int64_t rest = run, axis = next - 1; axis >= 0; --axis) {
      for (size_t k = 0; k < 3; ++k) at[k] += rest % loop.sizes[axis] * loop.strides[k][axis];
      rest /= loop.sizes[axis];
    }
    const int64_t size = size_of(a.dtype());
    args.a = static_cast<const char*>(ma.tensor.raw()) + at[0] * size;
    args.b = static_cast<const char*>(mb.tensor.raw()) + at[1] * size;
    args.c = static_cast<char*>(y.raw()) + at[2] * size_of(y.dtype());
    gemm.gemm(args);
  }
}

void column_sums(const Tensor& x, const Tensor& db, bool accumulate) {
  kernels::reduce_kernels(db.device())
      .column_sum({.dtype = x.dtype(),
                   .wide = db.dtype() != x.dtype(),
                   .x = x.raw(),
                   .outer = 1,
                   .n = x.dim(0),
                   .cols = x.dim(1),
                   .row_stride = x.stride(0),
                   .accumulate = accumulate,
                   .y = db.raw()});
}

namespace {

// A row-strided tensor as one matrix {rows, cols}, sharing bytes.
Tensor as_one_matrix(const Tensor& x) {
  const Rows rows = rows_of(x);
  return x.with_layout({rows.rows, rows.cols}, {rows.row_stride, 1}, x.offset());
}

// a {..., m, k} x b {k, n}: one tall product, and gradients written straight into their places.
Tensor tall_matmul(const Tensor& a, const Tensor& b, const Tensor& y) {
  const Tensor rows = as_rows(a);
  product(as_one_matrix(rows), b, as_one_matrix(y), false);
  return record({.op = "matmul",
                 .inputs = {a, b},
                 .saved = {rows, b},
                 .backward =
                     [](const Back& back) {
                       const Tensor held = as_rows(back.dy), dy = as_one_matrix(held);
                       const Tensor a = as_one_matrix(back.saved[0]), &b = back.saved[1];
                       back.sink.rows(0, [&](const Tensor& out, bool accumulate) {
                         product(dy, transpose(b), as_one_matrix(out), accumulate);
                       });
                       back.sink.rows(1, [&](const Tensor& out, bool accumulate) {
                         product(transpose(a), dy, as_one_matrix(out), accumulate);
                       });
                     }},
                y);
}

// Adds to input i the gradient left x right (leading axes of dy), summed over the axes it was broadcast
// along.
void deliver_product(const Back& back, size_t i, const Shape& shape, const Tensor& left,
                     const Tensor& right) {
  if (!back.sink.wants(i)) return;
  Shape whole = back.dy.shape().with(-2, shape[-2]).with(-1, shape[-1]);
  if (whole == shape) {
    back.sink.rows(i, [&](const Tensor& out, bool accumulate) { product(left, right, out, accumulate); });
    return;
  }
  const Tensor g = Tensor::empty(whole, back.dy.dtype(), back.dy.device());
  product(left, right, g, false);
  back.sink.add(i, sum_to(g, shape));
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  check_defined("matmul", {&a, &b});
  check_float("matmul", {&a, &b});
  if (half_in_f32(a)) return matmul(widened(a), widened(b)).to(a.dtype());
  check<ShapeError>(a.rank() >= 2 && b.rank() >= 2, "matmul", "needs matrices, got ", a.shape(), " x ",
                    b.shape());
  check<ShapeError>(a.dim(-1) == b.dim(-2), "matmul", a.shape(), " x ", b.shape(), ": inner sizes differ");
  const Shape batch = Shape::broadcast(a.shape().without(-1).without(-1), b.shape().without(-1).without(-1));
  const Shape shape = batch.inserted(batch.rank(), a.dim(-2)).inserted(batch.rank() + 1, b.dim(-1));
  const Tensor y = Tensor::empty(shape, a.dtype(), a.device());
  if (b.rank() == 2) return tall_matmul(a, b, y);
  product(a, b, y, false);
  return record({.op = "matmul",
                 .inputs = {a, b},
                 .saved = {a, b},
                 .backward =
                     [](const Back& back) {
                       const Tensor &a = back.saved[0], &b = back.saved[1];
                       deliver_product(back, 0, a.shape(), back.dy, transpose(b));
                       deliver_product(back, 1, b.shape(), transpose(a), back.dy);
                     }},
                y);
}

namespace {

// dy where y > 0.
Tensor relu_back(const Tensor& dy, const Tensor& y) {
  const Tensor dz = empty_like(y);
  if (y.numel() == 0) return dz;
  kernels::elementwise_kernels(y.device())
      .unary_back({.op = kernels::UnaryOp::relu,
                   .dtype = y.dtype(),
                   .saved = y.raw(),
                   .dy = dy.raw(),
                   .dx = dz.raw(),
                   .loop = make_loop<3>(y.shape(), {&y, &dy, &dz})});
  return dz;
}

// A parameter of linear: whose gradient it is, and what is multiplied with, of the type that is computed in.
// A master is rounded to the activations' type, and its gradient is not.
struct Parameter {
  Tensor owner, value;

  Parameter(const Tensor& parameter, const Tensor& x) {
    const bool master = is_master(parameter, x.dtype()), in_f32 = half_in_f32(x);
    owner = in_f32 && !master ? widened(parameter) : parameter;
    if (!parameter.defined()) return;
    value = master ? parameter.detach().to(x.dtype()) : owner.detach();
    if (in_f32) value = widened(value);
  }
};

Tensor linear_of(const Tensor& x, const Parameter& weight, const Parameter& bias, Activation activation) {
  const bool relu = activation == Activation::relu;
  const int64_t in = x.dim(-1), out = weight.value.dim(0);
  const Matrix w = as_matrix(weight.value);
  const Tensor held = as_rows(x), b = bias.value.defined() ? bias.value.dense() : Tensor();
  const Rows rows = rows_of(held);
  const Tensor y = Tensor::empty(x.shape().with(-1, out), x.dtype(), x.device());  // {..., out}
  metering::count_products(rows.rows * out * in);
  kernels::gemm_kernels(x.device())
      .gemm({.dtype = x.dtype(),
             .m = rows.rows,
             .n = out,
             .k = in,
             .a = rows.data,
             .lda = std::max(rows.row_stride, in),
             .b = w.tensor.raw(),
             .ldb = w.ld,
             .trans_b = !w.transposed,
             .c = y.raw(),
             .ldc = out,
             .bias = b.defined() ? b.raw() : nullptr,
             .epilogue = relu ? kernels::Epilogue::relu : kernels::Epilogue::none});
  if (!wants_grad({&x, &weight.owner, &bias.owner})) return y;
  return record({.op = "linear",
                 .inputs = {x, weight.owner, bias.owner},
                 .saved = {held, w.tensor, relu ? y : Tensor()},
                 .backward =
                     [](const Back& back) {
                       const Tensor &x = back.saved[0], &w = back.saved[1], &y = back.saved[2];
                       const Tensor dz = y.defined() ? relu_back(back.dy, y) : as_rows(back.dy);
                       const Tensor flat = as_one_matrix(dz);  // {rows, out}
                       back.sink.rows(0, [&](const Tensor& dx, bool accumulate) {
                         product(flat, w, as_one_matrix(dx), accumulate);
                       });
                       back.sink.rows(1, [&](const Tensor& dw, bool accumulate) {
                         product(transpose(flat), as_one_matrix(x), dw, accumulate);
                       });
                       back.sink.rows(
                           2, [&](const Tensor& db, bool accumulate) { column_sums(flat, db, accumulate); });
                     }},
                y);
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation) {
  check_defined("linear", {&x, &weight});
  check_terms("linear", x, {&weight, &bias});
  check<ShapeError>(weight.rank() == 2 && x.rank() >= 1, "linear",
                    "needs x {..., in} and weight {out, in}, got ", x.shape(), " and ", weight.shape());
  const int64_t in = weight.dim(1), out = weight.dim(0);
  check<ShapeError>(x.dim(-1) == in, "linear", "x ", x.shape(), " does not fit weight ", weight.shape());
  check<ShapeError>(!bias.defined() || bias.shape() == Shape{out}, "linear", "bias must be {", out, "}, got ",
                    bias.defined() ? bias.shape() : Shape{});
  const Parameter w(weight, x), b(bias, x);
  if (half_in_f32(x)) return linear_of(widened(x), w, b, activation).to(x.dtype());
  return linear_of(x, w, b, activation);
}

}  // namespace mosaic
