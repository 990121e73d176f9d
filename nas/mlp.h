// A small multilayer perceptron in double precision: scaled features, ReLU layers, one output.
#pragma once

#include "nas/regression.h"

namespace mosaic::nas {

class Mlp final : public Regressor {
 public:
  // Weights uniform in +-1/sqrt(inputs) of each layer (as HAT's predictor starts), biases too.
  Mlp(Scaling scaling, double target_mean, double target_scale, const std::vector<int64_t>& hidden,
      Generator& generator);

  double predict(std::span<const double> features) const override;
  json to_json() const override;
  size_t inputs() const override { return scaling_.inputs(); }
  static std::unique_ptr<Mlp> from_json(const json& value, const std::string& where);

  // One Adam step on the rows `batch` of the scaled features x and scaled targets t.
  void step(const Table& x, const std::vector<double>& t, std::span<const size_t> batch, double rate);

 private:
  // weight {in, out}: the inner loops run over outputs, so sums keep one order and still vectorise.
  struct Layer {
    size_t in = 0, out = 0;
    std::vector<double> weight, bias, weight_grad, bias_grad;
    std::vector<double> first, second;  // Adam's moments, of weight then bias
  };
  Mlp() = default;
  double forward(std::span<const double> z, std::vector<std::vector<double>>& activations) const;
  void backward(double slope, std::vector<std::vector<double>>& activations);
  void update(double rate);

  Scaling scaling_;
  double target_mean_ = 0, target_scale_ = 1;
  std::vector<Layer> layers_;
  int64_t steps_ = 0;
};

}  // namespace mosaic::nas
