// LayerNorm and RMSNorm, alone and as the end of a residual block.
#pragma once

#include "nn/module.h"

namespace mosaic::nn {

class LayerNorm final : public Layer {
 public:
  struct Options {
    int64_t width;
    double eps = 1e-5;
  };
  explicit LayerNorm(const Options& options);
  LayerNorm(const Options& options, Generator& rng);

  using Layer::operator();
  // norm(x + dropout(y)) in one pass, the end of a post-norm residual block.
  Tensor add(const Tensor& x, const Tensor& y, double dropout, const Context& context) const;

  void visit(Visitor& v) override;
  std::string describe() const override { return cat("LayerNorm ", options_.width); }

 private:
  Tensor forward(const Tensor& x, const Context&) const override;
  Options options_;
  Tensor weight_, bias_;  // {width}
};

// x / sqrt(mean(x^2) + eps) * weight over the last axis: no centring, no bias.
class RMSNorm final : public Layer {
 public:
  struct Options {
    int64_t width;
    double eps = 1e-6;
  };
  explicit RMSNorm(const Options& options);
  RMSNorm(const Options& options, Generator& rng);

  using Layer::operator();
  // norm(x + dropout(y)) in one pass, the end of a post-norm residual block.
  Tensor add(const Tensor& x, const Tensor& y, double dropout, const Context& context) const;

  void visit(Visitor& v) override;
  std::string describe() const override { return cat("RMSNorm ", options_.width); }

 private:
  Tensor forward(const Tensor& x, const Context&) const override;
  Options options_;
  Tensor weight_;  // {width}
};

}  // namespace mosaic::nn
