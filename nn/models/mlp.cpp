#include "nn/models/mlp.h"

namespace mosaic::nn {

MLP::MLP(const Options& options) : options_(options) {
  check<ArgumentError>(options.layers >= 0, "MLP", "layers must not be negative, got ", options.layers);
  int64_t in = options.in;
  for (int64_t i = 0; i <= options.layers; ++i) {
    Linear::Options layer{.in = in, .out = i == options.layers ? options.out : options.hidden};
    if (options.fan_in_init) layer.weight_init = layer.bias_init = Init::fan_in(in);
    layers_.emplace_back(layer);
    in = options.hidden;
  }
}

MLP::MLP(const Options& options, Generator& rng) : MLP(options) {
  initialise(*this, next_stream(rng));
}

Tensor MLP::forward(const Tensor& x, const Context&) const {
  Tensor y = x;
  for (size_t i = 0; i < layers_.size(); ++i) {
    y = layers_[i](y, i + 1 < layers_.size() ? Activation::relu : Activation::none);
  }
  return y;
}

std::string MLP::describe() const {
  return cat("MLP ", options_.in, " -> ", options_.layers, " x ", options_.hidden, " -> ", options_.out);
}

}  // namespace mosaic::nn
