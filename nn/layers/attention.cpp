#include "nn/layers/attention.h"

#include "engine/autograd/node.h"

namespace mosaic::nn {
namespace {

constexpr int64_t cache_block = 16;  // tokens of room made at once

void check_heads(const char* op, int64_t channels, int64_t heads) {
  check<ArgumentError>(heads > 0 && channels > 0 && channels % heads == 0, op, channels,
                       " channels cannot be split into ", heads, " heads");
}

}  // namespace

void KeyValueCache::append(const Tensor& packed) {
  const int64_t rows = packed.dim(0), width = packed.dim(2);
  if (!packed_.defined() || packed_.dim(1) == length_) {
    // Zeros: select() may copy whole rows, with the room that nothing was written to yet.
    const Tensor larger =
        Tensor::zeros({rows, length_ + cache_block, width}, packed.dtype(), packed.device());
    if (length_ > 0) copy_(slice(larger, 1, 0, length_), packed_);
    packed_ = larger;
  }
  check<ShapeError>(packed_.dim(0) == rows && packed.dim(1) == 1 && packed_.dim(2) == width, "KeyValueCache",
                    "cannot append ", packed.shape(), " to ", packed_.shape());
  copy_(slice(packed_, 1, length_, length_ + 1), packed);
  ++length_;
}

Tensor KeyValueCache::keys() const {
  return slice(slice(packed_, 1, 0, length_), 2, 0, packed_.dim(2) / 2);
}

Tensor KeyValueCache::values() const {
  return slice(slice(packed_, 1, 0, length_), 2, packed_.dim(2) / 2, packed_.dim(2));
}

void KeyValueCache::select(const RowMoves& moves) {
  if (packed_.defined()) packed_ = moves(packed_, length_);
}

SelfAttention::SelfAttention(const Options& options)
    : options_(options),
      in_proj_({.in = options.width, .out = 3 * options.channels}),
      out_proj_({.in = options.channels, .out = options.width}) {
  check_heads("SelfAttention", options.channels, options.heads);
}

SelfAttention::SelfAttention(const Options& options, Generator& rng) : SelfAttention(options) {
  initialise(*this, next_stream(rng));
}

Tensor SelfAttention::operator()(const Tensor& x, const Sequences& sequences, const Context& context) const {
  const Scope scope(name());
  const int64_t c = options_.channels;
  const Tensor packed = in_proj_(x);  // {batch, length, 3 * channels}
  const double rate = active_rate(options_.dropout, context);
  const Tensor mixed =
      attention(slice(packed, 2, 0, c), slice(packed, 2, c, 2 * c), slice(packed, 2, 2 * c, 3 * c),
                {.heads = options_.heads,
                 .causal = options_.causal,
                 .key_mask = sequences.mask,
                 .queries = sequences.segments,
                 .keys = sequences.segments,
                 .dropout = rate,
                 .rng = rate == 0 ? nullptr : context.rng});
  return out_proj_(mixed);
}

Tensor SelfAttention::step(const Tensor& x, KeyValueCache& cache) const {
  const Scope scope(name());
  const int64_t c = options_.channels;
  const Tensor packed = in_proj_(x);  // {rows, 1, 3 * channels}
  cache.append(slice(packed, 2, c, 3 * c));
  const Tensor mixed = attention(slice(packed, 2, 0, c), cache.keys(), cache.values(),
                                 {.heads = options_.heads, .key_mask = {}});
  return out_proj_(mixed);
}

void SelfAttention::visit(Visitor& v) {
  v.module("in_proj", in_proj_);
  v.module("out_proj", out_proj_);
}

std::string SelfAttention::describe() const {
  return cat("SelfAttention ", options_.width, ", ", options_.channels, " channels, ", options_.heads,
             " heads");
}

CrossAttention::CrossAttention(const Options& options)
    : options_(options),
      q_proj_({.in = options.width,
               .out = options.channels,
               .weight_init = Init::xavier(options.width, 3 * options.channels)}),
      kv_proj_({.in = options.memory_width,
                .out = 2 * options.channels,
                .weight_init = Init::xavier(options.memory_width, 3 * options.channels)}),
      out_proj_({.in = options.channels, .out = options.width}) {
  check_heads("CrossAttention", options.channels, options.heads);
}

CrossAttention::CrossAttention(const Options& options, Generator& rng) : CrossAttention(options) {
  initialise(*this, next_stream(rng));
}

Tensor CrossAttention::project(const Tensor& memory) const {
  const Scope scope(name());
  return kv_proj_(memory);
}

Tensor CrossAttention::operator()(const Tensor& x, const Tensor& projected, const Sequences& memory,
                                  const Context& context, const Segments& own) const {
  const Scope scope(name());
  const int64_t c = options_.channels;
  const double rate = active_rate(options_.dropout, context);
  const Tensor mixed = attention(q_proj_(x), slice(projected, 2, 0, c), slice(projected, 2, c, 2 * c),
                                 {.heads = options_.heads,
                                  .key_mask = memory.mask,
                                  .queries = own,
                                  .keys = memory.segments,
                                  .dropout = rate,
                                  .rng = rate == 0 ? nullptr : context.rng});
  return out_proj_(mixed);
}

void CrossAttention::visit(Visitor& v) {
  v.module("q_proj", q_proj_);
  v.module("kv_proj", kv_proj_);
  v.module("out_proj", out_proj_);
}

std::string CrossAttention::describe() const {
  return cat("CrossAttention ", options_.width, " to ", options_.memory_width, ", ", options_.channels,
             " channels, ", options_.heads, " heads");
}

}  // namespace mosaic::nn
