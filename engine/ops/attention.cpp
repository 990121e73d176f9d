// attention: softmax(q k^T / sqrt(width)) v for each head, fused, with what the device's kernels want kept
// for the backward.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

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

void check_segments(const Tensor& x, const Segments& segments, const char* what) {
  if (!segments.defined()) return;
  check<ShapeError>(x.dim(0) == 1 && x.dim(1) == segments.elements(), op, what, " ", x.shape(),
                    " do not fit segments of ", segments.elements(), " in all: {1, ", segments.elements(),
                    ", width} expected");
  check<DeviceError>(segments.begins().device() == x.device(), op, "segments on ", segments.begins().device(),
                     ", ", what, " on ", x.device());
}

void check_attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options) {
  check_float(op, {&q, &k, &v});
  check<ShapeError>(q.rank() == 3 && k.rank() == 3 && k.shape() == v.shape() && q.dim(0) == k.dim(0) &&
                        q.dim(2) == k.dim(2),
                    op, "q {batch, Lq, width} with k and v {batch, Lk, width} expected, got ", q.shape(),
                    ", ", k.shape(), " and ", v.shape());
  check<ShapeError>(options.heads >= 1 && q.dim(2) % options.heads == 0, op, "width ", q.dim(2),
                    " cannot be divided among ", options.heads, " heads");
  const int64_t longest = std::numeric_limits<int32_t>::max();  // what kernels count in
  check<ShapeError>(q.dim(1) <= longest && k.dim(1) <= longest, op, "sequences of at most ", longest,
                    " tokens expected, got ", q.shape(), " and ", k.shape());
  const Tensor& mask = options.key_mask;
  check_segments(q, options.queries, "queries");
  check_segments(k, options.keys, "keys");
  if (options.queries.defined() || options.keys.defined()) {
    check<ArgumentError>(options.queries.defined() && options.keys.defined() && !mask.defined() &&
                             options.queries.count() == options.keys.count(),
                         op, "segments are for queries and keys, as many for either, without a key_mask");
  }
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

// A batch of one has no stride that matters; that of segments is 0.
kernels::AttentionRows rows3(const Tensor& x) {
  return {x.raw(), x.dim(0) == 1 ? 0 : x.stride(0), x.stride(1)};
}
kernels::AttentionRows rows3(const RowTarget& target) {
  return target.data() ? rows3(target.tensor()) : kernels::AttentionRows{};
}

// What the options say, for the backward as well.
struct Setting {
  int64_t heads;
  bool causal;
  Segments queries, keys;
  kernels::Drop drop = {};

  kernels::AttentionShape shape(const Tensor& q, const Tensor& k, const Tensor& mask) const {
    const int64_t width = q.dim(2) / heads;
    const bool segments = queries.defined();
    return {.dtype = q.dtype(),
            .batch = segments ? queries.count() : q.dim(0),
            .heads = heads,
            .queries = segments ? queries.longest() : q.dim(1),
            .keys = segments ? keys.longest() : k.dim(1),
            .width = width,
            .mask = mask.defined() ? mask.data<uint8_t>() : nullptr,
            .mask_batch = mask.defined() ? mask.stride(0) : 0,
            .causal = causal,
            .scale = 1 / std::sqrt(static_cast<double>(width)),
            .drop = drop,
            .query_begins = segments ? queries.begins().data<int32_t>() : nullptr,
            .key_begins = segments ? keys.begins().data<int32_t>() : nullptr};
  }
  // Pairs of a query and a key that it sees: when causal the last query sees all keys, the one before it one
  // less, and so on.
  int64_t pairs(int64_t some_queries, int64_t some_keys) const {
    const int64_t seeing = std::min(some_queries, some_keys);  // queries that see a key when causal
    return causal ? seeing * (some_keys - seeing) + seeing * (seeing + 1) / 2 : some_queries * some_keys;
  }
  // Multiply-adds of one product over all pairs. Scores and the sums of values are such products, each with
  // two gradients.
  int64_t product_size(const Tensor& q, const Tensor& k) const {
    if (!queries.defined()) return q.dim(0) * pairs(q.dim(1), k.dim(1)) * q.dim(2);
    int64_t all = 0;
    for (size_t i = 0; i < queries.lengths().size(); ++i)
      all += pairs(queries.lengths()[i], keys.lengths()[i]);
    return all * q.dim(2);
  }
};

}  // namespace

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options) {
  check_attention(q, k, v, options);
  if (half_in_f32(q)) return attention(widened(q), widened(k), widened(v), options).to(q.dtype());
  Setting setting{options.heads, options.causal, options.queries, options.keys};
  const Tensor qs = with_dense_rows(q), ks = with_dense_rows(k), vs = with_dense_rows(v);
  Tensor mask = options.key_mask;
  if (mask.defined() && mask.dim(1) > 1 && mask.stride(1) != 1) mask = mask.dense();
  kernels::AttentionShape shape = setting.shape(qs, ks, mask);
  setting.drop = shape.drop =
      make_drop(op, options.dropout, options.rng, shape.items() * shape.queries * shape.keys);
  const kernels::Attention& kernel = kernels::attention_kernels(q.device());
  const bool grad = wants_grad({&q, &k, &v});
  Tensor kept;
  if (grad)
    kept = Tensor::empty({shape.items(), kernel.kept_size(shape)}, accumulated(q.dtype()), q.device());
  const Tensor y = Tensor::empty(q.shape(), q.dtype(), q.device());
  metering::count_products(2 * setting.product_size(qs, ks));
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
                     [setting](const Back& b) {
                       const Tensor &q = b.saved[0], &k = b.saved[1], &v = b.saved[2];
                       const Tensor dy = with_dense_rows(b.dy);
                       const RowTarget dq(b.sink, 0), dk(b.sink, 1), dv(b.sink, 2);
                       metering::count_products(4 * setting.product_size(q, k));
                       kernels::attention_kernels(q.device())
                           .attention_grad({.shape = setting.shape(q, k, b.saved[4]),
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
