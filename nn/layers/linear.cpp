#include "nn/layers/linear.h"

namespace mosaic::nn {

Linear::Linear(const Options& options) : options_(options) {
  check<ArgumentError>(options.in > 0 && options.out > 0, "Linear", "sizes must be positive, got in ",
                       options.in, " and out ", options.out);
}

Linear::Linear(const Options& options, Generator& rng) : Linear(options) {
  initialise(*this, next_stream(rng));
}

Tensor Linear::operator()(const Tensor& x, Activation activation) const {
  const Scope scope(name());
  return packed_.linear(x, weight_, bias_, activation);
}

Tensor Linear::forward(const Tensor& x, const Context&) const {
  return packed_.linear(x, weight_, bias_);
}

void Linear::visit(Visitor& v) {
  v.parameter("weight", weight_, {options_.out, options_.in},
              options_.weight_init.value_or(Init::xavier(options_.in, options_.out)));
  if (options_.bias) v.parameter("bias", bias_, {options_.out}, options_.bias_init);
}

std::string Linear::describe() const {
  return cat("Linear ", options_.in, " -> ", options_.out, options_.bias ? "" : " without bias");
}

}  // namespace mosaic::nn
