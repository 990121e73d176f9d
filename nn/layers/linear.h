// Linear: y = x W^T + b.
#pragma once

#include <optional>

#include "engine/ops/packed_linear.h"
#include "nn/module.h"

namespace mosaic::nn {

class Linear final : public Layer {
 public:
  struct Options {
    int64_t in, out;
    bool bias = true;
    std::optional<Init> weight_init = {};  // default: Xavier over {out, in}
    Init bias_init = {};                   // default: zeros
  };
  explicit Linear(const Options& options);
  Linear(const Options& options, Generator& rng);

  // activation(x W^T + b) in one pass.
  Tensor operator()(const Tensor& x, Activation activation) const;
  using Layer::operator();

  void visit(Visitor& v) override;
  std::string describe() const override;
  const Tensor& weight() const { return weight_; }  // {out, in}
  const Tensor& bias() const { return bias_; }      // {out}, undefined without a bias
  const Options& options() const { return options_; }

 private:
  Tensor forward(const Tensor& x, const Context&) const override;
  Options options_;
  Tensor weight_, bias_;
  PackedWeight packed_;
};

// A map to a vocabulary that waits for what is wanted of it: its logits, or a loss, which can do without the
// whole matrix of them (linear_cross_entropy).
struct OutputLayer {
  Tensor features, weight, bias;  // {n, in}, {vocabulary, in}, {vocabulary} or undefined
  std::string module;             // whose it is, for errors
  Tensor logits() const {
    const Scope scope(module);
    return linear(features, weight, bias);
  }
};

}  // namespace mosaic::nn
