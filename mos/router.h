// The small network that turns an architecture's encoding into mixing coefficients.
#pragma once

#include <optional>

#include "nn/module.h"

namespace mosaic::mos {

// encoding -> hidden -> ReLU -> logits -> softmax over experts. With neurons == 0 it gives one coefficient an
// expert for a whole block (layer-wise); else one an expert for every output neuron, of which a smaller
// architecture evaluates the leading ones only (neuron-wise). Logit n * experts + i belongs to neuron n,
// expert i.
class Router final : public nn::Module {
 public:
  struct Options {
    int64_t encoding = 10, hidden = 128, experts = 2;
    int64_t neurons = 0;
    double dropout = 0;                     // after the ReLU
    std::optional<nn::Init> out_init = {};  // of a neuron-wise last layer's weights
  };
  explicit Router(const Options& options) : options_(options) {}

  // code {encoding} -> {experts}, or {neurons, experts} for the leading `neurons` of a neuron-wise router.
  // ShapeError for another code or more neurons than there are.
  Tensor operator()(const Tensor& code, int64_t neurons, const nn::Context& context = {}) const;

  // First layer and, layer-wise, the last: uniform in +-1/sqrt(inputs), weights and biases alike. Neuron-wise
  // last layer: out_init, or Xavier over the whole matrix; zero biases.
  void visit(nn::Visitor& v) override;
  std::string describe() const override;

 private:
  Options options_;
  Tensor hidden_, hidden_bias_;  // {hidden, encoding}, {hidden}
  Tensor out_, out_bias_;        // {experts * max(neurons, 1), hidden}, {experts * max(neurons, 1)}
};

}  // namespace mosaic::mos
