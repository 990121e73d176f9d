#include "mos/router.h"

#include <algorithm>

#include "engine/ops/ops.h"

namespace mosaic::mos {

Tensor Router::operator()(const Tensor& code, int64_t neurons, const nn::Context& context) const {
  const Scope scope(name());
  const bool per_neuron = options_.neurons > 0;
  check<ShapeError>(code.shape() == Shape{options_.encoding}, "router", "encoding ", code.shape(),
                    ", expected {", options_.encoding, "}");
  check<ShapeError>(!per_neuron || (neurons > 0 && neurons <= options_.neurons), "router", neurons,
                    " neurons asked for, there are ", options_.neurons);
  const Tensor x = reshape(code, {1, options_.encoding});
  Tensor h = linear(x, hidden_, hidden_bias_, Activation::relu);  // {1, hidden}
  h = nn::dropout(h, options_.dropout, context);
  if (!per_neuron) return softmax(reshape(linear(h, out_, out_bias_), {options_.experts}));
  const int64_t rows = neurons * options_.experts;
  const Tensor logits =
      linear(h, slice(out_, 0, 0, rows), slice(out_bias_, 0, 0, rows));  // {1, neurons * experts}
  return softmax(reshape(logits, {neurons, options_.experts}));
}

void Router::visit(nn::Visitor& v) {
  const auto& o = options_;
  const int64_t outputs = o.experts * std::max<int64_t>(o.neurons, 1);
  const nn::Init first = nn::Init::fan_in(o.encoding);
  const bool per_neuron = o.neurons > 0;
  v.parameter("hidden.weight", hidden_, {o.hidden, o.encoding}, first);
  v.parameter("hidden.bias", hidden_bias_, {o.hidden}, first);
  v.parameter(
      "out.weight", out_, {outputs, o.hidden},
      per_neuron ? o.out_init.value_or(nn::Init::xavier(o.hidden, outputs)) : nn::Init::fan_in(o.hidden));
  v.parameter("out.bias", out_bias_, {outputs}, per_neuron ? nn::Init::zeros() : nn::Init::fan_in(o.hidden));
}

std::string Router::describe() const {
  const auto& o = options_;
  return o.neurons > 0 ? cat("Router ", o.encoding, " -> ", o.hidden, " -> ", o.neurons, " x ", o.experts)
                       : cat("Router ", o.encoding, " -> ", o.hidden, " -> ", o.experts);
}

}  // namespace mosaic::mos
