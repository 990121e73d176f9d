// nn::Bert: names, counts, masks, bottlenecks, heads, gradients, configuration.
#include "tests/nn/bert_support.h"

using namespace mosaic;
using namespace mosaic::nn;
using namespace mosaic::nn::testing;

namespace {

Tensor token(const Tensor& encoded, int64_t row, int64_t place) {
  return slice(slice(encoded, 0, row, row + 1), 1, place, place + 1);
}

}  // namespace

TEST_CASE("BERT's parameters by name") {
  BertConfig config = bert_config(true);
  config.labels = 3;
  Bert model(config);
  std::map<std::string, Shape> shapes;
  for_each_parameter(model, [&](const Slot& slot) { shapes[slot.name] = slot.shape; });
  const std::map<std::string, Shape> expected{{"embeddings.word.weight", {23, 12}},
                                              {"embeddings.position.weight", {10, 12}},
                                              {"embeddings.type.weight", {2, 12}},
                                              {"embeddings.norm.bias", {12}},
                                              {"encoder.layers.0.bottleneck_in.weight", {8, 12}},
                                              {"encoder.layers.0.self_attention.key.weight", {8, 8}},
                                              {"encoder.layers.0.self_attention_norm.weight", {8}},
                                              {"encoder.layers.0.ffn.fc1.weight", {10, 8}},
                                              {"encoder.layers.0.ffn.fc2.bias", {8}},
                                              {"encoder.layers.1.ffn_norm.weight", {12}},
                                              {"encoder.layers.1.bottleneck_out.weight", {12, 12}},
                                              {"mlm.dense.weight", {12, 12}},
                                              {"mlm.bias", {23}},
                                              {"classifier.pooler.bias", {12}},
                                              {"classifier.output.weight", {3, 12}}};
  for (const auto& [name, shape] : expected) {
    CAPTURE(name);
    REQUIRE(shapes.contains(name));
    CHECK(shapes.at(name) == shape);
  }
  CHECK(shapes.size() == 3 + 2 + 2 * 20 + 5 + 4);
}

TEST_CASE("BERT-base and BERT-large have their published sizes") {
  // 109,482,240 and 335,141,888 with pooler and without the MLM head.
  const auto published = [](const PlainBert& sizes) {
    BertConfig config = plain_bert(sizes);
    config.mlm = false;
    Bert model(config);
    return parameter_count(model) + sizes.width * sizes.width + sizes.width;
  };
  CHECK(published({.vocabulary = 30522, .width = 768, .heads = 12, .ffn = 3072, .layers = 12}) == 109482240);
  CHECK(published({.vocabulary = 30522, .width = 1024, .heads = 16, .ffn = 4096, .layers = 24}) == 335141888);
}

TEST_CASE("initial values") {
  Bert model = [] {
    BertConfig config = bert_config(true);
    config.vocabulary = 2000, config.initializer_range = 0.05;
    return made(config);
  }();
  for (const NamedTensor& p : named_parameters(model)) {
    CAPTURE(p.name);
    const std::vector<double> v = p.tensor.values();
    if (p.name.find("bottleneck") != std::string::npos && p.name.ends_with("weight")) {
      const int64_t cols = p.tensor.dim(1);
      for (size_t i = 0; i < v.size(); ++i)
        CHECK(v[i] == (static_cast<int64_t>(i) / cols == static_cast<int64_t>(i) % cols ? 1 : 0));
    } else if (p.name.ends_with("norm.weight")) {
      CHECK(v == std::vector<double>(v.size(), 1));
    } else if (p.name.ends_with("bias")) {
      CHECK(v == std::vector<double>(v.size(), 0));
    } else if (p.name == "embeddings.word.weight") {
      double squares = 0;
      for (const double x : v) squares += x * x;
      CHECK(std::sqrt(squares / static_cast<double>(v.size())) == doctest::Approx(0.05).epsilon(0.03));
      for (size_t i = 0; i < 12; ++i) CHECK(v[i] == 0);  // the padding row
    } else {
      const double rms = std::sqrt(squared_norm(p.tensor.detach()) / static_cast<double>(v.size()));
      CHECK(rms == doctest::Approx(0.05).epsilon(0.5));
    }
  }
}

TEST_CASE("padding is not seen, and segments are") {
  const Bert model = made(bert_config(false));
  const BertInput batch = bert_input();
  const Tensor encoded = model.encode(batch);
  CHECK(encoded.shape() == Shape{3, 7, 12});
  // The second row alone, without its padding.
  const Tensor alone = model.encode({.ids = ids({2, 7, 8, 3}, {1, 4}), .types = {}, .mask = {}});
  CHECK(largest_difference(slice(slice(encoded, 0, 1, 2), 1, 0, 4), alone) < 1e-5);
  // The same by a given mask, whatever stands in the padded places.
  BertInput other = batch;
  other.mask = token_mask(batch.ids, 0);
  other.ids = ids({2, 5, 9, 4, 17, 22, 3, 2, 7, 8, 3, 9, 9, 9, 2, 6, 4, 11, 20, 3, 9}, {3, 7});
  CHECK(largest_difference(token(model.encode(other), 1, 2), token(encoded, 1, 2)) < 1e-6);
  BertInput without = batch;
  without.types = {};
  CHECK(largest_difference(token(model.encode(without), 0, 1), token(encoded, 0, 1)) > 1e-3);
}

TEST_CASE("packed texts have the states, classes and gradients of padded ones") {
  for (const bool bottlenecks : {false, true}) {
    BertConfig config = bert_config(bottlenecks);
    config.labels = 3;
    const std::unique_ptr<Bert> model = scrambled(config);
    BertInput input = bert_input();
    for (const bool masked : {false, true}) {
      if (masked) input.mask = token_mask(input.ids, 0);
      const Tensor encoded = model->encode(input);
      const PackedBertInput texts = model->pack(input);
      CHECK(texts.tokens.segments.lengths() == std::vector<int64_t>{7, 4, 6});
      const Tensor packed = model->encode(texts);
      CHECK(packed.shape() == Shape{1, 17, 12});
      for (const auto& [row, first, length] : {std::tuple{0, 0, 7}, {1, 7, 4}, {2, 11, 6}}) {
        CHECK(largest_difference(slice(packed, 1, first, first + length),
                                 slice(slice(encoded, 0, row, row + 1), 1, 0, length)) < 1e-5);
      }
      const auto gradient = [&](const Tensor& logits) {
        for (const NamedTensor& p : named_parameters(*model)) p.tensor.zero_grad();
        sum(square(logits)).backward();
        std::vector<Tensor> all;
        for (const NamedTensor& p : named_parameters(*model))
          if (p.tensor.has_grad()) all.push_back(p.tensor.grad() * 1.0);
        return all;
      };
      const Tensor padded_logits = model->classify(encoded),
                   packed_logits = model->classify(packed, texts.tokens.segments);
      CHECK(largest_difference(padded_logits, packed_logits) < 1e-5);
      const std::vector<Tensor> a = gradient(padded_logits), b = gradient(packed_logits);
      REQUIRE(a.size() == b.size());
      for (size_t i = 0; i < a.size(); ++i)
        CHECK(largest_difference(a[i], b[i]) < 1e-4 * (1 + std::sqrt(squared_norm(a[i]))));
    }
    input.mask = Tensor::from(
        std::vector<uint8_t>{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0}, {3, 7});
    CHECK_THROWS_WITH_AS(model->pack(input), doctest::Contains("row 2 has padding before a token"),
                         ArgumentError);
    CHECK_THROWS_AS(model->classify(Tensor::zeros({1, 5, 12}), Segments({5, 0})), ArgumentError);
    CHECK_THROWS_AS(model->classify(Tensor::zeros({1, 5, 12}), Segments({3, 3})), ShapeError);
  }
}

TEST_CASE("identity bottlenecks are a plain BERT, and a narrow layer drops the channels it lacks") {
  BertConfig with = bert_config(true), plain = bert_config(false);
  with.layers = plain.layers;
  const Tensor a = made(with).encode(bert_input()), b = made(plain).encode(bert_input());
  CHECK(a.values() == b.values());

  const Bert narrow = made(bert_config(true));  // the first layer has 8 of 12 channels
  const std::vector<Tensor> states = narrow.hidden_states(bert_input());
  REQUIRE(states.size() == 3);
  CHECK(squared_norm(slice(states[1], 2, 8, 12)) == 0);
  CHECK(squared_norm(slice(states[1], 2, 0, 8)) > 1);
}

TEST_CASE("logits only where they are asked for") {
  const Bert model = made(bert_config(false));
  const Tensor encoded = model.encode(bert_input());
  const Tensor all = model.mlm_logits(encoded, arange(21)),
               some = model.mlm_logits(encoded, ids({16, 3}, {2}));
  CHECK(some.shape() == Shape{2, 23});
  CHECK(largest_difference(slice(all, 0, 16, 17), slice(some, 0, 0, 1)) < 1e-6);
  CHECK(largest_difference(slice(all, 0, 3, 4), slice(some, 0, 1, 2)) < 1e-6);
  CHECK_THROWS_AS(model.classify(encoded), ArgumentError);
}

TEST_CASE("derivatives of BERT, f64") {
  for (const bool bottlenecks : {false, true}) {
    CAPTURE(bottlenecks);
    BertConfig config = bert_config(bottlenecks);
    config.labels = 2;
    Bert model(config);
    const GradcheckResult result = check_gradients(model, {}, [&](const std::vector<Tensor>&) {
      const Tensor encoded = model.encode(bert_input());
      return concat(std::vector<Tensor>{reshape(model.mlm_logits(encoded, ids({1, 9, 15}, {3})), {-1}),
                                        reshape(model.classify(encoded), {-1})},
                    0);
    });
    CAPTURE(result);
    CHECK(result.ok);
  }
}

TEST_CASE("dropout: off in evaluation, by heads in attention") {
  BertConfig config = bert_config(false);
  config.dropout = 0.3, config.attention_dropout = 0.2, config.super_heads = 4;
  CHECK(config.attention_rate(0) == doctest::Approx(0.1));
  CHECK(config.attention_rate(1) == doctest::Approx(0.2));
  const Bert model = made(config), still = made(bert_config(false));
  CHECK(largest_difference(model.encode(bert_input()), still.encode(bert_input())) == 0);
  Generator rng(5), again(5);
  const Context context{.training = true, .rng = &rng}, same{.training = true, .rng = &again};
  const Tensor dropped = model.encode(bert_input(), context);
  CHECK(largest_difference(dropped, still.encode(bert_input())) > 1e-3);
  CHECK(largest_difference(dropped, model.encode(bert_input(), same)) == 0);
}

TEST_CASE("BERT learns to fill a blank") {
  // Every sentence repeats one token; the blank follows from the others.
  BertConfig config = plain_bert({.vocabulary = 12, .width = 16, .heads = 2, .ffn = 32, .layers = 2});
  Bert model = made(config);
  AdamW optimizer(named_parameters(model), {.lr = 5e-3});
  Generator rng(1);
  double first = 0, last = 0;
  for (int step = 0; step < 200; ++step) {
    std::vector<int32_t> tokens, targets, places;
    for (int32_t row = 0; row < 8; ++row) {
      const auto word = static_cast<int32_t>(5 + rng.below(7));
      const auto blank = static_cast<int32_t>(rng.below(6));
      for (int32_t i = 0; i < 6; ++i) tokens.push_back(i == blank ? 4 : word);
      places.push_back(row * 6 + blank);
      targets.push_back(word);
    }
    const Tensor input = Tensor::from(std::span<const int32_t>(tokens), {8, 6});
    const Tensor encoded = model.encode({.ids = input, .types = {}, .mask = {}});
    const Tensor logits = model.mlm_logits(encoded, Tensor::from(std::span<const int32_t>(places), {8}));
    const Tensor loss = mean(cross_entropy(logits, Tensor::from(std::span<const int32_t>(targets), {8})));
    (step == 0 ? first : last) = loss.item<double>();
    loss.backward();
    optimizer.step();
    optimizer.zero_grad();
  }
  CHECK(first > 2);
  CHECK(last < 0.3);
}

TEST_CASE("BERT's configuration as JSON, and refusals") {
  BertConfig config = bert_config(true);
  config.labels = 2, config.dropout = 0.1, config.super_heads = 3, config.initializer_range = 0.05;
  CHECK(BertConfig::from_json(parse_json(config.to_json().dump(), "c"), "c") == config);
  const auto refused = [&](const char* key, const json& value, const char* part) {
    json bad = config.to_json();
    bad[key] = value;
    try {
      BertConfig::from_json(bad, "config.json");
      FAIL("accepted ", key);
    } catch (const FormatError& error) {
      const std::string text = error.what();
      CAPTURE(text);
      CHECK(text.find("config.json") != std::string::npos);
      CHECK(text.find(part) != std::string::npos);
    }
  };
  refused("widht", 3, "widht");
  refused("vocabulary", 0, "vocabulary");
  refused("padding", 23, "padding");
  refused("bottlenecks", false, "layers[0].hidden");
  refused("layers", json::array(), "layers");
  refused("norm_eps", 0, "norm_eps");
  refused("initializer_range", 0, "initializer_range");
  config.layers[0].heads = 3;
  CHECK_THROWS_AS(Bert{config}, ArgumentError);

  const Bert model = made(bert_config(false));
  CHECK_THROWS_AS(model.encode(BertInput{}), ShapeError);
  CHECK_THROWS_AS(model.encode({.ids = Tensor::zeros({1, 3}), .types = {}, .mask = {}}), DtypeError);
  CHECK_THROWS_AS(model.encode({.ids = Tensor::zeros({1, 11}, i32), .types = {}, .mask = {}}), ArgumentError);
  BertInput bad = bert_input();
  bad.types = ids({0, 1}, {1, 2});
  CHECK_THROWS_AS(model.encode(bad), ShapeError);
}
