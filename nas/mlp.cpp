#include "nas/mlp.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "engine/core/error.h"

namespace mosaic::nas {

Mlp::Mlp(Scaling scaling, double target_mean, double target_scale, const std::vector<int64_t>& hidden,
         Generator& generator)
    : scaling_(std::move(scaling)), target_mean_(target_mean), target_scale_(target_scale) {
  size_t in = scaling_.size();
  for (size_t i = 0; i <= hidden.size(); ++i) {
    Layer layer;
    layer.in = in;
    layer.out = i < hidden.size() ? static_cast<size_t>(hidden[i]) : 1;
    const double bound = 1 / std::sqrt(static_cast<double>(std::max<size_t>(in, 1)));
    const auto draw = [&](std::vector<double>& values, size_t n) {
      for (size_t k = 0; k < n; ++k) values.push_back(bound * (2 * generator.uniform() - 1));
    };
    draw(layer.weight, layer.in * layer.out);
    draw(layer.bias, layer.out);
    layer.weight_grad.assign(layer.weight.size(), 0);
    layer.bias_grad.assign(layer.out, 0);
    layer.first.assign(layer.weight.size() + layer.out, 0);
    layer.second = layer.first;
    in = layer.out;
    layers_.push_back(std::move(layer));
  }
}

// activations[l] is the input of layer l, the last entry the output {1}.
double Mlp::forward(std::span<const double> z, std::vector<std::vector<double>>& activations) const {
  activations.resize(layers_.size() + 1);
  activations[0].assign(z.begin(), z.end());
  for (size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    std::vector<double>& y = activations[l + 1];
    y = layer.bias;
    for (size_t i = 0; i < layer.in; ++i) {
      const double x = activations[l][i];
      const double* w = layer.weight.data() + i * layer.out;
      for (size_t o = 0; o < layer.out; ++o) y[o] += x * w[o];
    }
    if (l + 1 < layers_.size())
      for (double& v : y) v = std::max(v, 0.0);
  }
  return activations.back()[0];
}

// Adds the gradient of a loss whose slope at the output is given; overwrites activations by their gradients.
void Mlp::backward(double slope, std::vector<std::vector<double>>& activations) {
  activations.back()[0] = slope;
  for (size_t l = layers_.size(); l-- > 0;) {
    Layer& layer = layers_[l];
    const std::vector<double>& dy = activations[l + 1];
    for (size_t o = 0; o < layer.out; ++o) layer.bias_grad[o] += dy[o];
    for (size_t i = 0; i < layer.in; ++i) {
      double& x = activations[l][i];
      const double* w = layer.weight.data() + i * layer.out;
      double* dw = layer.weight_grad.data() + i * layer.out;
      double dx = 0;
      for (size_t o = 0; o < layer.out; ++o) {
        dw[o] += x * dy[o];
        dx += w[o] * dy[o];
      }
      x = x > 0 ? dx : 0;  // through the ReLU that made x; what the first layer's input gets is not used
    }
  }
}

void Mlp::update(double rate) {
  ++steps_;
  const double b1 = 0.9, b2 = 0.999, n = static_cast<double>(steps_);
  const double rate_now = rate * std::sqrt(1 - std::pow(b2, n)) / (1 - std::pow(b1, n));
  const auto adam = [&](double& w, double& g, double& m, double& v) {
    m = b1 * m + (1 - b1) * g;
    v = b2 * v + (1 - b2) * g * g;
    w -= rate_now * m / (std::sqrt(v) + 1e-8);
    g = 0;
  };
  for (Layer& layer : layers_) {
    const size_t weights = layer.weight.size();
    for (size_t k = 0; k < weights; ++k)
      adam(layer.weight[k], layer.weight_grad[k], layer.first[k], layer.second[k]);
    for (size_t k = 0; k < layer.out; ++k)
      adam(layer.bias[k], layer.bias_grad[k], layer.first[weights + k], layer.second[weights + k]);
  }
}

void Mlp::step(const Table& x, const std::vector<double>& t, std::span<const size_t> batch, double rate) {
  std::vector<std::vector<double>> activations;
  for (const size_t r : batch) {
    const double y = forward({x.values.data() + r * x.columns, x.columns}, activations);
    backward(2 * (y - t[r]) / static_cast<double>(batch.size()), activations);
  }
  update(rate);
}

double Mlp::predict(std::span<const double> features) const {
  std::vector<std::vector<double>> activations;
  return target_mean_ + target_scale_ * forward(scaling_(features), activations);
}

json Mlp::to_json() const {
  json layers = json::array();
  for (const Layer& l : layers_)
    layers.push_back({{"in", l.in}, {"out", l.out}, {"weight", l.weight}, {"bias", l.bias}});
  return {{"kind", "mlp"},
          {"scaling", scaling_.to_json()},
          {"target_mean", target_mean_},
          {"target_scale", target_scale_},
          {"layers", layers}};
}

std::unique_ptr<Mlp> Mlp::from_json(const json& value, const std::string& where) {
  Fields f(value, where);
  f.one_of("kind", {"mlp"});
  std::unique_ptr<Mlp> out(new Mlp());
  out->scaling_ = Scaling::from_json(f.object("scaling"), where + ": scaling");
  out->target_mean_ = f.number("target_mean");
  out->target_scale_ = f.number("target_scale", 0);
  size_t in = out->scaling_.size();
  for (const json& one : f.array("layers")) {
    const std::string place = cat(where, ": layers[", out->layers_.size(), "]");
    Fields l(one, place);
    Layer layer;
    layer.in = static_cast<size_t>(l.integer("in", 0, 1 << 16));
    layer.out = static_cast<size_t>(l.integer("out", 1, 1 << 16));
    layer.weight = l.numbers("weight");
    layer.bias = l.numbers("bias");
    l.finish();
    if (layer.in != in || layer.weight.size() != layer.in * layer.out || layer.bias.size() != layer.out)
      throw FormatError(place, "the sizes do not fit one another");
    in = layer.out;
    out->layers_.push_back(std::move(layer));
  }
  f.finish();
  if (out->layers_.empty() || in != 1) throw FormatError(where, "the last layer must have one output");
  return out;
}

std::unique_ptr<Regressor> fit_mlp(const Table& x, std::span<const double> y, const MlpOptions& options,
                                   Generator generator) {
  check(x.rows() == y.size() && !y.empty(), "mlp", x.rows(), " rows of features for ", y.size(), " targets");
  check(options.steps >= 1 && options.batch >= 1 && options.rate > 0, "mlp", "steps ", options.steps,
        ", batch ", options.batch, ", rate ", options.rate, " must be positive");
  for (const int64_t h : options.hidden) check(h >= 1 && h <= 4096, "mlp", "a hidden layer of ", h, " units");
  const double rows = static_cast<double>(y.size());
  double mean = 0, square = 0;
  for (const double v : y) mean += v / rows;
  for (const double v : y) square += (v - mean) * (v - mean) / rows;
  const double scale = square > 0 ? std::sqrt(square) : 1;
  std::vector<double> t;
  for (const double v : y) t.push_back((v - mean) / scale);
  const Scaling scaling(x);
  Table z = scaling(x);
  auto out = std::make_unique<Mlp>(scaling, mean, scale, options.hidden, generator);
  std::vector<size_t> order(y.size());
  std::iota(order.begin(), order.end(), size_t{0});
  size_t at = order.size();
  for (int64_t s = 0; s < options.steps; ++s) {
    if (at >= order.size()) generator.shuffle(order), at = 0;
    const size_t n = std::min(static_cast<size_t>(options.batch), order.size() - at);
    const double phase = static_cast<double>(s) / static_cast<double>(options.steps);
    out->step(z, t, {order.data() + at, n}, options.rate * (1 + std::cos(std::numbers::pi * phase)) / 2);
    at += n;
  }
  return out;
}

}  // namespace mosaic::nas
