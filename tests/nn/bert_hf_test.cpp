// nn::Bert as transformers' BERT: fields, names, values that survive, and its own files.
#include "nn/models/bert_hf.h"

#include "tests/nn/bert_support.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::nn;
using namespace mosaic::nn::testing;
using namespace mosaic::test;

namespace {

BertConfig even_config() {
  BertConfig config = bert_config(false);
  config.layers = {{.hidden = 12, .heads = 3, .ffn = 10}, {.hidden = 12, .heads = 3, .ffn = 10}};
  config.norm_eps = 1e-6, config.padding = 2, config.dropout = 0.25, config.attention_dropout = 0.125;
  return config;
}

// Writes the tensors and reads them with the given config.json.
HfBert through_file(const StateDict& tensors, const json& config) {
  const TemporaryFolder folder;
  save_safetensors(folder / "model.safetensors", tensors);
  return read_hf(config, SafetensorsFile(folder / "model.safetensors"), "config.json");
}
std::unique_ptr<Bert> loaded(const HfBert& read) {
  auto model = std::make_unique<Bert>(read.config);
  load(*model, read.weights);
  return model;
}

Tensor all_mlm_logits(const Bert& model) {
  return model.mlm_logits(model.encode(bert_input()), arange(21));
}

}  // namespace

TEST_CASE("what transformers cannot hold is said in a sentence") {
  CHECK_FALSE(why_not_hf(even_config()));
  CHECK(contains(*why_not_hf(bert_config(true)), "layers with bottlenecks"));
  CHECK(contains(*why_not_hf(bert_config(false)), "layer 1 has 4 heads and layer 0 has 2"));
  BertConfig narrow = even_config();
  narrow.layers[1].hidden = 9;
  CHECK(contains(*why_not_hf(narrow), "layer 1 is 9 wide and layer 0 is 12"));
  BertConfig ffn = even_config();
  ffn.layers[0].ffn = 7;
  CHECK_FALSE(why_not_hf(ffn));
  Bert model = made(bert_config(true));
  CHECK(contains(message_of<ArgumentError>([&] { hf_tensors(model); }), "bottlenecks"));
  CHECK(contains(message_of<ArgumentError>([&] { hf_config(bert_config(false)); }), "4 heads"));
}

TEST_CASE("config.json of transformers, written") {
  BertConfig config = even_config();
  config.initializer_range = 0.0625;
  const json mlm = hf_config(config);
  CHECK(mlm.dump() == R"({"architectures":["BertForMaskedLM"],"model_type":"bert","vocab_size":23,)"
                      R"("hidden_size":12,"num_hidden_layers":2,"num_attention_heads":3,)"
                      R"("intermediate_size":10,"hidden_act":"gelu","hidden_dropout_prob":0.25,)"
                      R"("attention_probs_dropout_prob":0.125,"max_position_embeddings":10,)"
                      R"("type_vocab_size":2,"initializer_range":0.0625,"layer_norm_eps":1e-06,)"
                      R"("pad_token_id":2,"position_embedding_type":"absolute",)"
                      R"("tie_word_embeddings":true,"torch_dtype":"float32"})");
  config.layers[1].ffn = 31, config.super_heads = 6;
  CHECK(hf_config(config)["intermediate_size"] == 31);
  CHECK(hf_config(config)["attention_probs_dropout_prob"] == 0.0625);
  CHECK_THROWS_AS(hf_config(config, {"a"}), ArgumentError);
  config.mlm = false;
  CHECK(hf_config(config)["architectures"] == json::array({"BertModel"}));
  config.labels = 3, config.classifier_dropout = 0.5;
  const json named = hf_config(config, {"no", "perhaps", "yes"});
  CHECK(named["architectures"] == json::array({"BertForSequenceClassification"}));
  CHECK(named["classifier_dropout"] == 0.5);
  CHECK(named["id2label"].dump() == R"({"0":"no","1":"perhaps","2":"yes"})");
  CHECK(named["label2id"].dump() == R"({"no":0,"perhaps":1,"yes":2})");
  CHECK(named["problem_type"] == "single_label_classification");
  CHECK(hf_config(config)["id2label"].dump() == R"({"0":"LABEL_0","1":"LABEL_1","2":"LABEL_2"})");
  CHECK(contains(message_of<ArgumentError>([&] {
                   hf_config(config, {"no", "yes"});
                 }),
                 "2 label names for 3 outputs"));
  CHECK(contains(message_of<ArgumentError>([&] {
                   hf_config(config, {"no", "yes", "no"});
                 }),
                 "\"no\" is given twice"));
  config.labels = 1;
  CHECK(hf_config(config)["problem_type"] == "regression");
}

TEST_CASE("transformers' names of tensors") {
  BertConfig config = even_config();
  config.layers.resize(1), config.labels = 2;
  std::string names;
  for (const auto& item : hf_tensors(*scrambled(config))) names += item.first + "\n";
  std::string expected;
  for (const char* part :
       {"bert.embeddings.LayerNorm", "bert.embeddings.position_embeddings",
        "bert.embeddings.token_type_embeddings", "bert.embeddings.word_embeddings",
        "bert.encoder.layer.0.attention.output.LayerNorm", "bert.encoder.layer.0.attention.output.dense",
        "bert.encoder.layer.0.attention.self.key", "bert.encoder.layer.0.attention.self.query",
        "bert.encoder.layer.0.attention.self.value", "bert.encoder.layer.0.intermediate.dense",
        "bert.encoder.layer.0.output.LayerNorm", "bert.encoder.layer.0.output.dense", "bert.pooler.dense",
        "classifier", "cls.predictions", "cls.predictions.transform.LayerNorm",
        "cls.predictions.transform.dense"}) {
    const std::string name = part;
    if (!name.ends_with("_embeddings")) expected += name + ".bias\n";
    if (name != "cls.predictions") expected += name + ".weight\n";
  }
  CHECK(names == expected);
}

TEST_CASE("a model through transformers' files is the same, bit by bit") {
  for (const bool classifies : {false, true}) {
    BertConfig config = even_config();
    if (classifies) config.labels = 3, config.classifier_dropout = 0.5;
    const auto model = scrambled(config);
    const HfBert read = through_file(hf_tensors(*model), hf_config(config));
    CHECK(read.config == config);
    CHECK(read.labels.size() == (classifies ? 3 : 0));
    const auto again = loaded(read);
    CHECK(all_mlm_logits(*again).values() == all_mlm_logits(*model).values());
    const StateDict before = state_dict(*model), after = state_dict(*again);
    REQUIRE(before.size() == after.size());
    for (const auto& [name, tensor] : before) CHECK(tensor.values() == after.at(name).values());
  }
}

TEST_CASE("narrower feed-forward layers padded with zeros: equal to 1e-6") {
  BertConfig config = even_config();
  config.layers[0].ffn = 7, config.layers[1].ffn = 37;
  const auto model = scrambled(config);
  const StateDict tensors = hf_tensors(*model);
  CHECK(tensors.at("bert.encoder.layer.0.intermediate.dense.weight").shape() == Shape{37, 12});
  const Tensor bias = tensors.at("bert.encoder.layer.0.intermediate.dense.bias");
  CHECK(squared_norm(slice(bias, 0, 7, 37)) == 0);
  const Tensor fc2 = tensors.at("bert.encoder.layer.0.output.dense.weight");
  CHECK(squared_norm(slice(fc2, 1, 7, 37)) == 0);
  const HfBert read = through_file(tensors, hf_config(config));
  CHECK(read.config.layers[0].ffn == 37);
  // Not bit by bit: the order of a product's sum depends on its inner size.
  const Tensor expected = all_mlm_logits(*model);
  double scale = 0;
  for (const double v : expected.values()) scale = std::max(scale, std::abs(v));
  const double difference = largest_difference(all_mlm_logits(*loaded(read)), expected);
  CAPTURE(difference);
  CHECK(difference <= 1e-6 * scale);
}

TEST_CASE("older and other spellings of the same files") {
  const auto model = scrambled(even_config());
  const StateDict tensors = hf_tensors(*model);
  StateDict other;
  for (const auto& [today, tensor] : tensors) {
    std::string name = today;
    if (name.starts_with("bert.")) name.erase(0, 5);
    for (const auto& [now, old] : std::map<std::string, std::string>{{"weight", "gamma"}, {"bias", "beta"}})
      if (name.ends_with("LayerNorm." + now)) name.replace(name.size() - now.size(), now.size(), old);
    other[name] = tensor;
  }
  REQUIRE(other.contains("encoder.layer.1.output.LayerNorm.gamma"));
  other["cls.predictions.decoder.weight"] = other.at("embeddings.word_embeddings.weight");
  other["cls.predictions.decoder.bias"] = other.at("cls.predictions.bias");
  other["cls.seq_relationship.weight"] = other["pooler.dense.weight"] = Tensor::zeros({2, 2});
  other["embeddings.position_ids"] = Tensor::zeros({1, 10}, i32);
  json config = hf_config(even_config());
  config["use_cache"] = true, config["position_embedding_type"] = nullptr, config["is_decoder"] = false;
  config["architectures"] = {"BertForPreTraining"};
  const auto again = loaded(through_file(other, config));
  CHECK(all_mlm_logits(*again).values() == all_mlm_logits(*model).values());

  BertConfig classifier = even_config();
  classifier.labels = 2, classifier.mlm = false;
  const auto small = scrambled(classifier);
  json sizes;
  for (const char* key : {"model_type", "vocab_size", "hidden_size", "num_hidden_layers",
                          "num_attention_heads", "intermediate_size", "max_position_embeddings"})
    sizes[key] = config[key];
  const HfBert read = through_file(hf_tensors(*small), sizes);
  CHECK(read.labels == std::vector<std::string>{"LABEL_0", "LABEL_1"});
  CHECK(read.config.norm_eps == 1e-12);
  CHECK(read.config.initializer_range == 0.02);
  CHECK(read.config.padding == 0);
  CHECK(read.config.dropout == 0.1);
  CHECK(read.config.attention_dropout == 0.1);
  CHECK(read.config.classifier_dropout == 0.1);
  CHECK_FALSE(read.config.mlm);
}
