// Reductions over all elements or one axis.
#include "engine/autograd/node.h"
#include "engine/kernels/kernels.h"
#include "engine/ops/check.h"
#include "engine/ops/half.h"
#include "engine/ops/ops.h"
#include "engine/ops/sum_to.h"

namespace mosaic {
namespace {

// f64 {}: the sum, or the sum of squares.
Tensor total(const Tensor& x, bool squares) {
  if (half_in_f32(x)) return total(widened(x.detach()), squares);
  const Tensor dense = x.detach().dense();
  const int64_t n = dense.numel();
  const Tensor partials =
      Tensor::empty({(n + kernels::total_chunk - 1) / kernels::total_chunk}, f64, x.device());
  const Tensor y = Tensor::empty({}, f64, x.device());
  kernels::reduce_kernels(x.device())
      .total({.dtype = x.dtype(),
              .x = dense.raw(),
              .n = n,
              .squares = squares,
              .partials = partials.data<double>(),
              .y = y.data<double>()});
  return y;
}

Tensor sum_all(const char* op, const Tensor& x, double scale) {
  check_float(op, {&x});
  const Tensor y = total(x, false);
  if (scale != 1) scale_(y, scale);
  return record({.op = op,
                 .inputs = {x},
                 .saved = {},
                 .backward =
                     [shape = x.shape(), scale](const Back& b) {
                       b.sink.add(0, expand(scale == 1 ? b.dy : mul(b.dy, scale), shape));
                     }},
                y.to(x.dtype()));
}

Tensor sum_one(const char* op, const Tensor& x, int axis, bool keep, double scale) {
  axis = x.shape().check_axis(axis);
  Tensor y = sum_axis(x, axis, scale);
  if (keep) y = unsqueeze(y, axis);
  return record({.op = op,
                 .inputs = {x},
                 .saved = {},
                 .backward =
                     [shape = x.shape(), axis, keep, scale](const Back& b) {
                       const Tensor g = scale == 1 ? b.dy : mul(b.dy, scale);
                       b.sink.add(0, expand(keep ? g : unsqueeze(g, axis), shape));
                     }},
                y);
}

// x with `axis` moved to the end, the others in order.
Tensor axis_last(const Tensor& x, int axis) {
  if (axis == x.rank() - 1) return x;
  std::vector<int> order;
  for (int i = 0; i < x.rank(); ++i) {
    if (i != axis) order.push_back(i);
  }
  order.push_back(axis);
  return permute(x, order);
}

int check_reduced(const char* op, const Tensor& x, int axis) {
  check_float(op, {&x});
  axis = x.shape().check_axis(axis);
  check<ShapeError>(x.dim(axis) > 0, op, "axis ", axis, " of ", x.shape(), " is empty");
  return axis;
}

void run_row_max(const Tensor& x, void* values, int32_t* indices) {
  const Tensor held = as_rows(x);
  const Rows rows = rows_of(held);
  kernels::reduce_kernels(x.device())
      .row_max({.dtype = x.dtype(),
                .x = rows.data,
                .rows = rows.rows,
                .cols = rows.cols,
                .row_stride = rows.row_stride,
                .values = values,
                .indices = indices});
}

void run_column_max(const Tensor& x, void* values, int32_t* indices) {
  const Tensor held = as_rows(x);
  const int64_t n = x.dim(-2), cols = x.dim(-1);
  kernels::reduce_kernels(x.device())
      .column_max({.dtype = x.dtype(),
                   .x = held.raw(),
                   .outer = cols == 0 ? 0 : x.numel() / (n * cols),
                   .n = n,
                   .cols = cols,
                   .row_stride = rows_of(held).row_stride,
                   .values = values,
                   .indices = indices});
}

// One way to take maxima along an axis: `run` finds them with their places, `put` writes a gradient to these.
struct MaxAlong {
  int axis;
  void (*run)(const Tensor& x, void* values, int32_t* indices);
  void (*put)(const Tensor& dy, const Tensor& indices, const Tensor& dx, bool accumulate);
};

void put_in_rows(const Tensor& dy, const Tensor& indices, const Tensor& dx, bool accumulate) {
  const Rows rows = rows_of(dx);
  kernels::index_kernels(dx.device())
      .put({.dtype = dx.dtype(),
            .dy = dy.raw(),
            .indices = indices.data<int32_t>(),
            .rows = rows.rows,
            .cols = rows.cols,
            .accumulate = accumulate,
            .dx = rows.data,
            .dx_stride = rows.row_stride});
}

void put_in_columns(const Tensor& dy, const Tensor& indices, const Tensor& dx, bool accumulate) {
  const int64_t n = dx.dim(-2), cols = dx.dim(-1);
  kernels::index_kernels(dx.device())
      .put_columns({.dtype = dx.dtype(),
                    .dy = dy.raw(),
                    .indices = indices.data<int32_t>(),
                    .outer = cols == 0 ? 0 : dx.numel() / (n * cols),
                    .n = n,
                    .cols = cols,
                    .accumulate = accumulate,
                    .dx = dx.raw(),
                    .dx_stride = rows_of(dx).row_stride});
}

constexpr MaxAlong along_rows{-1, run_row_max, put_in_rows};
constexpr MaxAlong along_columns{-2, run_column_max, put_in_columns};

Tensor max_along(const Tensor& x, const MaxAlong& along) {
  const Tensor y = Tensor::empty(x.shape().without(along.axis), x.dtype(), x.device());
  const Tensor indices = Tensor::empty(y.shape(), i32, x.device());
  along.run(x, y.raw(), indices.data<int32_t>());
  return record({.op = "max",
                 .inputs = {x},
                 .saved = {indices},
                 .backward =
                     [put = along.put](const Back& b) {
                       const Tensor dy = b.dy.dense();
                       b.sink.rows(0, [&](const Tensor& out, bool accumulate) {
                         put(dy, b.saved[0], out, accumulate);
                       });
                     }},
                y);
}

// Whether elements along the axis are neighbours; else those along what is behind it mostly are.
bool rows_along(const Tensor& x, int axis) {
  return axis == x.rank() - 1 || axis_last(x.detach(), axis).is_row_strided();
}

// x with `axis` before the last: what is behind it is one axis.
Tensor axis_before_last(const Tensor& x, int axis) {
  if (axis == x.rank() - 2) return x;
  int64_t outer = 1, cols = 1;
  for (int i = 0; i < x.rank(); ++i) (i < axis ? outer : cols) *= i == axis ? 1 : x.dim(i);
  return reshape(x, {outer, x.dim(axis), cols});
}

Tensor logsumexp_last(const Tensor& x) {
  const Tensor held = as_rows(x);
  const Rows rows = rows_of(held);
  const Tensor y = Tensor::empty(x.shape().without(-1), x.dtype(), x.device());
  kernels::reduce_kernels(x.device())
      .logsumexp({.dtype = x.dtype(),
                  .x = rows.data,
                  .rows = rows.rows,
                  .cols = rows.cols,
                  .row_stride = rows.row_stride,
                  .y = y.raw()});
  // d/dx = softmax(x) = exp(x - y)
  return record({.op = "logsumexp",
                 .inputs = {x},
                 .saved = {held, y},
                 .backward =
                     [](const Back& b) {
                       const Rows x = rows_of(b.saved[0]);
                       const Tensor dy = b.dy.dense();
                       b.sink.rows(0, [&](const Tensor& out, bool accumulate) {
                         const Rows dx = rows_of(out);
                         kernels::reduce_kernels(out.device())
                             .logsumexp_back({.dtype = out.dtype(),
                                              .x = x.data,
                                              .rows = x.rows,
                                              .cols = x.cols,
                                              .row_stride = x.row_stride,
                                              .y = b.saved[1].raw(),
                                              .dy = dy.raw(),
                                              .accumulate = accumulate,
                                              .dx = dx.data,
                                              .dx_stride = dx.row_stride});
                       });
                     }},
                y);
}

}  // namespace

Tensor sum_axis(const Tensor& x, int axis, double scale) {
  check_float("sum", {&x});
  if (half_in_f32(x)) return sum_axis(widened(x.detach()), axis, scale).to(x.dtype());
  axis = x.shape().check_axis(axis);
  const Tensor y = Tensor::empty(x.shape().without(axis), x.dtype(), x.device());
  if (y.numel() == 0) return y;
  int64_t outer = 1, inner = 1;
  for (int i = 0; i < x.rank(); ++i) (i < axis ? outer : inner) *= i == axis ? 1 : x.dim(i);
  const auto& reduce = kernels::reduce_kernels(x.device());
  const int64_t n = x.dim(axis);
  if (inner == 1) {
    // Axes of size one behind the reduced one do not matter: read {outer, n}.
    const Tensor held = axis == x.rank() - 1 ? as_rows(x) : x.detach().dense();
    const int64_t stride = axis == x.rank() - 1 ? rows_of(held).row_stride : n;
    reduce.row_sum({.dtype = x.dtype(),
                    .x = held.raw(),
                    .rows = outer,
                    .cols = n,
                    .row_stride = stride,
                    .scale = scale,
                    .y = y.raw()});
    return y;
  }
  const Tensor held = axis == x.rank() - 2 ? as_rows(x) : x.detach().dense();
  const int64_t stride = axis == x.rank() - 2 ? rows_of(held).row_stride : inner;
  reduce.column_sum({.dtype = x.dtype(),
                     .x = held.raw(),
                     .outer = outer,
                     .n = n,
                     .cols = inner,
                     .row_stride = stride,
                     .scale = scale,
                     .y = y.raw()});
  return y;
}

Tensor sum(const Tensor& x) {
  return sum_all("sum", x, 1);
}
Tensor mean(const Tensor& x) {
  return sum_all("mean", x, 1 / static_cast<double>(x.numel()));
}
Tensor sum(const Tensor& x, int axis, bool keep) {
  return sum_one("sum_axis", x, axis, keep, 1);
}
Tensor mean(const Tensor& x, int axis, bool keep) {
  return sum_one("mean_axis", x, axis, keep, 1 / static_cast<double>(x.dim(axis)));
}

Tensor max(const Tensor& x, int axis, bool keep) {
  axis = check_reduced("max", x, axis);
  if (is_half(x.dtype())) return max(widened(x), axis, keep).to(x.dtype());
  const Tensor y = rows_along(x, axis) ? max_along(axis_last(x, axis), along_rows)
                                       : reshape(max_along(axis_before_last(x, axis), along_columns),
                                                 x.shape().without(axis));
  return keep ? unsqueeze(y, axis) : y;
}

Tensor logsumexp(const Tensor& x, int axis, bool keep) {
  axis = check_reduced("logsumexp", x, axis);
  if (is_half(x.dtype())) return logsumexp(widened(x), axis, keep).to(x.dtype());
  const Tensor y = logsumexp_last(axis_last(x, axis));
  return keep ? unsqueeze(y, axis) : y;
}

Tensor argmax(const Tensor& x, int axis) {
  axis = check_reduced("argmax", x, axis);
  if (is_half(x.dtype())) return argmax(widened(x.detach()), axis);
  const Tensor indices = Tensor::empty(x.shape().without(axis), i32, x.device());
  if (rows_along(x, axis)) {
    run_row_max(axis_last(x.detach(), axis), nullptr, indices.data<int32_t>());
  } else {
    run_column_max(axis_before_last(x.detach(), axis), nullptr, indices.data<int32_t>());
  }
  return indices;
}

TopK topk(const Tensor& x, int64_t k) {
  check_float("topk", {&x});
  check<ShapeError>(x.rank() > 0, "topk", "needs at least one axis");
  check(k >= 1 && k <= x.dim(-1), "topk", "k must lie in 1..", x.dim(-1), ", got ", k);
  if (is_half(x.dtype())) {
    const TopK wide = topk(widened(x.detach()), k);
    return {wide.values.to(x.dtype()), wide.indices};
  }
  const Shape shape = x.shape().with(-1, k);
  TopK result{Tensor::empty(shape, x.dtype(), x.device()), Tensor::empty(shape, i32, x.device())};
  const Tensor held = as_rows(x);
  const Rows rows = rows_of(held);
  kernels::reduce_kernels(x.device())
      .topk({.dtype = x.dtype(),
             .x = rows.data,
             .rows = rows.rows,
             .cols = rows.cols,
             .row_stride = rows.row_stride,
             .k = k,
             .values = result.values.raw(),
             .indices = result.indices.data<int32_t>()});
  return result;
}

double squared_norm(const Tensor& x) {
  return squared_norm(std::span(&x, 1));
}

double squared_norm(std::span<const Tensor> tensors) {
  std::vector<Tensor> totals;
  for (const Tensor& x : tensors) {
    check_float("squared_norm", {&x});
    totals.push_back(total(x, true));
  }
  if (totals.empty()) return 0;
  double sum = 0;
  bool alike = true;
  for (const Tensor& one : totals) alike = alike && one.device() == totals[0].device();
  if (alike && totals[0].device() != cpu()) totals = {stack(totals)};  // one copy to the host for all
  for (const Tensor& some : totals) {
    for (const double value : some.values()) sum += value;
  }
  return sum;
}

}  // namespace mosaic
