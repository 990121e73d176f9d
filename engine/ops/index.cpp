// Row lookups and their sorted, deterministic gradients.
#include "engine/autograd/node.h"
#include "engine/kernels/kernels.h"
#include "engine/ops/check.h"
#include "engine/ops/half.h"
#include "engine/ops/ops.h"

namespace mosaic {
namespace {

// Reports the first index outside [0, n); called when a kernel met one.
void throw_outside(const char* op, const char* what, const Tensor& ids, int64_t n) {
  const Tensor local = ids.to(cpu());
  const auto values = local.host<int32_t>();
  for (size_t i = 0; i < values.size(); ++i) {
    check(values[i] >= 0 && values[i] < n, op, what, " ", values[i], " at position ", i, " lies outside 0..",
          n - 1);
  }
}

// y {count, cols} of rows `ids` of the row-strided table.
void gather_rows(const char* op, const char* what, const Tensor& table, const Tensor& ids, const Tensor& y) {
  const Rows rows = rows_of(table);
  const Tensor bad = Tensor::zeros({}, i32, table.device());
  kernels::index_kernels(table.device())
      .gather_rows({.dtype = table.dtype(),
                    .table = rows.data,
                    .rows = table.dim(0),
                    .cols = rows.cols,
                    .row_stride = rows.row_stride,
                    .ids = ids.data<int32_t>(),
                    .count = ids.numel(),
                    .y = y.raw(),
                    .bad = bad.data<int32_t>()});
  if (bad.item<int32_t>() != 0) throw_outside(op, what, ids, table.dim(0));
}

// out[id] (+)= sum of the rows of dy {count, cols} at the positions of id.
void scatter_rows(const Tensor& dy, const Tensor& ids, int64_t padding, const Tensor& out, bool accumulate) {
  const int64_t rows = out.dim(0);
  const Tensor starts = Tensor::empty({rows + 1}, i32, out.device());
  const Tensor order = Tensor::empty({ids.numel()}, i32, out.device());
  const auto& index = kernels::index_kernels(out.device());
  index.group({.ids = ids.data<int32_t>(),
               .count = ids.numel(),
               .rows = rows,
               .padding = padding,
               .starts = starts.data<int32_t>(),
               .order = order.data<int32_t>()});
  const Rows from = rows_of(dy), to = rows_of(out);
  index.scatter_rows({.dtype = out.dtype(),
                      .dy = from.data,
                      .dy_stride = from.row_stride,
                      .starts = starts.data<int32_t>(),
                      .order = order.data<int32_t>(),
                      .rows = rows,
                      .cols = to.cols,
                      .accumulate = accumulate,
                      .dx = to.data,
                      .dx_stride = to.row_stride});
}

}  // namespace

Tensor embedding(const Tensor& table, const Tensor& ids, int64_t padding) {
  check_float("embedding", {&table});
  check_ids("embedding", "ids", ids, table);
  check<ShapeError>(table.rank() == 2, "embedding", "table must be {rows, width}, got ", table.shape());
  if (half_in_f32(table) && wants_grad({&table})) {
    return embedding(widened(table), ids, padding).to(table.dtype());
  }
  const Tensor held = as_rows(table), at = ids.detach().dense();
  const Tensor y =
      Tensor::empty(ids.shape().inserted(ids.rank(), table.dim(1)), table.dtype(), table.device());
  gather_rows("embedding", "id", held, at, y);
  return record({.op = "embedding",
                 .inputs = {table},
                 .saved = {at},
                 .backward =
                     [padding](const Back& b) {
                       const Tensor dy = as_rows(b.dy);
                       b.sink.rows(0, [&](const Tensor& out, bool accumulate) {
                         scatter_rows(dy, b.saved[0], padding, out, accumulate);
                       });
                     }},
                y);
}

Tensor index_select(const Tensor& x, const Tensor& indices) {
  check_alike("index_select", {&x});
  check_ids("index_select", "indices", indices, x);
  check<ShapeError>(x.rank() >= 1 && indices.rank() == 1, "index_select",
                    "needs x {n, ...} and indices {k}, got ", x.shape(), " and ", indices.shape());
  if (half_in_f32(x) && wants_grad({&x})) return index_select(widened(x), indices).to(x.dtype());
  // Everything behind axis 0 is one row.
  const int64_t n = x.dim(0), cols = x.shape().without(0).numel();
  const Tensor dense = x.rank() == 2 ? as_rows(x) : x.detach().dense(), at = indices.detach().dense();
  const Tensor rows = x.rank() == 2 ? dense : reshape(dense, Shape{n, cols});
  const Tensor y = Tensor::empty(x.shape().with(0, indices.dim(0)), x.dtype(), x.device());
  gather_rows("index_select", "index", rows, at, y);
  if (!is_float(x.dtype())) return y;
  return record({.op = "index_select",
                 .inputs = {x},
                 .saved = {at},
                 .backward =
                     [shape = x.shape(), n, cols](const Back& b) {
                       const Tensor dy = reshape(b.dy.dense(), Shape{b.saved[0].numel(), cols});
                       if (shape.rank() == 2) {
                         return b.sink.rows(0, [&](const Tensor& out, bool accumulate) {
                           scatter_rows(dy, b.saved[0], -1, out, accumulate);
                         });
                       }
                       const Tensor g = Tensor::empty({n, cols}, dy.dtype(), dy.device());
                       scatter_rows(dy, b.saved[0], -1, g, false);
                       b.sink.add(0, reshape(g, shape));
                     }},
                y);
}

Tensor gather(const Tensor& x, const Tensor& indices) {
  check_alike("gather", {&x});
  check_ids("gather", "indices", indices, x);
  check<ShapeError>(x.rank() >= 1 && indices.shape() == x.shape().without(-1), "gather", "indices for ",
                    x.shape(), " must have its shape without the last axis, got ", indices.shape());
  if (half_in_f32(x) && wants_grad({&x})) return gather(widened(x), indices).to(x.dtype());
  const Tensor held = as_rows(x), at = indices.detach().dense();
  const Rows rows = rows_of(held);
  const Tensor y = Tensor::empty(at.shape(), x.dtype(), x.device());
  const Tensor bad = Tensor::zeros({}, i32, x.device());
  kernels::index_kernels(x.device())
      .pick({.dtype = x.dtype(),
             .x = rows.data,
             .rows = rows.rows,
             .cols = rows.cols,
             .row_stride = rows.row_stride,
             .indices = at.data<int32_t>(),
             .y = y.raw(),
             .bad = bad.data<int32_t>()});
  if (bad.item<int32_t>() != 0) throw_outside("gather", "index", at, rows.cols);
  if (!is_float(x.dtype())) return y;
  return record({.op = "gather",
                 .inputs = {x},
                 .saved = {at},
                 .backward =
                     [](const Back& b) {
                       const Tensor dy = b.dy.dense();
                       b.sink.rows(0, [&](const Tensor& out, bool accumulate) {
                         const Rows dx = rows_of(out);
                         kernels::index_kernels(out.device())
                             .put({.dtype = out.dtype(),
                                   .dy = dy.raw(),
                                   .indices = b.saved[0].data<int32_t>(),
                                   .rows = dx.rows,
                                   .cols = dx.cols,
                                   .accumulate = accumulate,
                                   .dx = dx.data,
                                   .dx_stride = dx.row_stride});
                       });
                     }},
                y);
}

}  // namespace mosaic
