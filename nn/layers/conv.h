// Convolutions of sequences and images (engine/ops/conv.h).
#pragma once

#include "engine/ops/conv.h"
#include "nn/layers/containers.h"
#include "nn/module.h"

namespace mosaic::nn {

// {batch, in, length} -> {batch, out, length'}. Weight and bias start uniform within 1 / sqrt(inputs of an
// output). ArgumentError for sizes that are not positive and for groups that do not divide in and out.
class Conv1d final : public Layer {
 public:
  struct Options {
    int64_t in, out, kernel;
    int64_t stride = 1, padding = 0, dilation = 1, groups = 1;
    bool bias = true;
  };
  explicit Conv1d(const Options& options);
  Conv1d(const Options& options, Generator& rng);

  void visit(Visitor& v) override;
  std::string describe() const override;

 private:
  Tensor forward(const Tensor& x, const Context&) const override;
  Options options_;
  Tensor weight_, bias_;  // {out, in / groups, kernel}, {out}
};

// The same over images: {batch, in, rows, cols} -> {batch, out, rows', cols'}.
class Conv2d final : public Layer {
 public:
  struct Options {
    int64_t in, out;
    Size2d kernel;
    Size2d stride = 1, padding = 0, dilation = 1;
    int64_t groups = 1;
    bool bias = true;
  };
  explicit Conv2d(const Options& options);
  Conv2d(const Options& options, Generator& rng);

  void visit(Visitor& v) override;
  std::string describe() const override;

 private:
  Tensor forward(const Tensor& x, const Context&) const override;
  Options options_;
  Tensor weight_, bias_;  // {out, in / groups, kernel rows, kernel cols}, {out}
};

// A depthwise-separable convolution (Howard et al. 2017, "MobileNets"): a filter for every channel, then
// products of the channels of one place. options.groups is not used; the first convolution has no bias.
Sequential separable_conv2d(const Conv2d::Options& options, Generator& rng);

}  // namespace mosaic::nn
