// The sizes of a translation Transformer in which every layer may differ, as a value with strict JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/json.h"

namespace mosaic::nn {

struct TransformerConfig {
  struct EncoderLayer {
    int64_t ffn, heads;
    bool operator==(const EncoderLayer&) const = default;
  };
  struct DecoderLayer {
    int64_t ffn, self_heads, cross_heads;
    // How many of the encoder's last outputs this layer attends to: 1 = the last layer's, 2 = also the one
    // before, 3 = also the third last; one after another on the time axis (HAT's arbitrary attention -1, 1,
    // 2).
    int64_t memory = 1;
    bool operator==(const DecoderLayer&) const = default;
  };
  struct Encoder {
    int64_t embed = 0;
    std::vector<EncoderLayer> layers;
    bool operator==(const Encoder&) const = default;
  };
  struct Decoder {
    int64_t embed = 0;
    std::vector<DecoderLayer> layers;
    bool operator==(const Decoder&) const = default;
  };

  int64_t source_vocabulary = 0, target_vocabulary = 0;
  bool share_embeddings = true;  // one table for encoder input, decoder input and output; else three
  int64_t bos = 0, padding = 1, eos = 2;

  int64_t qkv_dim = 0;         // channels of queries, keys and values in every attention
  int64_t position_width = 0;  // of the sinusoid table, whose leading channels are used; 0: the wider embed

  Encoder encoder;
  Decoder decoder;

  double dropout = 0;             // of embeddings and sublayer results
  double attention_dropout = 0;   // of attention probabilities
  double activation_dropout = 0;  // of the hidden FFN activations
  // Dropout of a side becomes dropout * embed / super_embed (the rule by which a narrow sub-network of a
  // supernet drops less); 0: no scaling.
  int64_t super_embed = 0;

  bool operator==(const TransformerConfig&) const = default;

  int64_t embedding_width() const;  // of the shared table: the wider embed
  int64_t positions() const { return position_width > 0 ? position_width : embedding_width(); }
  double encoder_dropout() const;
  double decoder_dropout() const;

  // ArgumentError naming the field when the sizes do not make a model.
  void validate() const;
  json to_json() const;
  // FormatError for anything but exactly these fields with usable values; `where` opens the message.
  static TransformerConfig from_json(const json& value, const std::string& where);
};

// The same sizes in every layer.
struct PlainTransformer {
  int64_t vocabulary, embed, ffn, heads, encoder_layers, decoder_layers;
  double dropout = 0, attention_dropout = 0;
  bool share_embeddings = true;
};
TransformerConfig plain_transformer(const PlainTransformer& sizes);

}  // namespace mosaic::nn
