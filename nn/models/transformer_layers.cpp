#include "nn/models/transformer_layers.h"

#include <algorithm>
#include <array>
#include <optional>

namespace mosaic::nn {
namespace {

// For outputs of packed tokens one after another: where the tokens of the first sequence are, of the first
// output and of every later one, then those of the second sequence.
Tensor by_sequence(const Segments& segments, int64_t members) {
  std::vector<int32_t> order;
  int64_t first = 0;
  for (const int64_t length : segments.lengths()) {
    for (int64_t member = 0; member < members; ++member) {
      for (int64_t t = first; t < first + length; ++t)
        order.push_back(static_cast<int32_t>(member * segments.elements() + t));
    }
    first += length;
  }
  return Tensor::from(std::span<const int32_t>(order), {static_cast<int64_t>(order.size())},
                      segments.begins().device());
}

// Concatenations of encoder outputs, made once for all decoder layers that ask for the same.
class Memories {
 public:
  explicit Memories(const EncoderOutput& encoded) : encoded_(encoded) {}
  const Tensor& values(int64_t members) {
    Tensor& made = values_.at(static_cast<size_t>(members - 1));
    if (!made.defined()) made = encoded_.memory(members);
    return made;
  }
  const Sequences& sequences(int64_t members) {
    std::optional<Sequences>& made = sequences_.at(static_cast<size_t>(members - 1));
    if (!made) made = encoded_.memory_sequences(members);
    return *made;
  }

 private:
  const EncoderOutput& encoded_;
  std::array<Tensor, 3> values_;
  std::array<std::optional<Sequences>, 3> sequences_;
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

Tensor EncoderLayer::operator()(const Tensor& x, const Sequences& sequences, const Context& context) const {
  const Scope scope(name());
  const Tensor a = self_attention_norm_.add(x, self_attention_(x, sequences, context), dropout_, context);
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
  const Tensor joined = concat({outputs.data(), static_cast<size_t>(members)}, 1);
  if (!sequences.segments.defined()) return joined;
  return unsqueeze(index_select(squeeze(joined, 0), by_sequence(sequences.segments, members)), 0);
}

Sequences EncoderOutput::memory_sequences(int64_t members) const {
  if (members == 1) return sequences;
  if (sequences.segments.defined()) {
    std::vector<int64_t> lengths = sequences.segments.lengths();
    for (int64_t& length : lengths) length *= members;
    return Segments(std::move(lengths), sequences.segments.begins().device());
  }
  if (!sequences.mask.defined()) return {};
  return concat(std::vector<Tensor>(static_cast<size_t>(members), sequences.mask), 1);
}

Encoder::Encoder(const TransformerConfig& config) : kept_(1) {
  for (const auto& layer : config.decoder.layers) kept_ = std::max(kept_, layer.memory);
  layers_.reserve(config.encoder.layers.size());
  for (size_t i = 0; i < config.encoder.layers.size(); ++i) layers_.emplace_back(config, i);
}

EncoderOutput Encoder::operator()(const Tensor& embedded, const Sequences& sequences,
                                  const Context& context) const {
  const Scope scope(name());
  EncoderOutput encoded{.outputs = {}, .sequences = sequences};
  Tensor x = embedded;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const EncoderLayer& layer = layers_[i];
    x = run_layer(context, {x}, [&layer, sequences, context](const std::vector<Tensor>& in) {
      return layer(in[0], sequences, context);
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

Tensor DecoderLayer::operator()(const Tensor& x, const Segments& own, const Tensor& memory,
                                const Sequences& memory_sequences, const Context& context) const {
  const Scope scope(name());
  const Tensor a = self_attention_norm_.add(x, self_attention_(x, own, context), dropout_, context);
  const Tensor attended =
      cross_attention_(a, cross_attention_.project(memory), memory_sequences, context, own);
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

Tensor Decoder::operator()(const Tensor& embedded, const Segments& own, const EncoderOutput& encoded,
                           const Context& context) const {
  const Scope scope(name());
  Memories memories(encoded);
  Tensor x = embedded;
  for (const DecoderLayer& layer : layers_) {
    const Sequences& sequences = memories.sequences(layer.members());
    x = run_layer(context, {x, memories.values(layer.members())},
                  [&layer, own, sequences, context](const std::vector<Tensor>& in) {
                    return layer(in[0], own, in[1], sequences, context);
                  });
  }
  return x;
}

std::vector<DecoderLayerCache> Decoder::start(const EncoderOutput& encoded) const {
  check<ArgumentError>(!encoded.sequences.segments.defined(), "decode",
                       "step by step from a padded batch only");
  Memories memories(encoded);
  std::vector<DecoderLayerCache> caches;
  for (const DecoderLayer& layer : layers_) {
    caches.push_back(layer.start(memories.values(layer.members()), memories.sequences(layer.members()).mask));
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
