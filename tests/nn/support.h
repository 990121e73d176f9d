// What the tests of nn/ share.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "engine/engine.h"
#include "nn/nn.h"

namespace mosaic::nn::testing {

inline Tensor ids(std::initializer_list<int32_t> values, const Shape& shape) {
  const std::vector<int32_t> list(values);
  return Tensor::from(std::span<const int32_t>(list), shape);
}

inline double largest_difference(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  const std::vector<double> x = a.values(), y = b.values();
  double largest = 0;
  for (size_t i = 0; i < x.size(); ++i) largest = std::max(largest, std::abs(x[i] - y[i]));
  return largest;
}

// gradcheck in f64 with respect to the inputs and every parameter of the module.
inline GradcheckResult check_gradients(Module& module, const std::vector<Tensor>& inputs,
                                       const std::function<Tensor(const std::vector<Tensor>&)>& forward,
                                       double step = GradcheckOptions{}.step) {
  initialise(module, Generator(5), f64);
  std::vector<Tensor> all = inputs;
  std::vector<std::string> names;
  for (const NamedTensor& parameter : named_parameters(module)) {
    names.push_back(parameter.name);
    all.push_back(parameter.tensor.detach());
  }
  return gradcheck(
      [&](const std::vector<Tensor>& given) {
        size_t next = inputs.size();
        assign_parameters(module, [&](const std::string&, const Shape&) { return given[next++]; });
        return forward({given.begin(), given.begin() + static_cast<std::ptrdiff_t>(inputs.size())});
      },
      all, {.step = step, .max_elements = 24});
}

// A small model in which every layer differs.
inline TransformerConfig mixed_config() {
  TransformerConfig config;
  config.source_vocabulary = config.target_vocabulary = 11;
  config.qkv_dim = 8;
  config.position_width = 12;
  config.encoder = {.embed = 10,
                    .layers = {{.ffn = 12, .heads = 2}, {.ffn = 7, .heads = 4}, {.ffn = 9, .heads = 1}}};
  config.decoder = {.embed = 12,
                    .layers = {{.ffn = 6, .self_heads = 4, .cross_heads = 2, .memory = 2},
                               {.ffn = 10, .self_heads = 1, .cross_heads = 4, .memory = 3},
                               {.ffn = 5, .self_heads = 2, .cross_heads = 2, .memory = 1}}};
  return config;
}

}  // namespace mosaic::nn::testing
