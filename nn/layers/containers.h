// Small layers and the chain of layers.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/ops/ops.h"
#include "nn/module.h"

namespace mosaic::nn {

class Dropout final : public Layer {
 public:
  explicit Dropout(double rate);  // ArgumentError unless 0 <= rate < 1
  void visit(Visitor&) override {}
  std::string describe() const override { return cat("Dropout ", rate_); }

 private:
  Tensor forward(const Tensor& x, const Context& context) const override;
  double rate_;
};

class Relu final : public Layer {
 public:
  void visit(Visitor&) override {}
  std::string describe() const override { return "Relu"; }

 private:
  Tensor forward(const Tensor& x, const Context&) const override { return relu(x); }
};

// Any function of one tensor as a layer: Function("silu", silu), Function("swiglu", [](const Tensor& x) {
// return glu(x, Gate::silu); }).
class Function final : public Layer {
 public:
  Function(std::string name, std::function<Tensor(const Tensor&)> function)
      : name_(std::move(name)), function_(std::move(function)) {}
  void visit(Visitor&) override {}
  std::string describe() const override { return name_; }

 private:
  Tensor forward(const Tensor& x, const Context&) const override { return function_(x); }
  std::string name_;
  std::function<Tensor(const Tensor&)> function_;
};

// Layers one after another, named "0", "1", ...
class Sequential final : public Layer {
 public:
  Sequential() = default;
  template <class... Layers>
  explicit Sequential(Layers... layers) {
    (add(std::move(layers)), ...);
  }
  template <class L>
  L& add(L layer) {
    auto owned = std::make_unique<L>(std::move(layer));
    L& kept = *owned;
    layers_.push_back(std::move(owned));
    return kept;
  }
  size_t size() const { return layers_.size(); }
  void visit(Visitor& v) override;
  std::string describe() const override { return "Sequential"; }

 private:
  Tensor forward(const Tensor& x, const Context& context) const override;
  std::vector<std::unique_ptr<Layer>> layers_;
};

}  // namespace mosaic::nn
