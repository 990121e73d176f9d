#include "nn/models/transformer_config.h"

#include <algorithm>

#include "engine/core/error.h"
#include "nn/models/checked_config.h"

namespace mosaic::nn {
namespace {

constexpr int64_t max_size = 1 << 24;  // of any width or vocabulary
constexpr int64_t max_layers = 1024;

double scaled(double dropout, int64_t embed, int64_t super_embed) {
  return super_embed == 0 ? dropout : dropout * static_cast<double>(embed) / static_cast<double>(super_embed);
}

void need(bool ok, const std::string& field, const auto&... what) {
  if (!ok) [[unlikely]]
    throw ArgumentError("transformer config", cat(field, " ", what...));
}

void need_size(int64_t value, const std::string& field) {
  need(value >= 1 && value <= max_size, field, "must be in [1, ", max_size, "], got ", value);
}

void need_heads(int64_t heads, int64_t channels, const std::string& field) {
  need(heads >= 1 && channels % heads == 0, field, "must divide qkv_dim ", channels, ", got ", heads);
}

void need_rate(double rate, const std::string& field) {
  need(rate >= 0 && rate < 1, field, "must be in [0, 1), got ", rate);
}

void need_id(int64_t id, int64_t vocabulary, const std::string& field) {
  need(id >= 0 && id < vocabulary, field, "must be an id of the vocabulary of ", vocabulary, ", got ", id);
}

template <class Layer>
void need_layers(const std::vector<Layer>& layers, const std::string& field) {
  const auto count = static_cast<int64_t>(layers.size());
  need(count >= 1 && count <= max_layers, field, "must have 1 to ", max_layers, " layers, got ", count);
}

TransformerConfig::Encoder encoder_from(const json& value, const std::string& where) {
  Fields fields(value, where);
  TransformerConfig::Encoder encoder{.embed = fields.integer("embed", 1, max_size), .layers = {}};
  size_t index = 0;
  for (const json& item : fields.array("layers")) {
    Fields layer(item, cat(where, ".layers[", index++, "]"));
    encoder.layers.push_back(
        {.ffn = layer.integer("ffn", 1, max_size), .heads = layer.integer("heads", 1, max_size)});
    layer.finish();
  }
  fields.finish();
  return encoder;
}

TransformerConfig::Decoder decoder_from(const json& value, const std::string& where) {
  Fields fields(value, where);
  TransformerConfig::Decoder decoder{.embed = fields.integer("embed", 1, max_size), .layers = {}};
  size_t index = 0;
  for (const json& item : fields.array("layers")) {
    Fields layer(item, cat(where, ".layers[", index++, "]"));
    decoder.layers.push_back({.ffn = layer.integer("ffn", 1, max_size),
                              .self_heads = layer.integer("self_heads", 1, max_size),
                              .cross_heads = layer.integer("cross_heads", 1, max_size),
                              .memory = layer.integer_or("memory", 1, 1, 3)});
    layer.finish();
  }
  fields.finish();
  return decoder;
}

}  // namespace

int64_t TransformerConfig::embedding_width() const {
  return std::max(encoder.embed, decoder.embed);
}
double TransformerConfig::encoder_dropout() const {
  return scaled(dropout, encoder.embed, super_embed);
}
double TransformerConfig::decoder_dropout() const {
  return scaled(dropout, decoder.embed, super_embed);
}

void TransformerConfig::validate() const {
  need_size(source_vocabulary, "source_vocabulary");
  need_size(target_vocabulary, "target_vocabulary");
  need(!share_embeddings || source_vocabulary == target_vocabulary, "share_embeddings",
       "needs equal vocabularies, got ", source_vocabulary, " and ", target_vocabulary);
  const int64_t ids = std::min(source_vocabulary, target_vocabulary);
  need_id(bos, ids, "bos");
  need_id(padding, ids, "padding");
  need_id(eos, ids, "eos");
  need(padding != eos && padding != bos, "padding", "must differ from bos and eos, got ", padding);
  need_size(qkv_dim, "qkv_dim");
  need_size(encoder.embed, "encoder.embed");
  need_size(decoder.embed, "decoder.embed");
  need(positions() >= 4 && positions() % 2 == 0, "position_width", "must be even and at least 4, got ",
       positions());
  need(positions() >= embedding_width(), "position_width", "must not be below the embed ", embedding_width(),
       ", got ", positions());
  need_layers(encoder.layers, "encoder.layers");
  need_layers(decoder.layers, "decoder.layers");
  for (size_t i = 0; i < encoder.layers.size(); ++i) {
    need_size(encoder.layers[i].ffn, cat("encoder.layers[", i, "].ffn"));
    need_heads(encoder.layers[i].heads, qkv_dim, cat("encoder.layers[", i, "].heads"));
  }
  for (size_t i = 0; i < decoder.layers.size(); ++i) {
    const std::string layer = cat("decoder.layers[", i, "].");
    need_size(decoder.layers[i].ffn, layer + "ffn");
    need_heads(decoder.layers[i].self_heads, qkv_dim, layer + "self_heads");
    need_heads(decoder.layers[i].cross_heads, qkv_dim, layer + "cross_heads");
    const int64_t most = std::min<int64_t>(3, static_cast<int64_t>(encoder.layers.size()));
    need(decoder.layers[i].memory >= 1 && decoder.layers[i].memory <= most, layer + "memory",
         "must be in [1, ", most, "] (3, or the number of encoder layers), got ", decoder.layers[i].memory);
  }
  need(super_embed >= 0, "super_embed", "must not be negative, got ", super_embed);
  need_rate(attention_dropout, "attention_dropout");
  need_rate(activation_dropout, "activation_dropout");
  need_rate(dropout, "dropout");
  need_rate(encoder_dropout(), "dropout * encoder.embed / super_embed");
  need_rate(decoder_dropout(), "dropout * decoder.embed / super_embed");
}

json TransformerConfig::to_json() const {
  json encoder_layers = json::array(), decoder_layers = json::array();
  for (const EncoderLayer& layer : encoder.layers) {
    encoder_layers.push_back({{"ffn", layer.ffn}, {"heads", layer.heads}});
  }
  for (const DecoderLayer& layer : decoder.layers) {
    decoder_layers.push_back({{"ffn", layer.ffn},
                              {"self_heads", layer.self_heads},
                              {"cross_heads", layer.cross_heads},
                              {"memory", layer.memory}});
  }
  json value;
  value["source_vocabulary"] = source_vocabulary;
  value["target_vocabulary"] = target_vocabulary;
  value["share_embeddings"] = share_embeddings;
  value["bos"] = bos;
  value["padding"] = padding;
  value["eos"] = eos;
  value["qkv_dim"] = qkv_dim;
  value["position_width"] = positions();
  value["encoder"] = {{"embed", encoder.embed}, {"layers", std::move(encoder_layers)}};
  value["decoder"] = {{"embed", decoder.embed}, {"layers", std::move(decoder_layers)}};
  value["dropout"] = dropout;
  value["attention_dropout"] = attention_dropout;
  value["activation_dropout"] = activation_dropout;
  value["super_embed"] = super_embed;
  return value;
}

TransformerConfig TransformerConfig::from_json(const json& value, const std::string& where) {
  Fields fields(value, where);
  TransformerConfig config;
  config.source_vocabulary = fields.integer("source_vocabulary", 1, max_size);
  config.target_vocabulary = fields.integer("target_vocabulary", 1, max_size);
  config.share_embeddings = fields.boolean_or("share_embeddings", true);
  config.bos = fields.integer_or("bos", 0, 0, max_size);
  config.padding = fields.integer_or("padding", 1, 0, max_size);
  config.eos = fields.integer_or("eos", 2, 0, max_size);
  config.qkv_dim = fields.integer("qkv_dim", 1, max_size);
  config.encoder = encoder_from(fields.object("encoder"), where + ".encoder");
  config.decoder = decoder_from(fields.object("decoder"), where + ".decoder");
  config.position_width = fields.integer_or("position_width", config.embedding_width(), 0, max_size);
  config.dropout = fields.number_or("dropout", 0, 0, 1);
  config.attention_dropout = fields.number_or("attention_dropout", 0, 0, 1);
  config.activation_dropout = fields.number_or("activation_dropout", 0, 0, 1);
  config.super_embed = fields.integer_or("super_embed", 0, 0, max_size);
  fields.finish();
  validate_read(config, where);
  return config;
}

TransformerConfig plain_transformer(const PlainTransformer& sizes) {
  TransformerConfig config;
  config.source_vocabulary = config.target_vocabulary = sizes.vocabulary;
  config.share_embeddings = sizes.share_embeddings;
  config.qkv_dim = sizes.embed;
  config.position_width = sizes.embed;
  config.encoder.embed = config.decoder.embed = sizes.embed;
  config.encoder.layers.assign(static_cast<size_t>(sizes.encoder_layers),
                               {.ffn = sizes.ffn, .heads = sizes.heads});
  config.decoder.layers.assign(static_cast<size_t>(sizes.decoder_layers),
                               {.ffn = sizes.ffn, .self_heads = sizes.heads, .cross_heads = sizes.heads});
  config.dropout = sizes.dropout;
  config.attention_dropout = sizes.attention_dropout;
  config.validate();
  return config;
}

}  // namespace mosaic::nn
