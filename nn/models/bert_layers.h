// The parts of BERT: embeddings, self-attention with separate projections, the layer with or without
// bottlenecks, and the two heads. All post-norm with GELU (Devlin et al. 2019); every matrix starts as N(0,
// initializer_range), every bias as zero.
#pragma once

#include <optional>

#include "nn/layers/feed_forward.h"
#include "nn/layers/linear.h"
#include "nn/layers/norm.h"
#include "nn/layers/sequences.h"
#include "nn/models/bert_config.h"

namespace mosaic::nn {

// norm(word + position + type), with dropout.
class BertEmbeddings final : public Module {
 public:
  explicit BertEmbeddings(const BertConfig& config);
  // ids i32 {batch, length}; types i32 of the same shape, undefined: all 0 -> {batch, length, width}.
  Tensor operator()(const Tensor& ids, const Tensor& types, const Context& context) const;
  // types {1, tokens} -> {1, tokens, width}
  Tensor operator()(const PackedTokens& tokens, const Tensor& types, const Context& context) const;
  const Tensor& words() const { return words_; }  // {vocabulary, width}, also the MLM head's last matrix
  void visit(Visitor& v) override;
  std::string describe() const override { return "BertEmbeddings"; }

 private:
  void check_length(int64_t length) const;
  // norm(words + positions + types): places {length, width} or {1, tokens, width}.
  Tensor sum(const Tensor& ids, const Tensor& places, const Tensor& types, const Context& context) const;

  int64_t vocabulary_, positions_count_, types_count_, width_, padding_;
  double dropout_;
  Init weights_;
  Tensor words_, positions_, types_;
  LayerNorm norm_;
};

// Queries, keys and values have a matrix each, so that a narrower layer takes the leading rows and columns of
// every one.
class BertSelfAttention final : public Module {
 public:
  struct Options {
    int64_t width, heads;
    double dropout = 0;  // of the attention probabilities
    Init weight_init = Init::normal(0.02);
  };
  explicit BertSelfAttention(const Options& options);
  // x {batch, length, width} or packed {1, tokens, width} -> the same shape.
  Tensor operator()(const Tensor& x, const Sequences& sequences, const Context& context) const;
  void visit(Visitor& v) override;
  std::string describe() const override;

 private:
  Options options_;
  Linear query_, key_, value_, output_;  // width -> width
};

// z = in(x); a = norm(z + attention(z)); y = norm(a + fc2(gelu(fc1(a)))); out(y). The maps in and out exist
// with bottlenecks only (out, where they are composed, in the last layer only); they start as identities, so
// that a new layer passes the leading channels through.
class BertLayer final : public Module {
 public:
  BertLayer(const BertConfig& config, size_t index);
  // x {batch, length, config.width} or packed {1, tokens, config.width} -> the same shape; composed: from the
  // hidden size of the layer before to this layer's.
  Tensor operator()(const Tensor& x, const Sequences& sequences, const Context& context) const;
  void visit(Visitor& v) override;
  std::string describe() const override;

 private:
  BertConfig::Layer sizes_;
  double dropout_;
  std::optional<Linear> bottleneck_in_, bottleneck_out_;
  BertSelfAttention self_attention_;
  LayerNorm self_attention_norm_;
  FeedForward ffn_;
  LayerNorm ffn_norm_;
};

// norm(gelu(dense(x))) times the transposed word table, plus a bias of its own.
class MlmHead final : public Module {
 public:
  explicit MlmHead(const BertConfig& config);
  // x {n, width}, words {vocabulary, width} -> what makes logits {n, vocabulary}.
  OutputLayer operator()(const Tensor& x, const Tensor& words) const;
  void visit(Visitor& v) override;
  std::string describe() const override { return "MlmHead"; }

 private:
  Linear dense_;
  LayerNorm norm_;
  int64_t vocabulary_;
  Tensor bias_;  // {vocabulary}
};

// output(dropout(tanh(pooler(x)))) of the first token.
class ClassifierHead final : public Module {
 public:
  explicit ClassifierHead(const BertConfig& config);
  // x {batch, width} -> logits {batch, labels}.
  Tensor operator()(const Tensor& x, const Context& context) const;
  void visit(Visitor& v) override;
  std::string describe() const override { return "ClassifierHead"; }

 private:
  double dropout_;
  Linear pooler_, output_;
};

}  // namespace mosaic::nn
