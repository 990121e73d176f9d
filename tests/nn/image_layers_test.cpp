// Convolution, pooling and batch norm as layers: gradients, shapes, statistics, state dicts.
#include "tests/nn/support.h"

using namespace mosaic;
using namespace mosaic::nn;
using namespace mosaic::nn::testing;

namespace {

void require_ok(const GradcheckResult& result) {
  REQUIRE_MESSAGE(result.ok, result);
}

Tensor random(const Shape& shape, uint64_t seed = 1) {
  Generator rng(seed);
  return normal(shape, 0, 1, rng, f64);
}

}  // namespace

TEST_CASE("gradients through convolutions, pools and batch norm") {
  Sequential images(Conv2d({.in = 2, .out = 4, .kernel = 3, .stride = {2, 1}, .padding = 1}),
                    Function("silu", silu),
                    Conv2d({.in = 4, .out = 4, .kernel = {1, 3}, .dilation = 2, .groups = 4, .bias = false}),
                    AveragePool2d({.kernel = 2, .stride = 1}), AdaptiveAveragePool2d());
  require_ok(check_gradients(images, {random({2, 2, 5, 7})}, [&](const auto& in) { return images(in[0]); }));
  Sequential sequences(Conv1d({.in = 2, .out = 3, .kernel = 3, .padding = 1}), MaxPool1d({.kernel = 2}),
                       Conv1d({.in = 3, .out = 3, .kernel = 2, .groups = 3}), AveragePool1d({.kernel = 2}),
                       AdaptiveAveragePool1d(2));
  require_ok(
      check_gradients(sequences, {random({2, 2, 12})}, [&](const auto& in) { return sequences(in[0]); }));
  for (const bool training : {true, false}) {
    BatchNorm1d features({.channels = 3});
    require_ok(check_gradients(features, {random({5, 3})},
                               [&](const auto& in) { return features(in[0], {.training = training}); }));
    BatchNorm2d planes({.channels = 3, .affine = false});
    require_ok(check_gradients(planes, {random({2, 3, 3, 2})},
                               [&](const auto& in) { return planes(in[0], {.training = training}); }));
  }
}

TEST_CASE("shapes, names and first values of convolutions") {
  Generator rng(3);
  Sequential model = separable_conv2d({.in = 6, .out = 10, .kernel = 3, .stride = 2, .padding = 1}, rng);
  CHECK(model(Tensor::zeros({2, 6, 9, 7})).shape() == Shape{2, 10, 5, 4});
  std::vector<std::string> names;
  for (const NamedTensor& parameter : named_parameters(model)) names.push_back(parameter.name);
  CHECK(names == std::vector<std::string>{"0.weight", "1.weight", "1.bias"});
  CHECK(parameter_count(model) == 6 * 9 + 60 + 10);
  Conv2d wide({.in = 8, .out = 64, .kernel = 5, .groups = 2}, rng);
  double largest = 0;
  for (const double w : named_parameters(wide)[0].tensor.values()) largest = std::max(largest, std::abs(w));
  CHECK(largest <= 0.1);  // 1 / sqrt(4 * 25)
  CHECK(largest > 0.099);
  CHECK(wide.describe() == "Conv2d 8 -> 64, kernel 5x5, stride 1x1, padding 0x0, dilation 1x1, groups 2");
  CHECK_THROWS_AS(Conv1d({.in = 4, .out = 6, .kernel = 3, .groups = 4}), ArgumentError);
  CHECK_THROWS_AS(Conv2d({.in = 4, .out = 6, .kernel = 0}), ArgumentError);
  CHECK_THROWS_AS(Conv2d({.in = 0, .out = 6, .kernel = 1}), ArgumentError);
}

TEST_CASE("batch norm moves its statistics in training only, and they are saved with the model") {
  Generator rng(2);
  BatchNorm1d layer({.channels = 2, .momentum = 0.25}, rng);
  CHECK(layer.running_mean().values() == std::vector<double>{0, 0});
  CHECK(layer.running_variance().values() == std::vector<double>{1, 1});
  const Tensor x = Tensor::from(std::vector<double>{1, 10, 3, 20, 5, 60}, {3, 2}).to(f32);  // means 3 and 30
  layer(x);
  CHECK(layer.running_mean().values() == std::vector<double>{0, 0});
  layer(x, {.training = true});
  CHECK(layer.running_mean().values() == std::vector<double>{0.75, 7.5});
  // Unbiased variances 4 and 700.
  CHECK(layer.running_variance().values()[0] == doctest::Approx(0.75 + 0.25 * 4));
  CHECK(layer.running_variance().values()[1] == doctest::Approx(0.75 + 0.25 * 700));

  const StateDict saved = clone(state_dict(layer));
  CHECK(saved.size() == 4);
  CHECK(saved.contains("running_mean"));
  CHECK(saved.contains("running_var"));
  BatchNorm1d other({.channels = 2});
  load(other, saved);
  CHECK(other(x).values() == layer(x).values());
  CHECK_FALSE(other.running_mean().tracked());
  CHECK(named_parameters(layer).size() == 2);
  initialise(layer, Generator(4), f64);  // as new
  CHECK(layer.running_mean().dtype() == f64);
  CHECK(layer.running_mean().values() == std::vector<double>{0, 0});
}

TEST_CASE("batch norm refuses other channels, other ranks and single elements in training") {
  Generator rng(2);
  BatchNorm1d features({.channels = 2}, rng);
  BatchNorm2d images({.channels = 2}, rng);
  CHECK_THROWS_AS(features(Tensor::zeros({3, 4})), ShapeError);
  CHECK_THROWS_AS(features(Tensor::zeros({3, 2, 4, 4})), ShapeError);
  CHECK_THROWS_AS(images(Tensor::zeros({3, 2, 4})), ShapeError);
  CHECK_THROWS_AS(features(Tensor::zeros({1, 2}), {.training = true}), ShapeError);
  CHECK_NOTHROW(features(Tensor::zeros({1, 2})));
  CHECK_THROWS_AS(BatchNorm1d({.channels = 0}), ArgumentError);
  CHECK_THROWS_AS(BatchNorm1d({.channels = 2, .momentum = 1.5}), ArgumentError);
}
