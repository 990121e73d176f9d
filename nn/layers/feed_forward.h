// The position-wise block of a Transformer: fc2(dropout(relu(fc1(x)))), or with GELU in place of ReLU (BERT).
#pragma once

#include "nn/layers/linear.h"

namespace mosaic::nn {

class FeedForward final : public Layer {
 public:
  struct Options {
    int64_t width, hidden;
    double dropout = 0;                    // of the hidden activations
    bool gelu = false;                     // x Phi(x) instead of max(x, 0)
    std::optional<Init> weight_init = {};  // default: Xavier
  };
  explicit FeedForward(const Options& options);
  FeedForward(const Options& options, Generator& rng);

  void visit(Visitor& v) override;
  std::string describe() const override;

 private:
  Tensor forward(const Tensor& x, const Context& context) const override;
  Options options_;
  Linear fc1_, fc2_;
};

}  // namespace mosaic::nn
