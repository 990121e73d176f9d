#include <doctest/doctest.h>

#include <cmath>

#include "engine/engine.h"

using namespace mosaic;

namespace {

struct State {
  std::vector<double> weight, m, v;
};

// The textbook update in double.
void reference(State& s, const std::vector<double>& grad, const AdamWOptions& o) {
  for (size_t i = 0; i < s.weight.size(); ++i) {
    double g = grad[i] * o.grad_scale;
    if (o.decoupled) {
      s.weight[i] -= o.lr * o.weight_decay * s.weight[i];
    } else {
      g += o.weight_decay * s.weight[i];
    }
    s.m[i] = o.beta1 * s.m[i] + (1 - o.beta1) * g;
    s.v[i] = o.beta2 * s.v[i] + (1 - o.beta2) * g * g;
    const double mean = s.m[i] / (1 - std::pow(o.beta1, static_cast<double>(o.step)));
    const double root = std::sqrt(s.v[i] / (1 - std::pow(o.beta2, static_cast<double>(o.step))));
    s.weight[i] -= o.lr * mean / (root + o.eps);
  }
}

double worst(const Tensor& x, const std::vector<double>& expected) {
  double gap = 0;
  const std::vector<double> values = x.values();
  for (size_t i = 0; i < values.size(); ++i) gap = std::max(gap, std::abs(values[i] - expected[i]));
  return gap;
}

void check_against_reference(DType dtype, bool decoupled, double tolerance) {
  Generator rng(1);
  const Shape shape{3, 29};
  const Tensor weight = normal(shape, 0, 1, rng, dtype), m = Tensor::zeros(shape, dtype),
               v = Tensor::zeros(shape, dtype);
  State state{weight.values(), m.values(), v.values()};
  for (int64_t step = 1; step <= 5; ++step) {
    const Tensor grad = normal(shape, 0, 1, rng, dtype);
    const AdamWOptions options{.lr = 1e-2,
                               .beta1 = 0.9,
                               .beta2 = 0.98,
                               .eps = 1e-8,
                               .weight_decay = 0.1,
                               .step = step,
                               .decoupled = decoupled,
                               .grad_scale = 0.25};
    const bool none = step == 4;  // a parameter without a gradient still moves
    adamw_(weight, none ? Tensor() : grad, m, v, options);
    reference(state, none ? std::vector<double>(state.m.size(), 0.0) : grad.values(), options);
  }
  CHECK(worst(weight, state.weight) < tolerance);
  CHECK(worst(m, state.m) < tolerance);
  CHECK(worst(v, state.v) < tolerance);
}

}  // namespace

TEST_CASE("adamw_ follows the published update, decoupled and with L2") {
  check_against_reference(f64, true, 1e-13);
  check_against_reference(f64, false, 1e-13);
  check_against_reference(f32, true, 2e-6);
  check_against_reference(f32, false, 2e-6);
}

TEST_CASE("adamw_ gives the same bits on one and two threads and reads strided gradients") {
  const Shape shape{300, 401};
  const AdamWOptions options{
      .lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.01, .step = 3};
  const int before = threads();
  std::vector<double> results[2];
  for (int run = 0; run < 2; ++run) {
    set_threads(run + 1);
    Generator rng(2);
    const Tensor weight = normal(shape, 0, 1, rng), grad = normal({401, 300}, 0, 1, rng);
    const Tensor m = normal(shape, 0, 1, rng), v = square(normal(shape, 0, 1, rng));
    adamw_(weight, run == 0 ? transpose(grad) : transpose(grad).dense(), m, v, options);
    results[run] = weight.values();
  }
  set_threads(before);
  CHECK(results[0] == results[1]);
}

TEST_CASE("adamw_ refuses what it cannot update and counts as a write") {
  const Tensor w = Tensor::zeros({4}), other = Tensor::zeros({3}), wide = Tensor::zeros({4, 4});
  AdamWOptions options{.lr = 1, .beta1 = 0.9, .beta2 = 0.9, .eps = 0, .weight_decay = 0, .step = 1};
  CHECK_THROWS_AS(adamw_(w, other, w, w, options), ShapeError);
  CHECK_THROWS_AS(adamw_(w, w, Tensor::zeros({4}, f64), w, options), DtypeError);
  CHECK_THROWS_AS(adamw_(transpose(leading(wide, {2, 4})), Tensor(), Tensor::zeros({4, 2}),
                         Tensor::zeros({4, 2}), options),
                  ShapeError);
  const uint64_t version = w.storage()->version();
  adamw_(w, Tensor(), Tensor::zeros({4}), Tensor::full({4}, 1), options);
  CHECK(w.storage()->version() > version);
  options.step = 0;
  CHECK_THROWS_AS(adamw_(w, Tensor(), Tensor::zeros({4}), Tensor::zeros({4}), options), ArgumentError);
}

TEST_CASE("sgd_ follows its definition, on any number of threads") {
  for (const DType dtype : {f32, f64}) {
    for (const bool nesterov : {false, true}) {
      CAPTURE(dtype);
      CAPTURE(nesterov);
      Generator rng(3);
      const Shape shape{301, 203};
      const Tensor start = normal(shape, 0, 1, rng, dtype), grad = normal({203, 301}, 0, 1, rng, dtype);
      const SGDOptions options{
          .lr = 0.1, .momentum = 0.9, .weight_decay = 0.05, .nesterov = nesterov, .grad_scale = 0.5};
      std::vector<double> w = start.values(), v(w.size(), 0), first;
      const std::vector<double> g = transpose(grad).values();
      const int before = threads();
      for (int count = 1; count <= 2; ++count) {
        set_threads(count);
        const Tensor weight = start * 1, velocity = Tensor::zeros(shape, dtype);
        for (int step = 0; step < 3; ++step) {  // the last without a gradient
          const SGDUpdate update{weight, step == 2 ? Tensor() : transpose(grad), velocity, options};
          sgd_(std::span(&update, 1));
        }
        if (count == 1) first = weight.values();
        CHECK(weight.values() == first);
      }
      set_threads(before);
      for (int step = 0; step < 3; ++step) {
        for (size_t i = 0; i < w.size(); ++i) {
          const double slope = (step == 2 ? 0 : 0.5 * g[i]) + 0.05 * w[i];
          v[i] = 0.9 * v[i] + slope;
          w[i] -= 0.1 * (nesterov ? slope + 0.9 * v[i] : v[i]);
        }
      }
      double gap = 0;
      for (size_t i = 0; i < w.size(); ++i) gap = std::max(gap, std::abs(w[i] - first[i]));
      CHECK(gap < (dtype == f64 ? 1e-13 : 2e-6));
    }
  }
}

TEST_CASE("sgd_ refuses what it cannot update, before anything is changed") {
  const Tensor w = Tensor::full({4}, 1), g = Tensor::full({4}, 1), wide = Tensor::zeros({4, 4});
  const auto refused = [&](const SGDUpdate& bad) {
    const SGDUpdate updates[] = {{w, g, {}, {.lr = 1}}, bad};
    sgd_(updates);
  };
  CHECK_THROWS_AS(refused({g, Tensor::zeros({3}), {}, {.lr = 1}}), ShapeError);
  CHECK_THROWS_AS(refused({g, Tensor::zeros({4}, f64), {}, {.lr = 1}}), DtypeError);
  CHECK_THROWS_AS(refused({transpose(leading(wide, {2, 4})), {}, {}, {.lr = 1}}), ShapeError);
  CHECK_THROWS_AS(refused({g, {}, {}, {.lr = 1, .momentum = 0.9}}), ArgumentError);
  CHECK_THROWS_AS(refused({g, {}, Tensor::zeros({4}), {.lr = 1, .momentum = 1}}), ArgumentError);
  CHECK(w.values() == std::vector<double>(4, 1.0));
  const uint64_t version = w.storage()->version();
  const SGDUpdate update{w, g, {}, {.lr = 0.5}};
  sgd_(std::span(&update, 1));
  CHECK(w.values() == std::vector<double>(4, 0.5));
  CHECK(w.storage()->version() > version);
}
