// Bert: the encoder of Devlin et al. (2019) with a masked-language-model head, a classifier head, or both.
// The same class is a standalone model and, its parameters being slices or mixtures of a supernet's, a
// sub-network.
//
// Parameters and shapes, with d = width of the stream, h and f of the layer (all leading slices of those of a
// larger model, in every axis):
//   embeddings.word.weight {V, d}, .position.weight {positions, d}, .type.weight {types, d}, .norm {d}
//   encoder.layers.N.self_attention.{query, key, value, output}.{weight {h, h}, bias {h}}
//   encoder.layers.N.ffn.{fc1 {f, h}, fc2 {h, f}}, .self_attention_norm, .ffn_norm {h}
//   encoder.layers.N.bottleneck_in {h, d}, .bottleneck_out {d, h}     with bottlenecks
//   encoder.layers.N.bottleneck_in {h, h of layer N - 1} for N > 0     composed; bottleneck_out in the last
//   one mlm.dense {d, d}, mlm.norm {d}, mlm.bias {V}                      the output matrix is the word table
//   classifier.pooler {d, d}, classifier.output {labels, d}
// Norms have weight and bias {width}; affine maps {out, in} a bias {out}.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "nn/models/bert_layers.h"

namespace mosaic::nn {

// Right-padded token ids, at most `positions` a row.
struct BertInput {
  Tensor ids;    // i32 {batch, length}
  Tensor types;  // i32 {batch, length}, the segment of each token; undefined: all 0
  Tensor mask;   // u8 {batch, length}, 1 = a token; undefined: wherever ids is not padding
};

// The same without padding, on the model's device.
struct PackedBertInput {
  PackedTokens tokens;
  Tensor types;  // i32 {1, tokens}; undefined: all 0
};

class Bert final : public Module {
 public:
  // Parameters stay undefined.
  explicit Bert(const BertConfig& config);
  Bert(const BertConfig& config, Generator& rng);

  // The last layer's output {batch, length, width}. DtypeError and ShapeError for ids, types or a mask of
  // another kind, ArgumentError for rows longer than there are positions.
  Tensor encode(const BertInput& input, const Context& context = {}) const;
  // The input without its padding. ArgumentError for a row with padding, or hidden by the mask, before a
  // token.
  PackedBertInput pack(const BertInput& input) const;
  // -> {1, tokens, width}
  Tensor encode(const PackedBertInput& input, const Context& context = {}) const;
  // The stream after the embeddings and after every layer: layers + 1 tensors, the last one is encode()'s
  // (composed: what each layer gives the next, of the layer's hidden size).
  std::vector<Tensor> hidden_states(const BertInput& input, const Context& context = {}) const;

  // Logits {n, vocabulary} of the encoded {batch, length, width} at `places`, i32 {n}: row * length + column.
  // Only these reach the vocabulary projection. ArgumentError without the head.
  Tensor mlm_logits(const Tensor& encoded, const Tensor& places) const;
  OutputLayer mlm_output(const Tensor& encoded, const Tensor& places) const;  // what makes them
  // Logits {batch, labels} of the encoded first tokens. ArgumentError without the head.
  Tensor classify(const Tensor& encoded, const Context& context = {}) const;
  // The same of packed sequences, encoded {1, tokens, width}. ArgumentError for an empty one.
  Tensor classify(const Tensor& encoded, const Segments& segments, const Context& context = {}) const;

  void visit(Visitor& v) override;
  std::string describe() const override { return "Bert"; }
  const BertConfig& config() const { return config_; }
  // Where the parameters are. Token ids, types, masks and places from elsewhere are brought here.
  Device device() const { return embeddings_.words().device(); }

 private:
  template <class Keep>
  Tensor run(Tensor x, const Sequences& sequences, const Context& context, const Keep& keep) const;
  template <class Keep>
  Tensor run(const BertInput& input, const Context& context, const Keep& keep) const;
  void check_classifier(const Tensor& encoded) const;

  BertConfig config_;
  BertEmbeddings embeddings_;
  std::vector<BertLayer> layers_;
  std::optional<MlmHead> mlm_;
  std::optional<ClassifierHead> classifier_;
};

// A model for fine-tuning: a copy of the encoder (not of its heads) with a new classifier of `labels`
// outputs, drawn from rng. `dropout` is the new model's, of embeddings, sublayers and classifier; attention
// dropout stays. ArgumentError when the encoder has undefined parameters.
std::unique_ptr<Bert> with_classifier(Bert& pretrained, int64_t labels, double dropout, Generator& rng);

// The same function with bottlenecks composed: equal outputs to rounding, with fewer parameters and products
// where layers are narrower than the stream. ArgumentError unless the model has bottlenecks, not yet
// composed.
std::unique_ptr<Bert> compose_bottlenecks(Bert& model);

}  // namespace mosaic::nn
