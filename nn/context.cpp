#include "nn/context.h"

#include "engine/autograd/recompute.h"
#include "engine/ops/ops.h"

namespace mosaic::nn {

double active_rate(double rate, const Context& context) {
  if (!context.training || rate == 0) return 0;
  check<ArgumentError>(context.rng != nullptr, "dropout", "training with rate ", rate,
                       " needs a generator; give one in the Context");
  return rate;
}

Tensor dropout(const Tensor& x, double rate, const Context& context) {
  const double active = active_rate(rate, context);
  return active == 0 ? x : mosaic::dropout(x, active, *context.rng);
}

Tensor run_layer(const Context& context, const std::vector<Tensor>& inputs,
                 const std::function<Tensor(const std::vector<Tensor>&)>& layer) {
  return context.training && context.recompute ? recompute(layer, inputs, context.rng) : layer(inputs);
}

Tensor in_precision(const Tensor& x, const Context& context) {
  return is_half(context.precision) ? x.to(context.precision) : x;
}

}  // namespace mosaic::nn
