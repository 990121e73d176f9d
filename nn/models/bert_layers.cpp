#include "nn/models/bert_layers.h"

#include "engine/ops/ops.h"

namespace mosaic::nn {
namespace {

Init weights(const BertConfig& config) {
  return Init::normal(config.initializer_range);
}

Linear::Options affine(int64_t in, int64_t out, const Init& init) {
  return {.in = in, .out = out, .weight_init = init};
}

}  // namespace

BertEmbeddings::BertEmbeddings(const BertConfig& config)
    : vocabulary_(config.vocabulary),
      positions_count_(config.positions),
      types_count_(config.types),
      width_(config.width),
      padding_(config.padding),
      dropout_(config.dropout),
      weights_(weights(config)),
      norm_({.width = config.width, .eps = config.norm_eps}) {}

void BertEmbeddings::check_length(int64_t length) const {
  check<ArgumentError>(length <= positions_count_, "BertEmbeddings", "sequences of ", length,
                       " tokens, the model has ", positions_count_, " positions");
}

Tensor BertEmbeddings::sum(const Tensor& ids, const Tensor& places, const Tensor& types,
                           const Context& context) const {
  const Tensor rows = embedding(words_, ids, padding_);  // {batch, length, width}
  const Tensor kinds = types.defined() ? embedding(types_, types) : slice(types_, 0, 0, 1);
  const Tensor x = add(rows, add(places, kinds));
  return nn::dropout(in_precision(norm_(x, context), context), dropout_, context);
}

Tensor BertEmbeddings::operator()(const Tensor& ids, const Tensor& types, const Context& context) const {
  const Scope scope(name());
  check_length(ids.dim(1));
  return sum(ids, slice(positions_, 0, 0, ids.dim(1)), types, context);
}

Tensor BertEmbeddings::operator()(const PackedTokens& tokens, const Tensor& types,
                                  const Context& context) const {
  const Scope scope(name());
  check_length(tokens.segments.longest());
  return sum(tokens.ids, embedding(positions_, tokens.positions), types, context);
}

void BertEmbeddings::visit(Visitor& v) {
  v.parameter("word.weight", words_, {vocabulary_, width_}, weights_.with_zero_row(padding_));
  v.parameter("position.weight", positions_, {positions_count_, width_}, weights_);
  v.parameter("type.weight", types_, {types_count_, width_}, weights_);
  v.module("norm", norm_);
}

BertSelfAttention::BertSelfAttention(const Options& options)
    : options_(options),
      query_(affine(options.width, options.width, options.weight_init)),
      key_(affine(options.width, options.width, options.weight_init)),
      value_(affine(options.width, options.width, options.weight_init)),
      output_(affine(options.width, options.width, options.weight_init)) {
  check<ArgumentError>(options.heads > 0 && options.width % options.heads == 0, "BertSelfAttention", "width ",
                       options.width, " cannot be split into ", options.heads, " heads");
}

Tensor BertSelfAttention::operator()(const Tensor& x, const Sequences& sequences,
                                     const Context& context) const {
  const Scope scope(name());
  const double rate = active_rate(options_.dropout, context);
  return output_(attention(query_(x), key_(x), value_(x),
                           {.heads = options_.heads,
                            .key_mask = sequences.mask,
                            .queries = sequences.segments,
                            .keys = sequences.segments,
                            .dropout = rate,
                            .rng = rate == 0 ? nullptr : context.rng}));
}

void BertSelfAttention::visit(Visitor& v) {
  v.module("query", query_);
  v.module("key", key_);
  v.module("value", value_);
  v.module("output", output_);
}

std::string BertSelfAttention::describe() const {
  return cat("BertSelfAttention ", options_.width, ", ", options_.heads, " heads");
}

BertLayer::BertLayer(const BertConfig& config, size_t index)
    : sizes_(config.layers.at(index)),
      dropout_(config.dropout),
      self_attention_({.width = sizes_.hidden,
                       .heads = sizes_.heads,
                       .dropout = config.attention_rate(index),
                       .weight_init = weights(config)}),
      self_attention_norm_({.width = sizes_.hidden, .eps = config.norm_eps}),
      ffn_({.width = sizes_.hidden, .hidden = sizes_.ffn, .gelu = true, .weight_init = weights(config)}),
      ffn_norm_({.width = sizes_.hidden, .eps = config.norm_eps}) {
  if (!config.bottlenecks) return;
  const bool first = index == 0, last = index + 1 == config.layers.size();
  const int64_t before = config.composed && !first ? config.layers[index - 1].hidden : config.width;
  bottleneck_in_.emplace(affine(before, sizes_.hidden, Init::identity()));
  if (last || !config.composed)
    bottleneck_out_.emplace(affine(sizes_.hidden, config.width, Init::identity()));
}

Tensor BertLayer::operator()(const Tensor& x, const Sequences& sequences, const Context& context) const {
  const Scope scope(name());
  const Tensor z = bottleneck_in_ ? (*bottleneck_in_)(x) : x;  // {batch, length, hidden}
  const Tensor a = self_attention_norm_.add(z, self_attention_(z, sequences, context), dropout_, context);
  const Tensor y = ffn_norm_.add(a, ffn_(a, context), dropout_, context);
  return bottleneck_out_ ? (*bottleneck_out_)(y) : y;
}

void BertLayer::visit(Visitor& v) {
  if (bottleneck_in_) v.module("bottleneck_in", *bottleneck_in_);
  v.module("self_attention", self_attention_);
  v.module("self_attention_norm", self_attention_norm_);
  v.module("ffn", ffn_);
  v.module("ffn_norm", ffn_norm_);
  if (bottleneck_out_) v.module("bottleneck_out", *bottleneck_out_);
}

std::string BertLayer::describe() const {
  return cat("BertLayer ", sizes_.hidden, ", ", sizes_.heads, " heads, feed-forward ", sizes_.ffn);
}

MlmHead::MlmHead(const BertConfig& config)
    : dense_(affine(config.width, config.width, weights(config))),
      norm_({.width = config.width, .eps = config.norm_eps}),
      vocabulary_(config.vocabulary) {}

OutputLayer MlmHead::operator()(const Tensor& x, const Tensor& words) const {
  const Scope scope(name());
  return {norm_(gelu(dense_(x))), words, bias_, name()};
}

void MlmHead::visit(Visitor& v) {
  v.module("dense", dense_);
  v.module("norm", norm_);
  v.parameter("bias", bias_, {vocabulary_}, Init::zeros());
}

ClassifierHead::ClassifierHead(const BertConfig& config)
    : dropout_(config.classifier_dropout),
      pooler_(affine(config.width, config.width, weights(config))),
      output_(affine(config.width, config.labels, weights(config))) {}

Tensor ClassifierHead::operator()(const Tensor& x, const Context& context) const {
  const Scope scope(name());
  return output_(nn::dropout(tanh(pooler_(x)), dropout_, context));
}

void ClassifierHead::visit(Visitor& v) {
  v.module("pooler", pooler_);
  v.module("output", output_);
}

}  // namespace mosaic::nn
