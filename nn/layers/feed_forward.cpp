#include "nn/layers/feed_forward.h"

namespace mosaic::nn {

FeedForward::FeedForward(const Options& options)
    : options_(options),
      fc1_({.in = options.width, .out = options.hidden, .weight_init = options.weight_init}),
      fc2_({.in = options.hidden, .out = options.width, .weight_init = options.weight_init}) {}

FeedForward::FeedForward(const Options& options, Generator& rng) : FeedForward(options) {
  initialise(*this, next_stream(rng));
}

Tensor FeedForward::forward(const Tensor& x, const Context& context) const {
  const Tensor hidden = options_.gelu ? gelu(fc1_(x)) : fc1_(x, Activation::relu);  // {..., hidden}
  return fc2_(nn::dropout(hidden, options_.dropout, context));
}

void FeedForward::visit(Visitor& v) {
  v.module("fc1", fc1_);
  v.module("fc2", fc2_);
}

std::string FeedForward::describe() const {
  return cat("FeedForward ", options_.width, " -> ", options_.hidden, " -> ", options_.width);
}

}  // namespace mosaic::nn
