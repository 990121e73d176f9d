// The optimizers: AdamW (and Adam), SGD.
#pragma once

#include "engine/ops/ops.h"
#include "nn/optim/optimizer.h"

namespace mosaic::nn {

// Adam with bias correction (Kingma and Ba 2015) and decoupled weight decay (Loshchilov and Hutter 2019). It
// is dense: a parameter without a gradient still moves by its decaying moments, unless skip_without_grad.
class AdamW final : public Optimizer {
 public:
  struct Options {
    double lr = 1e-3;
    double beta1 = 0.9, beta2 = 0.999;
    double eps = 1e-8;
    double weight_decay = 0;
    bool decoupled = true;           // false: weight_decay * weight joins the gradient (Adam with L2)
    bool skip_without_grad = false;  // leave alone, moments included, what got no gradient in this update
  };
  AdamW(std::vector<NamedTensor> parameters, const Options& options);
  AdamW(std::vector<ParameterGroup> groups, const Options& options);

 private:
  void update(Parameter& parameter, const Tensor& grad, const Hyper& hyper) override;
  void finish() override;
  Options options_;
  std::vector<AdamWUpdate> gathered_;
};

// Gradient descent: v <- momentum * v + g, w <- w - lr * v, or w - lr * (g + momentum * v) with Nesterov's
// momentum.
class SGD final : public Optimizer {
 public:
  struct Options {
    double lr = 0.1;
    double momentum = 0;
    bool nesterov = false;    // needs a momentum
    double weight_decay = 0;  // joins the gradient
  };
  SGD(std::vector<NamedTensor> parameters, const Options& options);
  SGD(std::vector<ParameterGroup> groups, const Options& options);

 private:
  void update(Parameter& parameter, const Tensor& grad, const Hyper& hyper) override;
  void finish() override;
  Options options_;
  std::vector<SGDUpdate> gathered_;
};

}  // namespace mosaic::nn
