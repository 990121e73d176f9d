// A multi-layer perceptron: for the tour, the tests, the latency predictor and routers.
#pragma once

#include <vector>

#include "nn/layers/linear.h"

namespace mosaic::nn {

class MLP final : public Layer {
 public:
  struct Options {
    int64_t in, hidden, out;
    int64_t layers = 1;  // hidden layers, each followed by ReLU
    // Weights and biases from U(-1/sqrt(fan_in), 1/sqrt(fan_in)) rather than Xavier and zeros.
    bool fan_in_init = false;
  };
  explicit MLP(const Options& options);
  MLP(const Options& options, Generator& rng);

  void visit(Visitor& v) override { v.modules("layers", layers_); }
  std::string describe() const override;

 private:
  Tensor forward(const Tensor& x, const Context&) const override;
  Options options_;
  std::vector<Linear> layers_;
};

}  // namespace mosaic::nn
