// softmax, log_softmax and cross_entropy: one pass forward, one pass back, nothing of the size of the input
// saved that is not there anyway.
#include "engine/autograd/node.h"
#include "engine/kernels/kernels.h"
#include "engine/ops/check.h"
#include "engine/ops/half.h"
#include "engine/ops/ops.h"

namespace mosaic {
namespace {

Tensor softmax_of(const char* op, const Tensor& x, bool log) {
  check_float(op, {&x});
  check<ShapeError>(x.rank() >= 1, op, "needs at least one axis, got a scalar");
  if (half_in_f32(x)) return softmax_of(op, widened(x), log).to(x.dtype());
  const Tensor in = as_rows(x);
  const Rows from = rows_of(in);
  const Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  kernels::softmax_kernels(x.device())
      .softmax({.dtype = x.dtype(),
                .rows = from.rows,
                .cols = from.cols,
                .x = from.data,
                .x_stride = from.row_stride,
                .y = y.raw(),
                .y_stride = from.cols,
                .log = log});
  if (!wants_grad({&x})) return y;
  return record({.op = op,
                 .inputs = {x},
                 .saved = {y},
                 .backward =
                     [log](const Back& b) {
                       const Tensor dy = as_rows(b.dy);
                       const Rows y = rows_of(b.saved[0]), g = rows_of(dy);
                       b.sink.rows(0, [&](const Tensor& dx, bool accumulate) {
                         kernels::softmax_kernels(dx.device())
                             .softmax_grad({.dtype = dx.dtype(),
                                            .rows = y.rows,
                                            .cols = y.cols,
                                            .y = y.data,
                                            .y_stride = y.row_stride,
                                            .dy = g.data,
                                            .dy_stride = g.row_stride,
                                            .dx = dx.raw(),
                                            .dx_stride = rows_of(dx).row_stride,
                                            .accumulate = accumulate,
                                            .log = log});
                       });
                     }},
                y);
}

// A gradient with one element a row as memory and a stride: 0 when it was expanded from one value.
struct Column {
  Tensor tensor;
  int64_t stride;
};
Column column_of(const Tensor& dy) {
  bool flat = true;
  for (int axis = 0; axis < dy.rank(); ++axis) flat &= dy.dim(axis) == 1 || dy.stride(axis) == 0;
  if (flat) return {dy, 0};
  return {dy.dense(), 1};
}

}  // namespace

Tensor softmax(const Tensor& x) {
  return softmax_of("softmax", x, false);
}
Tensor log_softmax(const Tensor& x) {
  return softmax_of("log_softmax", x, true);
}

Tensor cross_entropy(const Tensor& logits, const Tensor& targets, double label_smoothing, int64_t ignore) {
  constexpr const char* op = "cross_entropy";
  check_float(op, {&logits});
  check_ids(op, "targets", targets, logits);
  check<ShapeError>(logits.rank() >= 1 && targets.shape() == logits.shape().without(-1), op, "logits ",
                    logits.shape(), " need one target for each row, got targets ", targets.shape());
  check(label_smoothing >= 0 && label_smoothing <= 1, op, "label_smoothing must lie in [0, 1], got ",
        label_smoothing);
  if (half_in_f32(logits)) return cross_entropy(widened(logits), targets, label_smoothing, ignore);
  const Tensor x = as_rows(logits), t = targets.dense();
  const Rows from = rows_of(x);
  check_targets(op, t, from.cols, ignore);
  const Tensor y = Tensor::empty(targets.shape(), accumulated(x.dtype()), x.device()), lse = empty_like(y);
  kernels::softmax_kernels(x.device())
      .cross_entropy({.dtype = x.dtype(),
                      .rows = t.numel(),
                      .cols = from.cols,
                      .x = from.data,
                      .x_stride = from.row_stride,
                      .targets = t.data<int32_t>(),
                      .smoothing = label_smoothing,
                      .ignore = ignore,
                      .loss = y.raw(),
                      .lse = lse.raw()});
  if (!wants_grad({&logits})) return y;
  return record({.op = op,
                 .inputs = {logits},
                 .saved = {x, t, lse},
                 .backward =
                     [label_smoothing, ignore](const Back& b) {
                       const Rows x = rows_of(b.saved[0]);
                       const Column dy = column_of(b.dy);
                       b.sink.rows(0, [&](const Tensor& dx, bool accumulate) {
                         kernels::softmax_kernels(dx.device())
                             .cross_entropy_grad({.dtype = dx.dtype(),
                                                  .rows = b.saved[1].numel(),
                                                  .cols = x.cols,
                                                  .x = x.data,
                                                  .x_stride = x.row_stride,
                                                  .targets = b.saved[1].data<int32_t>(),
                                                  .smoothing = label_smoothing,
                                                  .ignore = ignore,
                                                  .lse = b.saved[2].raw(),
                                                  .dy = dy.tensor.raw(),
                                                  .dy_stride = dy.stride,
                                                  .dx = dx.raw(),
                                                  .dx_stride = rows_of(dx).row_stride,
                                                  .accumulate = accumulate});
                       });
                     }},
                y);
}

}  // namespace mosaic
