#include "nn/models/bert_config.h"

#include "engine/core/error.h"
#include "nn/models/checked_config.h"

namespace mosaic::nn {
namespace {

constexpr int64_t max_size = 1 << 24;  // of any width or vocabulary
constexpr int64_t max_layers = 1024;

void need(bool ok, const std::string& field, const auto&... what) {
  if (!ok) [[unlikely]]
    throw ArgumentError("bert config", cat(field, " ", what...));
}

void need_size(int64_t value, const std::string& field) {
  need(value >= 1 && value <= max_size, field, "must be in [1, ", max_size, "], got ", value);
}

void need_rate(double rate, const std::string& field) {
  need(rate >= 0 && rate < 1, field, "must be in [0, 1), got ", rate);
}

}  // namespace

double BertConfig::attention_rate(size_t layer) const {
  if (super_heads == 0) return attention_dropout;
  return attention_dropout * static_cast<double>(layers.at(layer).heads) / static_cast<double>(super_heads);
}

void BertConfig::validate() const {
  need_size(vocabulary, "vocabulary");
  need_size(positions, "positions");
  need_size(types, "types");
  need_size(width, "width");
  need(padding >= 0 && padding < vocabulary, "padding", "must be an id of the vocabulary of ", vocabulary,
       ", got ", padding);
  const auto count = static_cast<int64_t>(layers.size());
  need(count >= 1 && count <= max_layers, "layers", "must be 1 to ", max_layers, ", got ", count);
  need(super_heads >= 0 && super_heads <= max_size, "super_heads", "must be in [0, ", max_size, "], got ",
       super_heads);
  for (size_t i = 0; i < layers.size(); ++i) {
    const std::string field = cat("layers[", i, "].");
    const Layer& layer = layers[i];
    need_size(layer.hidden, field + "hidden");
    need_size(layer.ffn, field + "ffn");
    need(layer.heads >= 1 && layer.hidden % layer.heads == 0, field + "heads", "must divide hidden ",
         layer.hidden, ", got ", layer.heads);
    need(bottlenecks || layer.hidden == width, field + "hidden", "must be the width ", width,
         " of a model without bottlenecks, got ", layer.hidden);
    need_rate(attention_rate(i), field + "attention dropout");
  }
  need(bottlenecks || !composed, "composed", "needs bottlenecks");
  need(norm_eps > 0 && norm_eps <= 1, "norm_eps", "must be in (0, 1], got ", norm_eps);
  need(initializer_range > 0 && initializer_range <= 1, "initializer_range", "must be in (0, 1], got ",
       initializer_range);
  need_rate(dropout, "dropout");
  need_rate(attention_dropout, "attention_dropout");
  need_rate(classifier_dropout, "classifier_dropout");
  need(labels >= 0 && labels <= max_size, "labels", "must be in [0, ", max_size, "], got ", labels);
}

json BertConfig::to_json() const {
  json list = json::array();
  for (const Layer& layer : layers)
    list.push_back({{"hidden", layer.hidden}, {"heads", layer.heads}, {"ffn", layer.ffn}});
  json value;
  value["vocabulary"] = vocabulary;
  value["positions"] = positions;
  value["types"] = types;
  value["padding"] = padding;
  value["width"] = width;
  value["bottlenecks"] = bottlenecks;
  value["composed"] = composed;
  value["layers"] = std::move(list);
  value["norm_eps"] = norm_eps;
  value["initializer_range"] = initializer_range;
  value["dropout"] = dropout;
  value["attention_dropout"] = attention_dropout;
  value["super_heads"] = super_heads;
  value["mlm"] = mlm;
  value["labels"] = labels;
  value["classifier_dropout"] = classifier_dropout;
  return value;
}

BertConfig BertConfig::from_json(const json& value, const std::string& where) {
  Fields fields(value, where);
  BertConfig config;
  config.vocabulary = fields.integer("vocabulary", 1, max_size);
  config.positions = fields.integer_or("positions", config.positions, 1, max_size);
  config.types = fields.integer_or("types", config.types, 1, max_size);
  config.padding = fields.integer_or("padding", config.padding, 0, max_size);
  config.width = fields.integer("width", 1, max_size);
  config.bottlenecks = fields.boolean_or("bottlenecks", false);
  config.composed = fields.boolean_or("composed", false);
  size_t index = 0;
  for (const json& item : fields.array("layers")) {
    Fields layer(item, cat(where, ".layers[", index++, "]"));
    config.layers.push_back({.hidden = layer.integer("hidden", 1, max_size),
                             .heads = layer.integer("heads", 1, max_size),
                             .ffn = layer.integer("ffn", 1, max_size)});
    layer.finish();
  }
  config.norm_eps = fields.number_or("norm_eps", config.norm_eps, 0, 1);
  config.initializer_range = fields.number_or("initializer_range", config.initializer_range, 0, 1);
  config.dropout = fields.number_or("dropout", 0, 0, 1);
  config.attention_dropout = fields.number_or("attention_dropout", 0, 0, 1);
  config.super_heads = fields.integer_or("super_heads", 0, 0, max_size);
  config.mlm = fields.boolean_or("mlm", true);
  config.labels = fields.integer_or("labels", 0, 0, max_size);
  config.classifier_dropout = fields.number_or("classifier_dropout", 0, 0, 1);
  fields.finish();
  validate_read(config, where);
  return config;
}

BertConfig plain_bert(const PlainBert& sizes) {
  BertConfig config;
  config.vocabulary = sizes.vocabulary;
  config.positions = sizes.positions;
  config.width = sizes.width;
  config.layers.assign(static_cast<size_t>(sizes.layers),
                       {.hidden = sizes.width, .heads = sizes.heads, .ffn = sizes.ffn});
  config.dropout = sizes.dropout;
  config.attention_dropout = sizes.attention_dropout;
  config.validate();
  return config;
}

}  // namespace mosaic::nn
