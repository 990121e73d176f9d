// Files of transformers that nn::Bert refuses, with the words it does so.
#include "engine/core/file.h"
#include "nn/models/bert_hf.h"
#include "tests/nn/bert_support.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::nn;
using namespace mosaic::nn::testing;
using namespace mosaic::test;

namespace {

BertConfig classifier_config() {
  BertConfig config = bert_config(false);
  config.layers = {{.hidden = 12, .heads = 3, .ffn = 10}};
  config.labels = 2;
  return config;
}

// The message of a refusal of config.json with this key changed.
std::string config_refusal(const char* key, const json& value, const HfHeads& heads = {true, true}) {
  json config = hf_config(classifier_config());
  config[key] = value;
  const std::string text = message_of<FormatError>([&] { read_hf_config(config, heads, "dir/config.json"); });
  CHECK(contains(text, "[dir/config.json"));
  return text;
}

// The message of an E when the file of tensors is changed.
template <class E>
std::string tensor_refusal(const std::function<void(StateDict&)>& change) {
  StateDict tensors = hf_tensors(*scrambled(classifier_config()));
  change(tensors);
  const TemporaryFolder folder;
  save_safetensors(folder / "model.safetensors", tensors);
  const std::string text = message_of<E>([&] {
    read_hf(hf_config(classifier_config()), SafetensorsFile(folder / "model.safetensors"), "config.json");
  });
  CHECK(contains(text, "model.safetensors] "));
  return text;
}

const std::string words = "bert.embeddings.word_embeddings.weight",
                  fc1 = "bert.encoder.layer.0.intermediate.dense";

}  // namespace

TEST_CASE("config.json of something else than BERT's encoder") {
  CHECK(contains(config_refusal("model_type", "roberta"),
                 R"("model_type" must be one of "bert", got "roberta")"));
  CHECK(contains(config_refusal("architectures", {"BertForTokenClassification"}),
                 R"("architectures" must be one of "BertForMaskedLM", )"));
  CHECK(contains(config_refusal("hidden_act", "gelu_new"),
                 R"("hidden_act" must be one of "gelu", got "gelu_new")"));
  CHECK(contains(config_refusal("hidden_act", 3), R"("hidden_act" must be a string, got 3)"));
  CHECK(contains(config_refusal("position_embedding_type", "relative_key"),
                 R"(must be one of "absolute", got "relative_key")"));
  for (const char* key : {"is_decoder", "is_encoder_decoder", "add_cross_attention"})
    CHECK(contains(config_refusal(key, true), cat("\"", key, "\" must be false, got true")));
  CHECK(contains(config_refusal("tie_word_embeddings", false),
                 R"("tie_word_embeddings" must be true, got false)"));
  CHECK(contains(config_refusal("pruned_heads", {{"0", {1}}}), R"("pruned_heads" must be empty)"));
  CHECK(
      contains(config_refusal("quantization_config", {{"bits", 4}}), R"("quantization_config" must not be)"));
  json missing = hf_config(classifier_config());
  missing.erase("model_type");
  CHECK(contains(message_of<FormatError>([&] { read_hf_config(missing, {}, "config.json"); }),
                 R"([config.json] key "model_type" is missing)"));
  // Without an MLM head there is nothing to tie.
  json untied = hf_config(classifier_config());
  untied["tie_word_embeddings"] = false;
  CHECK_NOTHROW(read_hf_config(untied, {.mlm = false, .classifier = true}, "config.json"));
}

TEST_CASE("config.json with values out of range") {
  for (const char* key :
       {"vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"}) {
    CHECK(contains(config_refusal(key, 0), cat("\"", key, "\" must be an integer in 1..")));
    CHECK(contains(config_refusal(key, int64_t{1} << 40), cat("\"", key, "\" must be an integer in 1..")));
    CHECK(contains(config_refusal(key, nullptr), cat("\"", key, "\" must be an integer")));
    json config = hf_config(classifier_config());
    config.erase(key);
    CHECK(contains(message_of<FormatError>([&] { read_hf_config(config, {}, "config.json"); }),
                   cat("key \"", key, "\" is missing")));
  }
  CHECK(contains(config_refusal("num_attention_heads", 5),
                 R"("num_attention_heads" must divide "hidden_size", 12, got 5)"));
  CHECK(
      contains(config_refusal("pad_token_id", 23), R"("pad_token_id" must be an integer in 0..22, got 23)"));
  CHECK(contains(config_refusal("max_position_embeddings", 0), R"("max_position_embeddings" must be)"));
  CHECK(contains(config_refusal("type_vocab_size", -1), R"("type_vocab_size" must be)"));
  CHECK(contains(config_refusal("layer_norm_eps", 0), "norm_eps must be in (0, 1]"));
  CHECK(contains(config_refusal("initializer_range", 0), "initializer_range must be in (0, 1], got 0"));
  CHECK(contains(config_refusal("hidden_dropout_prob", 1), "dropout must be in [0, 1), got 1"));
  CHECK(contains(config_refusal("attention_probs_dropout_prob", 1.5),
                 R"("attention_probs_dropout_prob" must be)"));
  CHECK(contains(config_refusal("classifier_dropout", -1), R"("classifier_dropout" must be)"));
}

TEST_CASE("config.json with labels that are none") {
  CHECK(contains(config_refusal("id2label", json::object()), "must name at least one output"));
  CHECK(contains(config_refusal("id2label", {{"0", "a"}, {"2", "b"}}),
                 R"("id2label" must name the outputs "0" to "1" with strings, got "2": "b")"));
  CHECK(contains(config_refusal("id2label", {{"0", "a"}, {"01", "b"}}), R"(got "01": "b")"));
  CHECK(contains(config_refusal("id2label", {{"0", "a"}, {"one", "b"}}), R"(got "one": "b")"));
  CHECK(contains(config_refusal("id2label", {{"0", "a"}, {"1", 7}}), R"(got "1": 7)"));
  CHECK(contains(config_refusal("id2label", json::array({"a"})), R"("id2label" must be an object)"));
  CHECK(contains(config_refusal("problem_type", "multi_label_classification"),
                 R"("problem_type" must be one of "single_label_classification", got)"));
  CHECK(contains(config_refusal("problem_type", "regression"), "single_label_classification"));
  CHECK(read_hf_config(hf_config(classifier_config()), {true, false}, "x").labels.empty());
}

TEST_CASE("tensors that are missing, unknown or of another shape") {
  CHECK(contains(tensor_refusal<FormatError>([](StateDict& t) { t.erase(fc1 + ".bias"); }),
                 "has no bert.encoder.layer.0.intermediate.dense.bias"));
  CHECK(contains(tensor_refusal<FormatError>([](StateDict& t) {
                   t[fc1 + ".bais"] = t.at(fc1 + ".bias");
                   t.erase(fc1 + ".bias"), t.erase("bert.pooler.dense.bias"), t.erase("cls.predictions.bias");
                 }),
                 "has no bert.encoder.layer.0.intermediate.dense.bias and 2 more; is "
                 "bert.encoder.layer.0.intermediate.dense.bais meant?"));
  CHECK(contains(tensor_refusal<FormatError>([](StateDict& t) { t["cls.extra"] = Tensor::zeros({1}); }),
                 "has cls.extra, which the model of config.json has not"));
  CHECK(contains(tensor_refusal<FormatError>(
                     [](StateDict& t) { t["bert.encoder.layer.1.output.dense.bias"] = Tensor::zeros({12}); }),
                 "has bert.encoder.layer.1.output.dense.bias, which"));
  CHECK(contains(tensor_refusal<ShapeError>([](StateDict& t) {
                   t[words] = Tensor::zeros({20, 12});
                 }),
                 words + " is {20, 12}, by config.json it must be {23, 12}"));
  CHECK(contains(tensor_refusal<ShapeError>([](StateDict& t) {
                   t["classifier.weight"] = Tensor::zeros({3, 12});
                 }),
                 "classifier.weight is {3, 12}, by config.json it must be {2, 12}"));
  CHECK(contains(tensor_refusal<FormatError>(
                     [](StateDict& t) { t["bert.embeddings.LayerNorm.gamma"] = Tensor::zeros({12}); }),
                 "are the same tensor"));
  CHECK(contains(tensor_refusal<FormatError>([](StateDict& t) {
                   t = {{"x", Tensor::zeros({1})}};
                 }),
                 "has no embeddings.word_embeddings.weight and "));
}

TEST_CASE("tensors of other types and decoders of their own") {
  CHECK(contains(tensor_refusal<FormatError>([](StateDict& t) { t[words] = t.at(words).to(f64); }),
                 words + " is F64, it must be F32; in Python"));
  const TemporaryFolder folder;
  for (const std::string type : {"F16", "BF16"}) {
    const std::string header =
        cat("{\"", words, "\":{\"dtype\":\"", type, "\",\"shape\":[23,12],\"data_offsets\":[0,552]}}");
    const std::string size{static_cast<char>(header.size()), 0, 0, 0, 0, 0, 0, 0};
    const auto path = folder.file("model.safetensors", size + header + std::string(552, '\0'));
    CHECK(contains(message_of<FormatError>([&] {
                     read_hf(hf_config(classifier_config()), SafetensorsFile(path), "config.json");
                   }),
                   cat(words, " is ", type, ", it must be F32")));
  }
  CHECK(contains(tensor_refusal<FormatError>([](StateDict& t) {
                   t["cls.predictions.decoder.weight"] = clone(t).at(words);
                   fill_(slice(t["cls.predictions.decoder.weight"], 0, 22, 23), 0.5);
                 }),
                 "cls.predictions.decoder.weight differs from bert.embeddings.word_embeddings.weight"));
  CHECK(contains(tensor_refusal<FormatError>(
                     [](StateDict& t) { t["cls.predictions.decoder.bias"] = Tensor::zeros({23}); }),
                 "cls.predictions.decoder.bias differs from cls.predictions.bias"));
  CHECK(contains(tensor_refusal<ShapeError>([](StateDict& t) {
                   t["cls.predictions.decoder.weight"] = Tensor::zeros({24, 12});
                 }),
                 "cls.predictions.decoder.weight is {24, 12}, by config.json it must be {23, 12}"));
}
