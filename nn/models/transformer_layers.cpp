#include "nn/models/transformer_layers.h"

#include <algorithm>
#include <array>

namespace mosaic::nn {
namespace {

// Concatenations of encoder outputs, made once for all decoder layers that ask for the same.
class Memories {
 public:
  explicit Memories(const EncoderOutput& encoded) : encoded_(encoded) {}
  const Tensor& values(int64_t members) {
    Tensor& made = values_.at(static_cast<size_t>(members - 1));
    if (!made.defined()) made = encoded_.memory(members);
    return made;
  }
  const Tensor& mask(int64_t members) {
    Tensor& made = masks_.at(static_cast<size_t>(members - 1));
    if (!made.defined() && encoded_.mask.defined()) made = encoded_.memory_mask(members);
    return made;
  }

 private:
  const EncoderOutput& encoded_;
  std::array<Tensor, 3> values_, masks_;
};

}  // namespace

EncoderLayer::EncoderLayer(const TransformerConfig& config, size_t index)
    : dropout_(config.encoder_dropout()),
      self_attention_({.width = config.encoder.embed,
                       .channels = config.qkv_dim,
                       .heads = config.encoder.layers.at(index).heads,
                       .dropout = config.attention_dropout}),
      self_attention_norm_({.width = config.encoder.embed}),
      ffn_({.width = config.encoder.embed,
            .hidden = config.encoder.layers.at(index).ffn,
            .dropout = config.activation_dropout}),
      ffn_norm_({.width = config.encoder.embed}) {}

Tensor EncoderLayer::operator()(const Tensor& x, const Tensor& mask, const Context& context) const {
  const Scope scope(name());
  const Tensor a = self_attention_norm_.add(x, self_attention_(x, mask, context), dropout_, context);
  return ffn_norm_.add(a, ffn_(a, context), dropout_, context);
}

void EncoderLayer::visit(Visitor& v) {
  v.module("self_attention", self_attention_);
  v.module("self_attention_norm", self_attention_norm_);
  v.module("ffn", ffn_);
  v.module("ffn_norm", ffn_norm_);
}

Tensor EncoderOutput::memory(int64_t members) const {
  check<ArgumentError>(members >= 1 && members <= static_cast<int64_t>(outputs.size()), "EncoderOutput",
                       "memory of ", members, " outputs asked, ", outputs.size(), " are kept");
  if (members == 1) return outputs.front();
  return concat({outputs.data(), static_cast<size_t>(members)}, 1);
}

Tensor EncoderOutput::memory_mask(int64_t members) const {
  if (!mask.defined() || members == 1) return mask;
  return concat(std::vector<Tensor>(static_cast<size_t>(members), mask), 1);
}

Encoder::Encoder(const TransformerConfig& config) : kept_(1) {
  for (const auto& layer : config.decoder.layers) kept_ = std::max(kept_, layer.memory);
  layers_.reserve(config.encoder.layers.size());
  for (size_t i = 0; i < config.encoder.layers.size(); ++i) layers_.emplace_back(config, i);
}

EncoderOutput Encoder::operator()(const Tensor& embedded, const Tensor& mask, const Context& context) const {
  const Scope scope(name());
  EncoderOutput encoded{.outputs = {}, .mask = mask};
  Tensor x = embedded;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const EncoderLayer& layer = layers_[i];
    x = run_layer(context, {x}, [&layer, mask, context](const std::vector<Tensor>& in) {
      return layer(in[0], mask, context);
    });
    if (layers_.size() - i <= static_cast<size_t>(kept_)) encoded.outputs.insert(encoded.outputs.begin(), x);
  }
  return encoded;
}

DecoderLayer::DecoderLayer(const TransformerConfig& config, size_t index)
    : members_(config.decoder.layers.at(index).memory),
      dropout_(config.decoder_dropout()),
      self_attention_({.width = config.decoder.embed,
                       .channels = config.qkv_dim,
                       .heads = config.decoder.layers[index].self_heads,
                       .causal = true,
                       .dropout = config.attention_dropout}),
      self_attention_norm_({.width = config.decoder.embed}),
      cross_attention_({.width = config.decoder.embed,
                        .memory_width = config.encoder.embed,
                        .channels = config.qkv_dim,
                        .heads = config.decoder.layers[index].cross_heads,
                        .dropout = config.attention_dropout}),
      cross_attention_norm_({.width = config.decoder.embed}),
      ffn_({.width = config.decoder.embed,
            .hidden = config.decoder.layers[index].ffn,
            .dropout = config.activation_dropout}),
      ffn_norm_({.width = config.decoder.embed}) {}

Tensor DecoderLayer::operator()(const Tensor& x, const Tensor& memory, const Tensor& memory_mask,
                                const Context& context) const {
  const Scope scope(name());
  const Tensor a = self_attention_norm_.add(x, self_attention_(x, {}, context), dropout_, context);
  const Tensor attended = cross_attention_(a, cross_attention_.project(memory), memory_mask, context);
  const Tensor b = cross_attention_norm_.add(a, attended, dropout_, context);
  return ffn_norm_.add(b, ffn_(b, context), dropout_, context);
}

DecoderLayerCache DecoderLayer::start(const Tensor& memory, const Tensor& memory_mask) const {
  const Scope scope(name());
  return {.self = {}, .cross = cross_attention_.project(memory), .cross_mask = memory_mask};
}

Tensor DecoderLayer::step(const Tensor& x, DecoderLayerCache& cache) const {
  const Scope scope(name());
  const Context context;
  const Tensor a = self_attention_norm_.add(x, self_attention_.step(x, cache.self), 0, context);
  // The hypotheses of a sentence are so many queries against one memory: nothing is repeated a hypothesis.
  const int64_t sentences = cache.cross.dim(0), width = a.dim(2);
  const Tensor queries = reshape(a, {sentences, a.dim(0) / sentences, width});
  const Tensor attended =
      reshape(cross_attention_(queries, cache.cross, cache.cross_mask, context), a.shape());
  const Tensor b = cross_attention_norm_.add(a, attended, 0, context);
  return ffn_norm_.add(b, ffn_(b), 0, context);
}

void DecoderLayer::visit(Visitor& v) {
  v.module("self_attention", self_attention_);
  v.module("self_attention_norm", self_attention_norm_);
  v.module("cross_attention", cross_attention_);
  v.module("cross_attention_norm", cross_attention_norm_);
  v.module("ffn", ffn_);
  v.module("ffn_norm", ffn_norm_);
}

Decoder::Decoder(const TransformerConfig& config) {
  layers_.reserve(config.decoder.layers.size());
  for (size_t i = 0; i < config.decoder.layers.size(); ++i) layers_.emplace_back(config, i);
}

Tensor Decoder::operator()(const Tensor& embedded, const EncoderOutput& encoded,
                           const Context& context) const {
  const Scope scope(name());
  Memories memories(encoded);
  Tensor x = embedded;
  for (const DecoderLayer& layer : layers_) {
    const Tensor& mask = memories.mask(layer.members());
    x = run_layer(context, {x, memories.values(layer.members())},
                  [&layer, mask, context](const std::vector<Tensor>& in) {
                    return layer(in[0], in[1], mask, context);
                  });
  }
  return x;
}

std::vector<DecoderLayerCache> Decoder::start(const EncoderOutput& encoded) const {
  Memories memories(encoded);
  std::vector<DecoderLayerCache> caches;
  for (const DecoderLayer& layer : layers_) {
    caches.push_back(layer.start(memories.values(layer.members()), memories.mask(layer.members())));
  }
  return caches;
}

Tensor Decoder::step(const Tensor& embedded, std::vector<DecoderLayerCache>& caches) const {
  const Scope scope(name());
  Tensor x = embedded;
  for (size_t i = 0; i < layers_.size(); ++i) x = layers_[i].step(x, caches.at(i));
  return x;
}

}  // namespace mosaic::nn
