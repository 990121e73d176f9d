// Encoder and decoder of the translation Transformer: post-norm blocks x <- norm(x + dropout(sublayer(x))),
// ReLU, no norm after the last block (Vaswani et al. 2017, as in HAT).
#pragma once

#include <vector>

#include "nn/layers/attention.h"
#include "nn/layers/feed_forward.h"
#include "nn/layers/norm.h"
#include "nn/models/transformer_config.h"

namespace mosaic::nn {

class EncoderLayer final : public Module {
 public:
  EncoderLayer(const TransformerConfig& config, size_t index);
  // x {batch, length, embed}, or packed {1, tokens, embed}.
  Tensor operator()(const Tensor& x, const Sequences& sequences, const Context& context) const;
  void visit(Visitor& v) override;
  std::string describe() const override { return "EncoderLayer"; }

 private:
  double dropout_;
  SelfAttention self_attention_;
  LayerNorm self_attention_norm_;
  FeedForward ffn_;
  LayerNorm ffn_norm_;
};

// What decoders attend to.
struct EncoderOutput {
  std::vector<Tensor>
      outputs;  // of the last layers, the last one first: {batch, length, embed} each, or packed
  Sequences sequences;

  // The first `members` outputs one after another on the time axis {batch, members * length, embed}; packed,
  // each sequence's are together {1, members * tokens, embed}.
  Tensor memory(int64_t members) const;
  Sequences memory_sequences(int64_t members) const;
};

class Encoder final : public Module {
 public:
  explicit Encoder(const TransformerConfig& config);
  EncoderOutput operator()(const Tensor& embedded, const Sequences& sequences, const Context& context) const;
  void visit(Visitor& v) override { v.modules("layers", layers_); }
  std::string describe() const override { return "Encoder"; }

 private:
  int64_t kept_;  // the longest memory any decoder layer asks for
  std::vector<EncoderLayer> layers_;
};

// A decoder layer's own tokens, and its projected view of the encoder.
struct DecoderLayerCache {
  KeyValueCache self;
  Tensor cross;  // {sentences, members * length, 2 * qkv_dim}
  Tensor cross_mask;
};

class DecoderLayer final : public Module {
 public:
  DecoderLayer(const TransformerConfig& config, size_t index);
  // x {batch, length, embed}; memory of `members()` encoder outputs. Packed both, or neither.
  Tensor operator()(const Tensor& x, const Segments& own, const Tensor& memory,
                    const Sequences& memory_sequences, const Context& context) const;
  // One token: x {rows, 1, embed}, rows = sentences * hypotheses a sentence; no dropout.
  Tensor step(const Tensor& x, DecoderLayerCache& cache) const;
  DecoderLayerCache start(const Tensor& memory, const Tensor& memory_mask) const;
  int64_t members() const { return members_; }
  void visit(Visitor& v) override;
  std::string describe() const override { return cat("DecoderLayer, memory of ", members_); }

 private:
  int64_t members_;
  double dropout_;
  SelfAttention self_attention_;
  LayerNorm self_attention_norm_;
  CrossAttention cross_attention_;
  LayerNorm cross_attention_norm_;
  FeedForward ffn_;
  LayerNorm ffn_norm_;
};

class Decoder final : public Module {
 public:
  explicit Decoder(const TransformerConfig& config);
  // embedded {batch, length, embed} -> features {batch, length, embed}; position t sees positions <= t.
  // `own`: the segments of packed tokens, whose memory must be packed, too.
  Tensor operator()(const Tensor& embedded, const Segments& own, const EncoderOutput& encoded,
                    const Context& context) const;
  std::vector<DecoderLayerCache> start(const EncoderOutput& encoded) const;  // of a padded batch
  Tensor step(const Tensor& embedded, std::vector<DecoderLayerCache>& caches) const;
  void visit(Visitor& v) override { v.modules("layers", layers_); }
  std::string describe() const override { return "Decoder"; }

 private:
  std::vector<DecoderLayer> layers_;
};

}  // namespace mosaic::nn
