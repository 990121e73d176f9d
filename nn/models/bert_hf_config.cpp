// The config.json of transformers' BERT.
#include <algorithm>
#include <charconv>

#include "engine/core/error.h"
#include "nn/models/bert_hf.h"
#include "nn/models/checked_config.h"

namespace mosaic::nn {
namespace {

constexpr int64_t max_size = 1 << 24;  // of any width or vocabulary
constexpr int64_t max_layers = 1024;
constexpr int64_t max_labels = 1 << 16;  // that are not named one by one
// transformers leaves fields out that have its default values, these among them.
constexpr int64_t default_labels = 2;
constexpr double default_dropout = 0.1;

int64_t widest_ffn(const BertConfig& config) {
  int64_t widest = 0;
  for (const BertConfig::Layer& layer : config.layers) widest = std::max(widest, layer.ffn);
  return widest;
}

std::vector<std::string> default_names(int64_t labels) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < labels; ++i) names.push_back(cat("LABEL_", i));
  return names;
}

void add_labels(json& value, std::vector<std::string> names, int64_t labels) {
  constexpr const char* op = "hf_config";
  if (names.empty()) names = default_names(labels);
  const auto count = static_cast<int64_t>(names.size());
  check<ArgumentError>(count == labels, op, count, " label names for ", labels, " outputs");
  json id2label, label2id;
  for (int64_t i = 0; i < count; ++i) {
    const std::string& name = names[static_cast<size_t>(i)];
    check<ArgumentError>(!label2id.contains(name), op, "the label name \"", name, "\" is given twice");
    id2label[std::to_string(i)] = name;
    label2id[name] = i;
  }
  value["id2label"] = std::move(id2label);
  value["label2id"] = std::move(label2id);
  value["problem_type"] = labels == 1 ? "regression" : "single_label_classification";
}

// Whether there is a value; transformers writes null for "unset".
bool given(Fields& fields, const char* key) {
  return fields.has(key) && !fields.any(key).is_null();
}

// Of optional fields: the only value that the model here computes.
void expect(Fields& fields, const char* key, const char* only) {
  if (given(fields, key)) fields.one_of(key, {only});
}
void expect(Fields& fields, const char* key, bool only, const char* reason) {
  if (given(fields, key) && fields.boolean(key) != only)
    throw FormatError(fields.where(), cat("\"", key, "\" must be ", only ? "true" : "false", ", got ",
                                          only ? "false" : "true", ": ", reason));
}

void check_kind(Fields& fields, const HfHeads& heads) {
  fields.one_of("model_type", {"bert"});
  if (given(fields, "architectures")) {
    const std::vector<std::string> known{"BertForMaskedLM", "BertForPreTraining",
                                         "BertForSequenceClassification", "BertModel"};
    for (const json& item : fields.array("architectures")) {
      const json one = {{"architectures", item}};
      Fields(one, fields.where()).one_of("architectures", known);
    }
  }
  expect(fields, "hidden_act", "gelu");
  expect(fields, "position_embedding_type", "absolute");
  for (const char* key : {"is_decoder", "is_encoder_decoder", "add_cross_attention"})
    expect(fields, key, false, "only encoders are read");
  if (heads.mlm)
    expect(fields, "tie_word_embeddings", true, "the MLM head's last matrix is always the word table");
  if (given(fields, "pruned_heads") && !fields.any("pruned_heads").empty())
    throw FormatError(fields.where(),
                      "\"pruned_heads\" must be empty: layers without some of their heads are not read");
  if (given(fields, "quantization_config"))
    throw FormatError(fields.where(), "\"quantization_config\" must not be there: only F32 weights are read");
}

// id2label, which transformers leaves out for two outputs named LABEL_0 and LABEL_1.
std::vector<std::string> read_labels(Fields& fields) {
  if (!given(fields, "id2label"))
    return default_names(fields.integer_or("num_labels", default_labels, 1, max_labels));
  const json& map = fields.object("id2label");
  std::vector<std::string> names(map.size());
  for (const auto& [key, name] : map.items()) {
    size_t i = names.size();
    std::from_chars(key.data(), key.data() + key.size(), i);
    if (i >= names.size() || std::to_string(i) != key || !name.is_string())
      throw FormatError(fields.where(),
                        cat("\"id2label\" must name the outputs \"0\" to \"", names.size() - 1,
                            "\" with strings, got \"", key, "\": ", name.dump()));
    names[i] = name.get<std::string>();
  }
  if (names.empty()) throw FormatError(fields.where(), "\"id2label\" must name at least one output, got {}");
  return names;
}

}  // namespace

std::optional<std::string> why_not_hf(const BertConfig& config) {
  if (config.bottlenecks)
    return "layers with bottlenecks work and normalise at widths of their own, transformers' BertModel has "
           "one width and no maps between layers";
  for (size_t i = 0; i < config.layers.size(); ++i) {
    const BertConfig::Layer &first = config.layers.front(), &layer = config.layers[i];
    if (layer.hidden != first.hidden)
      return cat("layer ", i, " is ", layer.hidden, " wide and layer 0 is ", first.hidden,
                 ", transformers' BertModel has one width for all layers");
    if (layer.heads != first.heads)
      return cat("layer ", i, " has ", layer.heads, " heads and layer 0 has ", first.heads,
                 ", transformers' BertModel has one number of heads for all layers");
  }
  return std::nullopt;
}

json hf_config(const BertConfig& config, const std::vector<std::string>& labels) {
  config.validate();
  const auto reason = why_not_hf(config);
  if (reason) throw ArgumentError("hf_config", *reason);
  json architectures = json::array();
  if (config.mlm) architectures.push_back("BertForMaskedLM");
  if (config.labels > 0) architectures.push_back("BertForSequenceClassification");
  if (architectures.empty()) architectures.push_back("BertModel");
  json value;
  value["architectures"] = std::move(architectures);
  value["model_type"] = "bert";
  value["vocab_size"] = config.vocabulary;
  value["hidden_size"] = config.width;
  value["num_hidden_layers"] = config.layers.size();
  value["num_attention_heads"] = config.layers.front().heads;
  value["intermediate_size"] = widest_ffn(config);
  value["hidden_act"] = "gelu";
  value["hidden_dropout_prob"] = config.dropout;
  value["attention_probs_dropout_prob"] = config.attention_rate(0);
  value["max_position_embeddings"] = config.positions;
  value["type_vocab_size"] = config.types;
  value["initializer_range"] = config.initializer_range;
  value["layer_norm_eps"] = config.norm_eps;
  value["pad_token_id"] = config.padding;
  value["position_embedding_type"] = "absolute";
  value["tie_word_embeddings"] = true;
  value["torch_dtype"] = "float32";
  if (config.labels > 0) {
    value["classifier_dropout"] = config.classifier_dropout;
    add_labels(value, labels, config.labels);
  } else {
    check<ArgumentError>(labels.empty(), "hf_config", labels.size(),
                         " label names for a model without a classifier");
  }
  return value;
}

HfConfig read_hf_config(const json& value, const HfHeads& heads, const std::string& where) {
  Fields fields(value, where);
  check_kind(fields, heads);
  HfConfig read;
  BertConfig& config = read.config;
  config.vocabulary = fields.integer("vocab_size", 1, max_size);
  config.width = fields.integer("hidden_size", 1, max_size);
  const int64_t layers = fields.integer("num_hidden_layers", 1, max_layers);
  const BertConfig::Layer layer{.hidden = config.width,
                                .heads = fields.integer("num_attention_heads", 1, max_size),
                                .ffn = fields.integer("intermediate_size", 1, max_size)};
  if (layer.hidden % layer.heads != 0)
    throw FormatError(where, cat("\"num_attention_heads\" must divide \"hidden_size\", ", layer.hidden,
                                 ", got ", layer.heads));
  config.layers.assign(static_cast<size_t>(layers), layer);
  config.positions = fields.integer_or("max_position_embeddings", config.positions, 1, max_size);
  config.types = fields.integer_or("type_vocab_size", config.types, 1, max_size);
  config.padding = fields.integer_or("pad_token_id", config.padding, 0, config.vocabulary - 1);
  config.norm_eps = fields.number_or("layer_norm_eps", config.norm_eps, 0, 1);
  config.initializer_range = fields.number_or("initializer_range", config.initializer_range, 0, 1);
  config.dropout = fields.number_or("hidden_dropout_prob", default_dropout, 0, 1);
  config.attention_dropout = fields.number_or("attention_probs_dropout_prob", default_dropout, 0, 1);
  config.mlm = heads.mlm;
  if (heads.classifier) {
    read.labels = read_labels(fields);
    expect(fields, "problem_type", read.labels.size() == 1 ? "regression" : "single_label_classification");
    config.labels = static_cast<int64_t>(read.labels.size());
    config.classifier_dropout =
        given(fields, "classifier_dropout") ? fields.number("classifier_dropout", 0, 1) : config.dropout;
  }
  validate_read(config, where);
  return read;
}

}  // namespace mosaic::nn
