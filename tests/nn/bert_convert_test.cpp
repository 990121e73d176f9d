// Models made from a BERT: with a classifier, with composed bottlenecks.
#include "tests/nn/bert_support.h"

using namespace mosaic;
using namespace mosaic::nn;
using namespace mosaic::nn::testing;

TEST_CASE("a classifier on a pretrained encoder") {
  Bert pretrained = made(bert_config(true));
  Generator rng(8);
  const auto model = with_classifier(pretrained, 3, 0.1, rng);
  CHECK(model->config().labels == 3);
  CHECK_FALSE(model->config().mlm);
  const Tensor encoded = model->encode(bert_input());
  CHECK(largest_difference(encoded, pretrained.encode(bert_input())) == 0);
  CHECK(model->classify(encoded).shape() == Shape{3, 3});
  fill_(named_parameters(*model)[0].tensor.detach(), 0);  // a copy
  CHECK(squared_norm(named_parameters(pretrained)[0].tensor.detach()) > 0);
  CHECK_THROWS_AS(with_classifier(pretrained, 0, 0, rng), ArgumentError);
}

TEST_CASE("composed bottlenecks are the same function") {
  Bert model(bert_config(true));
  initialise(model, Generator(3), f64);
  Generator rng(4);
  for (const NamedTensor& p : named_parameters(model))
    if (p.name.find("bottleneck") != std::string::npos)
      copy_(p.tensor.detach(), uniform(p.tensor.shape(), -0.5, 0.5, rng, f64));
  const auto composed = compose_bottlenecks(model);
  CHECK(largest_difference(composed->encode(bert_input()), model.encode(bert_input())) < 1e-12);
  CHECK(composed->hidden_states(bert_input())[1].shape() == Shape{3, 7, 8});
  CHECK(BertConfig::from_json(composed->config().to_json(), "c") == composed->config());
  CHECK_THROWS_AS(compose_bottlenecks(*composed), ArgumentError);
  Bert plain = made(bert_config(false));
  CHECK_THROWS_AS(compose_bottlenecks(plain), ArgumentError);
}

TEST_CASE("the paper counts composed models, but not the vocabulary bias") {
  BertConfig config;
  config.vocabulary = 30522, config.width = 768;
  config.bottlenecks = config.composed = true;
  for (const auto& [hidden, count] : std::map<int64_t, int64_t>{{768, 117161472}, {120, 34361328}}) {
    config.layers.assign(12, {.hidden = hidden, .heads = 12, .ffn = 3072});
    Bert model(config);
    // It also gives the head's norm the last layer's width.
    CHECK(parameter_count(model) == count + 30522 + 2 * (768 - hidden));
  }
}
