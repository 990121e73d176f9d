// Small BERT models and inputs for the tests of nn::Bert.
#pragma once

#include "tests/nn/support.h"

namespace mosaic::nn::testing {

inline BertConfig bert_config(bool bottlenecks) {
  BertConfig config;
  config.vocabulary = 23;
  config.positions = 10;
  config.width = 12;
  config.bottlenecks = bottlenecks;
  if (bottlenecks) {
    config.layers = {{.hidden = 8, .heads = 2, .ffn = 10}, {.hidden = 12, .heads = 3, .ffn = 6}};
  } else {
    config.layers = {{.hidden = 12, .heads = 2, .ffn = 10}, {.hidden = 12, .heads = 4, .ffn = 6}};
  }
  return config;
}

inline Bert made(const BertConfig& config, uint64_t seed = 3) {
  Bert model(config);
  initialise(model, Generator(seed));
  return model;
}

// Every parameter random, also the biases and norms that start as constants.
inline std::unique_ptr<Bert> scrambled(const BertConfig& config, uint64_t seed = 3) {
  auto model = std::make_unique<Bert>(config);
  initialise(*model, Generator(seed));
  Generator rng(seed + 1);
  for (const NamedTensor& p : named_parameters(*model)) {
    const double centre = p.name.ends_with("norm.weight") ? 1 : 0;
    copy_(p.tensor.detach(), uniform(p.tensor.shape(), centre - 0.5, centre + 0.5, rng));
  }
  return model;
}

// Rows of 7, 4 and 6 tokens; 0 is padding.
inline BertInput bert_input() {
  return {.ids = ids({2, 5, 9, 4, 17, 22, 3, 2, 7, 8, 3, 0, 0, 0, 2, 6, 4, 11, 20, 3, 0}, {3, 7}),
          .types = ids({0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0}, {3, 7}),
          .mask = {}};
}

}  // namespace mosaic::nn::testing
