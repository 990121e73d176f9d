// Gathering the gradient of one update from micro-batches (and architectures).
#pragma once

#include <cstdint>
#include <string>

#include "nn/loss.h"
#include "nn/optim/optimizer.h"

namespace mosaic::nn {

// Sums losses and sweeps them. The optimizer is then stepped with grad_scale() = 1 / tokens, once an update.
class UpdateAccumulator {
 public:
  // Adds a micro-batch: checks the loss (NonFiniteError naming `what`: "update 12, largest"), then sweeps it
  // into the gradients of the parameters, which become those of `scale` times the loss
  // (nn/train/loss_scale.h).
  void add(const BatchLoss& loss, const std::string& what, double scale = 1);
  // The same when the sweep is done by the caller (a graph cut in two).
  void count(const BatchLoss& loss, const std::string& what);

  int64_t tokens() const { return tokens_; }
  double loss() const { return loss_; }  // sums over tokens, in nats
  double nll() const { return nll_; }
  double loss_per_token() const { return loss_ / static_cast<double>(tokens_); }
  double nll_per_token() const { return nll_ / static_cast<double>(tokens_); }
  // ArgumentError when nothing was added.
  double grad_scale() const;
  void reset() { *this = {}; }

 private:
  double loss_ = 0, nll_ = 0;
  int64_t tokens_ = 0;
};

}  // namespace mosaic::nn
