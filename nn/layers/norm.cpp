#include "nn/layers/norm.h"

#include "engine/ops/norm.h"
#include "engine/ops/ops.h"

namespace mosaic::nn {

LayerNorm::LayerNorm(const Options& options) : options_(options) {
  check<ArgumentError>(options.width > 0, "LayerNorm", "width must be positive, got ", options.width);
}

LayerNorm::LayerNorm(const Options& options, Generator& rng) : LayerNorm(options) {
  initialise(*this, next_stream(rng));
}

Tensor LayerNorm::forward(const Tensor& x, const Context&) const {
  return layer_norm(x, weight_, bias_, options_.eps);
}

Tensor LayerNorm::add(const Tensor& x, const Tensor& y, double dropout, const Context& context) const {
  const Scope scope(name());
  const double rate = active_rate(dropout, context);
  return add_layer_norm(x, y, rate, rate == 0 ? nullptr : context.rng, weight_, bias_, options_.eps);
}

void LayerNorm::visit(Visitor& v) {
  v.parameter("weight", weight_, {options_.width}, Init::ones());
  v.parameter("bias", bias_, {options_.width}, Init::zeros());
}

RMSNorm::RMSNorm(const Options& options) : options_(options) {
  check<ArgumentError>(options.width > 0, "RMSNorm", "width must be positive, got ", options.width);
}

RMSNorm::RMSNorm(const Options& options, Generator& rng) : RMSNorm(options) {
  initialise(*this, next_stream(rng));
}

Tensor RMSNorm::forward(const Tensor& x, const Context&) const {
  return rms_norm(x, weight_, options_.eps);
}

Tensor RMSNorm::add(const Tensor& x, const Tensor& y, double dropout, const Context& context) const {
  const Scope scope(name());
  const double rate = active_rate(dropout, context);
  return add_rms_norm(x, y, rate, rate == 0 ? nullptr : context.rng, weight_, options_.eps);
}

void RMSNorm::visit(Visitor& v) {
  v.parameter("weight", weight_, {options_.width}, Init::ones());
}

}  // namespace mosaic::nn
