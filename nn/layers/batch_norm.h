// Batch norm of features, sequences and images.
#pragma once

#include "nn/module.h"

namespace mosaic::nn {

// (x - mean) / sqrt(variance + eps) * weight + bias a channel (axis 1). In training by the statistics of the
// batch, which move the running ones: running = (1 - momentum) running + momentum batch's, of the variance
// the unbiased one. Outside training by the running ones; these buffers are saved with the model. A training
// pass writes them, so it must be the only pass through the layer at its time, and not one of recompute().
class BatchNorm : public Layer {
 public:
  struct Options {
    int64_t channels;
    double eps = 1e-5;
    double momentum = 0.1;
    bool affine = true;  // with weight and bias
  };
  void visit(Visitor& v) override;
  std::string describe() const override { return cat(kind_, " ", options_.channels); }
  const Tensor& running_mean() const { return running_mean_; }  // {channels}
  const Tensor& running_variance() const { return running_variance_; }

 protected:
  // x may have ranks least to most.
  BatchNorm(const char* kind, int least, int most, const Options& options);

 private:
  Tensor forward(const Tensor& x, const Context& context) const override;
  const char* kind_;
  int least_, most_;
  Options options_;
  Tensor weight_, bias_, running_mean_, running_variance_;  // {channels}
};

// {batch, channels} or {batch, channels, length}.
class BatchNorm1d final : public BatchNorm {
 public:
  explicit BatchNorm1d(const Options& options) : BatchNorm("BatchNorm1d", 2, 3, options) {}
  BatchNorm1d(const Options& options, Generator& rng) : BatchNorm1d(options) {
    initialise(*this, next_stream(rng));
  }
};

// {batch, channels, rows, cols}.
class BatchNorm2d final : public BatchNorm {
 public:
  explicit BatchNorm2d(const Options& options) : BatchNorm("BatchNorm2d", 4, 4, options) {}
  BatchNorm2d(const Options& options, Generator& rng) : BatchNorm2d(options) {
    initialise(*this, next_stream(rng));
  }
};

}  // namespace mosaic::nn
