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
