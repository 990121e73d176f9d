// Seq2Seq: the translation Transformer. The same class is a standalone model and, its parameters being slices
// or mixtures of a supernet's, a sub-network; so training, evaluation, decoding and latency have one forward.
//
// Parameters and shapes (all leading slices of those of a larger model, in every axis):
//   embeddings.weight {V, max embed}, or encoder.embeddings.weight, decoder.embeddings.weight, output.weight
//   encoder.layers.N.self_attention.{in_proj {3 qkv, d}, out_proj {d, qkv}}, .ffn.{fc1 {f, d}, fc2 {d, f}}
//   decoder.layers.N.cross_attention.{q_proj {qkv, d}, kv_proj {2 qkv, d of the encoder}, out_proj {d, qkv}}
//   ..._norm.{weight, bias} {d}
//
// Token ids are i32 and right-padded. Position t of a sentence has the sinusoid of t + 2; padded places have
// one too, which nothing reads: keys are masked, later positions are not seen, the loss skips them.
#pragma once

#include <memory>
#include <optional>

#include "nn/layers/embedding.h"
#include "nn/layers/positional.h"
#include "nn/models/transformer_layers.h"

namespace mosaic::nn {

class Seq2Seq final : public Module {
 public:
  // Parameters stay undefined. `positions` (of config.positions() channels) may be shared between models.
  explicit Seq2Seq(const TransformerConfig& config,
                   std::shared_ptr<const SinusoidalPositions> positions = nullptr);
  Seq2Seq(const TransformerConfig& config, Generator& rng);

  // source {batch, S} -> the outputs of the last encoder layers and the mask of real tokens.
  EncoderOutput encode(const Tensor& source, const Context& context = {}) const;
  EncoderOutput encode(const PackedTokens& source, const Context& context = {}) const;
  // decoder_input {batch, T} (starting with eos) -> {batch, T, decoder embed}.
  Tensor decode(const Tensor& decoder_input, const EncoderOutput& encoded, const Context& context = {}) const;
  Tensor features(const Tensor& source, const Tensor& decoder_input, const Context& context = {}) const;
  // The same without padding, of as many sequences on the model's device -> {1, tokens, decoder embed}.
  Tensor features(const PackedTokens& source, const PackedTokens& decoder_input,
                  const Context& context = {}) const;
  // features {..., decoder embed} -> {..., target vocabulary}
  Tensor project(const Tensor& features) const;
  OutputLayer output_layer(const Tensor& features) const;
  // {batch, T, target vocabulary}
  Tensor logits(const Tensor& source, const Tensor& decoder_input, const Context& context = {}) const;

  // Incremental decoding: caches for encoded sentences, then one token a row (i32 {rows}) at position t
  // (0, 1, ...) -> logits {rows, target vocabulary}. nn/decode/ builds on these.
  std::vector<DecoderLayerCache> start(const EncoderOutput& encoded) const { return decoder_.start(encoded); }
  Tensor step(const Tensor& tokens, int64_t t, std::vector<DecoderLayerCache>& caches) const;

  void visit(Visitor& v) override;
  std::string describe() const override { return "Seq2Seq"; }
  const TransformerConfig& config() const { return config_; }
  // Where the parameters are. Token ids from elsewhere are brought here.
  Device device() const;
  const std::shared_ptr<const SinusoidalPositions>& positions() const { return positions_; }

 private:
  // ids {batch, length} at positions first, first + 1, ... -> dropout(sqrt(width) * rows + sinusoids)
  Tensor embed(const Embedding& table, const Tensor& ids, int64_t width, int64_t first, double dropout,
               const Context& context) const;
  Tensor embed(const Embedding& table, const PackedTokens& tokens, int64_t width, double dropout,
               const Context& context) const;
  const Embedding& source_table() const { return *(shared_ ? shared_ : source_); }
  const Embedding& target_table() const { return *(shared_ ? shared_ : target_); }

  TransformerConfig config_;
  std::shared_ptr<const SinusoidalPositions> positions_;
  std::optional<Embedding> shared_;           // either this ...
  std::optional<Embedding> source_, target_;  // ... or these
  Tensor output_;                             // and {target vocabulary, decoder embed}
  PackedWeight packed_output_;                // of the output's table
  Encoder encoder_;
  Decoder decoder_;
};

// u8, the shape of ids: 1 where a token, 0 where padding.
Tensor token_mask(const Tensor& ids, int64_t padding);

}  // namespace mosaic::nn
