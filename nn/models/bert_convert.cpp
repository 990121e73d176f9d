// Models made from other models' weights.
#include "engine/autograd/node.h"
#include "engine/ops/ops.h"
#include "nn/models/bert.h"

namespace mosaic::nn {

std::unique_ptr<Bert> with_classifier(Bert& pretrained, int64_t labels, double dropout, Generator& rng) {
  check<ArgumentError>(labels >= 1, "with_classifier", "labels must be at least 1, got ", labels);
  BertConfig config = pretrained.config();
  config.mlm = false;
  config.labels = labels;
  config.dropout = config.classifier_dropout = dropout;
  const StateDict trained = state_dict(pretrained);
  auto model = std::make_unique<Bert>(config);
  initialise(*model, next_stream(rng), trained.at("embeddings.word.weight").dtype());
  for_each_parameter(*model, [&](const Slot& slot) {
    if (slot.name.starts_with("classifier.")) return;
    copy_(slot.tensor.detach(), trained.at(slot.name));
  });
  return model;
}

std::unique_ptr<Bert> compose_bottlenecks(Bert& model) {
  const NoGrad quiet;
  BertConfig config = model.config();
  check<ArgumentError>(config.bottlenecks && !config.composed, "compose_bottlenecks",
                       config.composed ? "the bottlenecks are composed already" : "there are no bottlenecks");
  config.composed = true;
  const StateDict parts = state_dict(model);
  const auto part = [&](size_t layer, const char* name) {
    return parts.at(cat("encoder.layers.", layer, ".", name));
  };
  // in(out(y)) = (W_in W_out) y + (W_in b_out + b_in)
  std::map<std::string, Tensor> products;
  for (size_t i = 1; i < config.layers.size(); ++i) {
    const Tensor in = part(i, "bottleneck_in.weight"), bias = part(i, "bottleneck_in.bias");
    const Tensor before = reshape(part(i - 1, "bottleneck_out.bias"), {1, config.width});
    const std::string name = cat("encoder.layers.", i, ".bottleneck_in");
    products[name + ".weight"] = matmul(in, part(i - 1, "bottleneck_out.weight"));
    products[name + ".bias"] = squeeze(linear(before, in, bias), 0);
  }
  auto composed = std::make_unique<Bert>(config);
  assign_parameters(*composed, [&](const std::string& name, const Shape& shape) {
    const auto found = products.find(name);
    Tensor copy = Tensor::empty(shape, parts.at(name).dtype(), parts.at(name).device());
    copy_(copy, found != products.end() ? found->second : parts.at(name));
    return copy.track().named(name);
  });
  return composed;
}

}  // namespace mosaic::nn
