// attention: softmax(q k^T / sqrt(width)) v for each head, fused, with what the device's kernels want kept
// for the backward.
#include <algorithm>
#include <cmath>

#include "engine/autograd/node.h"
#include "engine/core/meter.h"
#include "engine/kernels/kernels.h"
#include "engine/ops/check.h"
#include "engine/ops/drop.h"
#include "engine/ops/half.h"
#include "engine/ops/ops.h"
#include "engine/ops/row_target.h"

namespace mosaic {
namespace {

constexpr const char* op = "attention";

void check_attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options) {
  check_float(op, {&q, &k, &v});
  check<ShapeError>(q.rank() == 3 && k.rank() == 3 && k.shape() == v.shape() && q.dim(0) == k.dim(0) &&
                        q.dim(2) == k.dim(2),
                    op, "q {batch, Lq, width} with k and v {batch, Lk, width} expected, got ", q.shape(),
                    ", ", k.shape(), " and ", v.shape());
  check<ShapeError>(options.heads >= 1 && q.dim(2) % options.heads == 0, op, "width ", q.dim(2),
                    " cannot be divided among ", options.heads, " heads");
  const Tensor& mask = options.key_mask;
  if (!mask.defined()) return;
  check<DtypeError>(mask.dtype() == u8, op, "key_mask must be u8, got ", mask.dtype());
  check<DeviceError>(mask.device() == q.device(), op, "key_mask is on ", mask.device(), ", the rest on ",
                     q.device());
  check<ShapeError>(mask.shape() == Shape{k.dim(0), k.dim(1)}, op, "keys ", k.shape(), " need a key_mask {",
                    k.dim(0), ", ", k.dim(1), "}, got ", mask.shape());
}

// Itself when the last axis is dense (any batch and row stride will do), else a dense copy.
Tensor with_dense_rows(const Tensor& x) {
  return x.dim(2) <= 1 || x.stride(2) == 1 ? x.detach() : x.detach().dense();
}

kernels::AttentionRows rows3(const Tensor& x) {
  return {x.raw(), x.stride(0), x.stride(1)};
}
kernels::AttentionRows rows3(const RowTarget& target) {
  return target.data() ? rows3(target.tensor()) : kernels::AttentionRows{};
}

kernels::AttentionShape shape_of(const Tensor& q, const Tensor& k, const Tensor& mask, int64_t heads,
                                 bool causal, const kernels::Drop& drop) {
  const int64_t width = q.dim(2) / heads;
  return {.dtype = q.dtype(),
          .batch = q.dim(0),
          .heads = heads,
          .queries = q.dim(1),
          .keys = k.dim(1),
          .width = width,
          .mask = mask.defined() ? mask.data<uint8_t>() : nullptr,
          .mask_batch = mask.defined() ? mask.stride(0) : 0,
          .causal = causal,
          .scale = 1 / std::sqrt(static_cast<double>(width)),
          .drop = drop};
}

// Multiply-adds of one product over all pairs of a query and a key that it sees: when causal the last query
// sees all keys, the one before it one less, and so on. Scores and the sums of values are such products, each
// with two gradients.
int64_t product_size(const kernels::AttentionShape& s) {
  const int64_t seeing = std::min(s.queries, s.keys);  // queries that see a key when causal
  const int64_t pairs =
      s.causal ? seeing * (s.keys - seeing) + seeing * (seeing + 1) / 2 : s.queries * s.keys;
  return s.items() * pairs * s.width;
}

}  // namespace

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options) {
  check_attention(q, k, v, options);
  if (half_in_f32(q)) return attention(widened(q), widened(k), widened(v), options).to(q.dtype());
  const int64_t heads = options.heads, probabilities = q.dim(0) * heads * q.dim(1) * k.dim(1);
  const kernels::Drop drop = make_drop(op, options.dropout, options.rng, probabilities);
  const Tensor qs = with_dense_rows(q), ks = with_dense_rows(k), vs = with_dense_rows(v);
  Tensor mask = options.key_mask;
  if (mask.defined() && mask.dim(1) > 1 && mask.stride(1) != 1) mask = mask.dense();
  const kernels::AttentionShape shape = shape_of(qs, ks, mask, heads, options.causal, drop);
  const kernels::Attention& kernel = kernels::attention_kernels(q.device());
  const bool grad = wants_grad({&q, &k, &v});
  Tensor kept;
  if (grad)
    kept = Tensor::empty({shape.items(), kernel.kept_size(shape)}, accumulated(q.dtype()), q.device());
  const Tensor y = Tensor::empty(q.shape(), q.dtype(), q.device());
  metering::count_products(2 * product_size(shape));
  kernel.attention({.shape = shape,
                    .q = rows3(qs),
                    .k = rows3(ks),
                    .v = rows3(vs),
                    .out = rows3(y),
                    .kept = grad ? kept.raw() : nullptr});
  if (!grad) return y;
  return record({.op = op,
                 .inputs = {q, k, v},
                 .saved = {qs, ks, vs, kept, mask, y},
                 .backward =
                     [heads, causal = options.causal, drop](const Back& b) {
                       const Tensor &q = b.saved[0], &k = b.saved[1], &v = b.saved[2];
                       const Tensor dy = with_dense_rows(b.dy);
                       const RowTarget dq(b.sink, 0), dk(b.sink, 1), dv(b.sink, 2);
                       const auto shape = shape_of(q, k, b.saved[4], heads, causal, drop);
                       metering::count_products(4 * product_size(shape));
                       kernels::attention_kernels(q.device())
                           .attention_grad({.shape = shape,
                                            .q = rows3(q),
                                            .k = rows3(k),
                                            .v = rows3(v),
                                            .out = rows3(b.saved[5]),
                                            .dout = rows3(dy),
                                            .dq = rows3(dq),
                                            .dk = rows3(dk),
                                            .dv = rows3(dv),
                                            .dq_add = dq.add(),
                                            .dk_add = dk.add(),
                                            .dv_add = dv.add(),
                                            .kept = b.saved[3].raw()});
                       for (const RowTarget* target : {&dq, &dk, &dv}) target->finish();
                     }},
                y);
}

}  // namespace mosaic
