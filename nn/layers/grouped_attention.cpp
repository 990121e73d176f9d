#include "nn/layers/grouped_attention.h"

namespace mosaic::nn {
namespace {

// {batch, length, groups * w} -> {batch, length, groups * repeats * w}: each head `repeats` times in a row.
Tensor repeat_heads(const Tensor& x, int64_t groups, int64_t repeats) {
  const int64_t batch = x.dim(0), length = x.dim(1), width = x.dim(2) / groups;
  const Tensor apart = reshape(x, {batch, length, groups, 1, width});
  return reshape(expand(apart, {batch, length, groups, repeats, width}),
                 {batch, length, groups * repeats * width});
}

// {batch, a, b, w} -> {batch, b, a * w}
Tensor exchanged(const Tensor& x) {
  const int axes[] = {0, 2, 1, 3};
  return reshape(permute(x, axes), {x.dim(0), x.dim(2), x.dim(1) * x.dim(3)});
}

int64_t kv_channels_of(const GroupedAttention::Options& o) {
  check<ArgumentError>(o.channels > 0 && o.heads > 0 && o.channels % o.heads == 0, "GroupedAttention",
                       o.channels, " channels cannot be split into ", o.heads, " heads");
  check<ArgumentError>(o.groups > 0 && o.heads % o.groups == 0, "GroupedAttention", o.heads,
                       " heads cannot share ", o.groups, " groups");
  check<ArgumentError>(!o.rotary || o.rotary->width == o.channels / o.heads, "GroupedAttention",
                       "heads have ", o.channels / o.heads, " channels, rotary positions ",
                       o.rotary ? o.rotary->width : 0);
  return o.channels / o.heads * o.groups;
}

}  // namespace

Tensor grouped_attention(const Tensor& q, const Tensor& k, const Tensor& v, int64_t groups,
                         const AttentionOptions& options) {
  constexpr const char* op = "grouped_attention";
  const int64_t heads = options.heads;
  check<ShapeError>(groups >= 1 && heads >= 1 && heads % groups == 0, op, heads, " heads cannot share ",
                    groups, " groups");
  if (groups == heads) return attention(q, k, v, options);
  check<ShapeError>(q.rank() == 3 && k.rank() == 3 && q.dim(2) % heads == 0 &&
                        k.dim(2) == q.dim(2) / heads * groups && k.shape() == v.shape(),
                    op, "q {batch, Lq, ", heads, " * w} with k and v {batch, Lk, ", groups,
                    " * w} expected, got ", q.shape(), ", ", k.shape(), " and ", v.shape());
  const int64_t repeats = heads / groups, width = q.dim(2) / heads;
  if (q.dim(1) != 1 || options.queries.defined())
    return attention(q, repeat_heads(k, groups, repeats), repeat_heads(v, groups, repeats), options);
  // One query sees every key, causal or not: the heads of a group become queries of their own.
  AttentionOptions each = options;
  each.heads = groups;
  each.causal = false;
  const Tensor queries =
      exchanged(reshape(q, {q.dim(0), groups, repeats, width}));  // {batch, repeats, groups * w}
  const Tensor mixed = attention(queries, k, v, each);
  return reshape(exchanged(reshape(mixed, {q.dim(0), repeats, groups, width})), q.shape());
}

GroupedAttention::GroupedAttention(const Options& options)
    : options_(options),
      kv_channels_(kv_channels_of(options)),
      in_proj_({.in = options.width, .out = options.channels + 2 * kv_channels_}),
      out_proj_({.in = options.channels, .out = options.width}) {
  if (options.rotary) rotary_.emplace(*options.rotary);
}

GroupedAttention::GroupedAttention(const Options& options, Generator& rng) : GroupedAttention(options) {
  initialise(*this, next_stream(rng));
}

GroupedAttention::Projected GroupedAttention::project(const Tensor& x, int64_t first) const {
  const int64_t c = options_.channels, kv = kv_channels_;
  const Tensor packed = in_proj_(x);  // {batch, length, channels + 2 * kv_channels}
  Projected made{slice(packed, 2, 0, c), slice(packed, 2, c, c + kv), slice(packed, 2, c + kv, c + 2 * kv)};
  if (rotary_) {
    made.q = (*rotary_)(made.q, first);
    made.k = (*rotary_)(made.k, first);
  }
  return made;
}

Tensor GroupedAttention::operator()(const Tensor& x, const Tensor& key_mask, const Context& context) const {
  const Scope scope(name());
  const Projected p = project(x, 0);
  const double rate = active_rate(options_.dropout, context);
  return out_proj_(grouped_attention(p.q, p.k, p.v, options_.groups,
                                     {.heads = options_.heads,
                                      .causal = options_.causal,
                                      .key_mask = key_mask,
                                      .dropout = rate,
                                      .rng = rate == 0 ? nullptr : context.rng}));
}

Tensor GroupedAttention::step(const Tensor& x, KeyValueCache& cache) const {
  const Scope scope(name());
  const Projected p = project(x, cache.length());
  const Tensor parts[] = {p.k, p.v};
  cache.append(concat(parts, 2));
  return out_proj_(grouped_attention(p.q, cache.keys(), cache.values(), options_.groups,
                                     {.heads = options_.heads, .key_mask = {}}));
}

void GroupedAttention::visit(Visitor& v) {
  v.module("in_proj", in_proj_);
  v.module("out_proj", out_proj_);
}

std::string GroupedAttention::describe() const {
  return cat("GroupedAttention ", options_.width, ", ", options_.channels, " channels, ", options_.heads,
             " heads in ", options_.groups, " groups");
}

}  // namespace mosaic::nn
