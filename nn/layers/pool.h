// Pooling of sequences and images as layers: what they do is said in engine/ops/pool.h.
#pragma once

#include "engine/ops/pool.h"
#include "nn/module.h"

namespace mosaic::nn {

// An op of a tensor and options as a layer without parameters.
template <class Options, auto op>
class PoolLayer : public Layer {
 public:
  explicit PoolLayer(const Options& options) : options_(options) {}
  void visit(Visitor&) override {}

 private:
  Tensor forward(const Tensor& x, const Context&) const override { return op(x, options_); }
  Options options_;
};

class MaxPool1d final : public PoolLayer<MaxPool1dOptions, max_pool1d> {
 public:
  using PoolLayer::PoolLayer;
  std::string describe() const override { return "MaxPool1d"; }
};
class MaxPool2d final : public PoolLayer<MaxPool2dOptions, max_pool2d> {
 public:
  using PoolLayer::PoolLayer;
  std::string describe() const override { return "MaxPool2d"; }
};
class AveragePool1d final : public PoolLayer<AveragePool1dOptions, average_pool1d> {
 public:
  using PoolLayer::PoolLayer;
  std::string describe() const override { return "AveragePool1d"; }
};
class AveragePool2d final : public PoolLayer<AveragePool2dOptions, average_pool2d> {
 public:
  using PoolLayer::PoolLayer;
  std::string describe() const override { return "AveragePool2d"; }
};

// To a given size; 1, the default, is global average pooling.
class AdaptiveAveragePool1d final : public PoolLayer<int64_t, adaptive_average_pool1d> {
 public:
  explicit AdaptiveAveragePool1d(int64_t out = 1) : PoolLayer(out) {}
  std::string describe() const override { return "AdaptiveAveragePool1d"; }
};
class AdaptiveAveragePool2d final : public PoolLayer<Size2d, adaptive_average_pool2d> {
 public:
  explicit AdaptiveAveragePool2d(Size2d out = 1) : PoolLayer(out) {}
  std::string describe() const override { return "AdaptiveAveragePool2d"; }
};

}  // namespace mosaic::nn
