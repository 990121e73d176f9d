// Optimizers against hand-written updates; gradient scaling, clipping, skipping, the NaN guard, state.
#include <limits>

#include "tests/nn/support.h"

using namespace mosaic;
using namespace mosaic::nn;
using namespace mosaic::nn::testing;

namespace {

struct Two final : Module {
  explicit Two(uint64_t seed = 1) { initialise(*this, Generator(seed)); }
  void visit(Visitor& v) override {
    v.parameter("a", a, {2, 3}, Init::normal(1));
    v.parameter("b", b, {5}, Init::normal(1));
  }
  Tensor a, b;
};

// Adam by its definition, in double, for one element.
struct Reference {
  double w, m = 0, v = 0;
  int t = 0;
  void step(double g, double lr, double b1, double b2, double eps, double decay) {
    ++t;
    m = b1 * m + (1 - b1) * g;
    v = b2 * v + (1 - b2) * g * g;
    w -= lr * decay * w;
    w -= lr * (m / (1 - std::pow(b1, t))) / (std::sqrt(v / (1 - std::pow(b2, t))) + eps);
  }
};

void train_on(Two& model, AdamW& optimizer, int from, int to) {
  for (int i = from; i < to; ++i) {
    optimizer.zero_grad();
    add(sum(mul(square(model.a), 0.5 + i)), sum(square(add(model.b, -1.0 * i)))).backward();
    optimizer.step({.lr = 0.01 * (i + 1)});
  }
}

}  // namespace

TEST_CASE("AdamW follows its definition, with groups, scaling and decay") {
  Two model;
  const std::vector<double> start = model.a.values();
  std::vector<Reference> a;
  for (const double w : start) a.push_back({w});
  std::vector<Reference> b;
  for (const double w : model.b.values()) b.push_back({w});
  std::vector<ParameterGroup> groups(2);
  groups[0].parameters = {{"a", model.a}};
  groups[1] = {.parameters = {{"b", model.b}}, .lr_scale = 0.5, .eps = 1e-3, .weight_decay = 0};
  AdamW optimizer(groups, {.lr = 0.1, .beta1 = 0.9, .beta2 = 0.98, .eps = 1e-8, .weight_decay = 0.01});
  for (int i = 0; i < 20; ++i) {
    optimizer.zero_grad();
    add(sum(square(model.a)), sum(square(model.b))).backward();
    for (size_t k = 0; k < a.size(); ++k) a[k].step(2 * a[k].w * 0.25, 0.1, 0.9, 0.98, 1e-8, 0.01);
    for (size_t k = 0; k < b.size(); ++k) b[k].step(2 * b[k].w * 0.25, 0.05, 0.9, 0.98, 1e-3, 0);
    optimizer.step({.grad_scale = 0.25});
  }
  CHECK(optimizer.steps() == 20);
  for (size_t k = 0; k < a.size(); ++k) CHECK(model.a.values()[k] == doctest::Approx(a[k].w).epsilon(2e-4));
  for (size_t k = 0; k < b.size(); ++k) CHECK(model.b.values()[k] == doctest::Approx(b[k].w).epsilon(2e-4));
}

TEST_CASE("what got no gradient decays on, unless skipped") {
  for (const bool skip : {false, true}) {
    Two model;
    AdamW optimizer(named_parameters(model), {.lr = 0.1, .skip_without_grad = skip});
    add(sum(square(model.a)), sum(square(model.b))).backward();
    optimizer.step();
    const std::vector<double> before = model.b.values();
    optimizer.zero_grad();
    sum(square(model.a)).backward();
    optimizer.step();
    CHECK((model.b.values() == before) == skip);
  }
}

TEST_CASE("SGD with Nesterov's momentum, groups, scaling and decay") {
  Two model;
  std::vector<double> w = model.b.values(), v(5, 0), plain = model.a.values(), u(6, 0);
  std::vector<ParameterGroup> groups(2);
  groups[0].parameters = {{"b", model.b}};
  groups[1] = {.parameters = {{"a", model.a}}, .lr_scale = 0.5, .weight_decay = 0};
  SGD optimizer(groups, {.lr = 0.1, .momentum = 0.8, .nesterov = true, .weight_decay = 0.02});
  for (int i = 0; i < 6; ++i) {
    optimizer.zero_grad();
    add(sum(square(model.b)), sum(square(model.a))).backward();
    optimizer.step({.grad_scale = 0.5});
    for (size_t k = 0; k < 5; ++k) {
      const double g = w[k] + 0.02 * w[k];
      v[k] = 0.8 * v[k] + g;
      w[k] -= 0.1 * (g + 0.8 * v[k]);
    }
    for (size_t k = 0; k < 6; ++k) {
      const double g = plain[k];
      u[k] = 0.8 * u[k] + g;
      plain[k] -= 0.05 * (g + 0.8 * u[k]);
    }
  }
  for (size_t k = 0; k < 5; ++k) CHECK(model.b.values()[k] == doctest::Approx(w[k]).epsilon(1e-4));
  for (size_t k = 0; k < 6; ++k) CHECK(model.a.values()[k] == doctest::Approx(plain[k]).epsilon(1e-4));
}

TEST_CASE("SGD without momentum keeps no state and lets what has no gradient decay") {
  Two model;
  const std::vector<double> a = model.a.values(), b = model.b.values();
  SGD optimizer(named_parameters(model), {.lr = 0.1, .weight_decay = 0.5});
  sum(mul(model.a, 3)).backward();
  optimizer.step();
  for (size_t k = 0; k < 6; ++k)
    CHECK(model.a.values()[k] == doctest::Approx(a[k] - 0.1 * (3 + 0.5 * a[k])).epsilon(1e-5));
  for (size_t k = 0; k < 5; ++k) CHECK(model.b.values()[k] == doctest::Approx(0.95 * b[k]).epsilon(1e-5));
  CHECK(optimizer.state().tensors.empty());
  CHECK_THROWS_AS(SGD(named_parameters(model), {.nesterov = true}), ArgumentError);
}

TEST_CASE("SGD with momentum goes on bit by bit from a saved state") {
  const auto run = [](Two& model, SGD& optimizer, int steps) {
    for (int i = 0; i < steps; ++i) {
      optimizer.zero_grad();
      add(sum(square(model.a)), sum(square(model.b))).backward();
      optimizer.step();
    }
  };
  const SGD::Options options{.lr = 0.05, .momentum = 0.9, .nesterov = true, .weight_decay = 0.01};
  Two straight, resumed(2);
  SGD a(named_parameters(straight), options);
  run(straight, a, 3);
  const StateDict weights = clone(state_dict(straight));
  const OptimizerState state = a.state();
  run(straight, a, 4);
  load(resumed, weights);
  SGD b(named_parameters(resumed), options);
  b.load(state);
  run(resumed, b, 4);
  CHECK(resumed.a.values() == straight.a.values());
  CHECK(resumed.b.values() == straight.b.values());
}

TEST_CASE("SGD with momentum") {
  Two model;
  std::vector<double> w = model.b.values(), v(5, 0);
  SGD optimizer({{"b", model.b}}, {.lr = 0.1, .momentum = 0.9, .weight_decay = 0.01});
  for (int i = 0; i < 5; ++i) {
    optimizer.zero_grad();
    sum(square(model.b)).backward();
    optimizer.step();
    for (size_t k = 0; k < 5; ++k) {
      v[k] = 0.9 * v[k] + 2 * w[k] + 0.01 * w[k];
      w[k] -= 0.1 * v[k];
    }
  }
  for (size_t k = 0; k < 5; ++k) CHECK(model.b.values()[k] == doctest::Approx(w[k]).epsilon(1e-4));
}

TEST_CASE("clipping bounds the norm of all gradients together") {
  Two model;
  const std::vector<double> before = model.a.values();
  SGD optimizer(named_parameters(model), {.lr = 1});
  add(sum(mul(model.a, 3)), sum(mul(model.b, 4))).backward();
  const double norm = std::sqrt(6 * 9.0 + 5 * 16.0);
  const StepReport report = optimizer.step({.grad_scale = 0.5, .clip_norm = 1});
  CHECK(report.grad_norm == doctest::Approx(norm / 2));
  CHECK(report.clipped);
  CHECK(before[0] - model.a.values()[0] == doctest::Approx(3 / norm).epsilon(1e-5));
  CHECK(!optimizer.step({.grad_scale = 0.001, .clip_norm = 1}).clipped);
}

TEST_CASE("a gradient that is not finite changes nothing and is named") {
  Two model;
  AdamW optimizer(named_parameters(model), {.lr = 0.1});
  add(sum(square(model.a)), sum(square(model.b))).backward();
  model.b.grad().data<float>()[2] = std::numeric_limits<float>::infinity();
  const std::vector<double> before = model.a.values();
  CHECK_THROWS_WITH_AS(optimizer.step(), doctest::Contains("update 1: the gradient of b {5} is not finite"),
                       NonFiniteError);
  CHECK(model.a.values() == before);
  CHECK(optimizer.steps() == 0);
}

TEST_CASE("a loss that is not finite is named before the sweep") {
  UpdateAccumulator update;
  const BatchLoss bad{.loss = Tensor::scalar(std::nan("")), .nll = 0, .tokens = 3};
  CHECK_THROWS_WITH_AS(update.add(bad, "update 12, largest"), doctest::Contains("update 12, largest"),
                       NonFiniteError);
  CHECK_THROWS_AS(update.grad_scale(), ArgumentError);
}

TEST_CASE("gradients of several batches and models add up to the mean a token") {
  const auto gradient = [](const std::vector<std::pair<double, int64_t>>& batches) {
    Two model;
    UpdateAccumulator update;
    for (const auto& [factor, tokens] : batches) {
      update.add({.loss = mul(sum(square(model.a)), factor), .nll = factor, .tokens = tokens}, "test");
    }
    std::vector<double> g = model.a.grad().values();
    for (double& value : g) value *= update.grad_scale();
    CHECK(update.tokens() == 10);
    CHECK(update.nll_per_token() == doctest::Approx(0.6));
    return g;
  };
  const std::vector<double> parts = gradient({{1, 3}, {2, 2}, {3, 5}}), whole = gradient({{6, 10}});
  for (size_t i = 0; i < parts.size(); ++i) CHECK(parts[i] == doctest::Approx(whole[i]).epsilon(1e-6));
}

TEST_CASE("training goes on bit by bit from a saved state") {
  Two straight, resumed(2);
  AdamW a(named_parameters(straight), {.beta2 = 0.98, .weight_decay = 0.1});
  train_on(straight, a, 0, 5);
  const StateDict weights = clone(state_dict(straight));
  const OptimizerState state = a.state();
  train_on(straight, a, 5, 12);

  load(resumed, weights);
  AdamW b(named_parameters(resumed), {.beta2 = 0.98, .weight_decay = 0.1});
  b.load(state);
  CHECK(b.steps() == 5);
  train_on(resumed, b, 5, 12);
  CHECK(resumed.a.values() == straight.a.values());
  CHECK(resumed.b.values() == straight.b.values());
}

TEST_CASE("a state of something else is refused") {
  Two model;
  AdamW optimizer(named_parameters(model), {});
  OptimizerState state = optimizer.state();
  const SGD other(named_parameters(model), {.momentum = 0.9});
  CHECK_THROWS_AS(optimizer.load(other.state()), FormatError);
  OptimizerState missing = state;
  missing.tensors.erase("m.a");
  CHECK_THROWS_WITH_AS(optimizer.load(missing), doctest::Contains("m.a is missing"), FormatError);
  OptimizerState reshaped = state;
  reshaped.tensors["v.b"] = Tensor::zeros({4});
  CHECK_THROWS_WITH_AS(optimizer.load(reshaped), doctest::Contains("v.b must be f32 {5}"), FormatError);
  OptimizerState extra = state;
  extra.tensors["v.c"] = Tensor::zeros({4});
  CHECK_THROWS_AS(optimizer.load(extra), FormatError);
}

TEST_CASE("only whole tracked leaves can be trained") {
  Two model;
  CHECK_THROWS_AS(AdamW({{"x", Tensor::zeros({2})}}, {}), ArgumentError);
  CHECK_THROWS_AS(AdamW({{"x", slice(model.a, 1, 0, 2)}}, {}), ArgumentError);
  CHECK_THROWS_AS(AdamW({{"x", model.a}, {"x", model.b}}, {}), ArgumentError);
  CHECK_THROWS_AS(AdamW(named_parameters(model), {.beta2 = 1.0}), ArgumentError);
}

TEST_CASE("the meter averages over what was done since the last report") {
  ProgressMeter meter(10, 4);
  meter.update(100, 250, 200);
  meter.update(300, 350, 200);
  const ProgressMeter::Report report = meter.report();
  CHECK(report.update == 6);
  CHECK(report.loss == doctest::Approx(1.5));
  CHECK(report.nll == doctest::Approx(1.0));
  CHECK(report.tokens == 400);
  CHECK(report.to_json()["perplexity"].get<double>() == doctest::Approx(std::exp(1.0)));
  meter.update(10, 20, 30);
  CHECK(meter.report().nll == doctest::Approx(3.0));
}
