// The sizes of a BERT encoder in which every layer may have its own width, as a value with strict JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/json.h"

namespace mosaic::nn {

struct BertConfig {
  struct Layer {
    int64_t hidden, heads, ffn;
    bool operator==(const Layer&) const = default;
  };

  int64_t vocabulary = 0, positions = 512, types = 2;
  int64_t padding = 0;  // id of [PAD]

  // The stream between layers: embeddings and heads have this width.
  int64_t width = 0;
  // With bottlenecks (SuperShaper) a layer works at a width of its own: an affine map takes the stream to
  // `hidden` and another takes it back; the residual connections live inside the layer. Without them `hidden`
  // is `width` in every layer.
  bool bottlenecks = false;
  // Consecutive bottlenecks multiplied into one map: a layer's first matrix takes the width of the layer
  // before it, and only the last layer has a map back to the stream.
  bool composed = false;
  std::vector<Layer> layers;
  double norm_eps = 1e-12;
  // Matrices start as N(0, initializer_range). 0.02 is made for a width of 768; attention's logits begin
  // smaller in proportion to the width, so narrow models learn sooner from a wider start.
  double initializer_range = 0.02;

  double dropout = 0;            // of embeddings and sublayer results
  double attention_dropout = 0;  // of attention probabilities
  // Attention dropout of a layer becomes attention_dropout * heads / super_heads (a sub-network's rule); 0:
  // no scaling.
  int64_t super_heads = 0;

  bool mlm = true;                // has a masked-language-model head
  int64_t labels = 0;             // outputs of a classifier on the first token; 0: none; 1: a regression
  double classifier_dropout = 0;  // before the classifier's last layer

  bool operator==(const BertConfig&) const = default;

  double attention_rate(size_t layer) const;

  // ArgumentError naming the field when the sizes do not make a model.
  void validate() const;
  json to_json() const;
  // FormatError for anything but exactly these fields with usable values; `where` opens the message.
  static BertConfig from_json(const json& value, const std::string& where);
};

// The same sizes in every layer, without bottlenecks: BERT as published.
struct PlainBert {
  int64_t vocabulary, width, heads, ffn, layers;
  int64_t positions = 512;
  double dropout = 0, attention_dropout = 0;
};
BertConfig plain_bert(const PlainBert& sizes);

}  // namespace mosaic::nn
