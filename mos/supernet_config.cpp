// Configurations: of an architecture's static model, and of the supernet as JSON.
#include <algorithm>

#include "mos/supernet.h"

namespace mosaic::mos {

nn::TransformerConfig Supernet::model_config(const Arch& arch) const {
  return config_of(translation(space(), arch));
}

nn::TransformerConfig Supernet::config_of(const TranslationArch& sizes) const {
  const TranslationArch super = super_translation(space());
  nn::TransformerConfig config;
  config.source_vocabulary = options_.vocabulary.source;
  config.target_vocabulary = options_.vocabulary.target;
  config.share_embeddings = options_.vocabulary.joined;
  config.bos = options_.bos;
  config.padding = options_.padding;
  config.eos = options_.eos;
  config.qkv_dim = sizes.qkv_dim;
  // Narrow models use the leading channels of the widest one's sinusoids, so that they share its weights.
  config.position_width = std::max(super.encoder.embed, super.decoder.embed);
  config.encoder.embed = sizes.encoder.embed;
  for (size_t i = 0; i < sizes.encoder.ffn.size(); ++i)
    config.encoder.layers.push_back({.ffn = sizes.encoder.ffn[i], .heads = sizes.encoder.heads[i]});
  config.decoder.embed = sizes.decoder.embed;
  for (size_t i = 0; i < sizes.decoder.ffn.size(); ++i) {
    config.decoder.layers.push_back({.ffn = sizes.decoder.ffn[i],
                                     .self_heads = sizes.decoder.self_heads[i],
                                     .cross_heads = sizes.decoder.cross_heads[i],
                                     .memory = memory_members(sizes.decoder.arbitrary[i])});
  }
  config.dropout = options_.dropout;
  config.attention_dropout = options_.attention_dropout;
  config.activation_dropout = options_.activation_dropout;
  config.super_embed = options_.scale_dropout ? config.position_width : 0;
  return config;
}

json Supernet::to_json() const {
  const Options& o = options_;
  return {
      {"format", "mosaic-supernet"},
      {"version", 1},
      {"space", space().to_json()},
      {"space_hash", space().hash()},
      {"vocabulary",
       {{"source", o.vocabulary.source}, {"target", o.vocabulary.target}, {"joined", o.vocabulary.joined}}},
      {"mixture", mixture_json(o.mixture)},
      {"dropout", o.dropout},
      {"attention_dropout", o.attention_dropout},
      {"activation_dropout", o.activation_dropout},
      {"scale_dropout", o.scale_dropout},
      {"bos", o.bos},
      {"padding", o.padding},
      {"eos", o.eos}};
}

std::unique_ptr<Supernet> Supernet::from_json(const json& value, const std::string& where) {
  constexpr int64_t most = 1 << 24;
  Fields fields(value, where);
  fields.one_of("format", {"mosaic-supernet"});
  fields.integer("version", 1, 1);
  Space space = Space::from_json(fields.object("space"), where + ": space");
  const std::string hash = fields.text("space_hash");
  check<FormatError>(hash == space.hash(), where.c_str(), "space_hash is ", hash,
                     ", the space beside it has ", space.hash());
  Options o;
  Fields vocabulary(fields.object("vocabulary"), where + ": vocabulary");
  o.vocabulary = {.source = vocabulary.integer("source", 1, most),
                  .target = vocabulary.integer("target", 1, most),
                  .joined = vocabulary.boolean("joined")};
  vocabulary.finish();
  o.mixture = mixture_from_json(fields.object("mixture"), where + ": mixture");
  o.dropout = fields.number("dropout", 0, 1);
  o.attention_dropout = fields.number("attention_dropout", 0, 1);
  o.activation_dropout = fields.number("activation_dropout", 0, 1);
  o.scale_dropout = fields.boolean("scale_dropout");
  o.bos = fields.integer("bos", 0, most);
  o.padding = fields.integer("padding", 0, most);
  o.eos = fields.integer("eos", 0, most);
  fields.finish();
  return std::make_unique<Supernet>(std::move(space), o);
}

}  // namespace mosaic::mos
