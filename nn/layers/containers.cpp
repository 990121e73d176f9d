#include "nn/layers/containers.h"

namespace mosaic::nn {

Dropout::Dropout(double rate) : rate_(rate) {
  check<ArgumentError>(rate >= 0 && rate < 1, "Dropout", "rate must be in [0, 1), got ", rate);
}

Tensor Dropout::forward(const Tensor& x, const Context& context) const {
  return nn::dropout(x, rate_, context);
}

void Sequential::visit(Visitor& v) {
  for (size_t i = 0; i < layers_.size(); ++i) v.module(std::to_string(i), *layers_[i]);
}

Tensor Sequential::forward(const Tensor& x, const Context& context) const {
  Tensor y = x;
  for (const auto& layer : layers_) y = (*layer)(y, context);
  return y;
}

}  // namespace mosaic::nn
