#include "apps/checks/op_runs.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace mosaic::checks {

Tensors make_inputs(const OpCase& c, DType dtype) {
  const Generator base(20240607);
  Tensors inputs;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    Generator rng = base.fork(i);
    std::vector<double> values;
    for (int64_t n = c.inputs[i].numel(); n > 0; --n) {
      double value = c.low + (c.high - c.low) * rng.uniform();
      if (std::abs(value) < c.gap) value += value < 0 ? -c.gap : c.gap;
      values.push_back(value);
    }
    inputs.push_back(Tensor::from(values, c.inputs[i]).to(dtype));
  }
  return inputs;
}

Tensor cotangent_for(const Tensor& y) {
  Generator rng(99);
  return normal(y.shape(), 0, 1, rng, y.dtype()).to(y.device());
}

Outcome run_with_gradients(const std::function<Tensor(const Tensors&)>& f, const Tensors& inputs,
                           bool differentiable, const Tensor& seed) {
  Tensors leaves;
  for (const Tensor& input : inputs) {
    leaves.push_back(input.detach());
    if (differentiable) leaves.back().track();
  }
  Outcome outcome{f(leaves), {}};
  if (!differentiable) return outcome;
  check<GradError>(outcome.y.tracked(), "check", "the result is not tracked, its inputs are");
  outcome.y.backward(seed.defined() ? seed : cotangent_for(outcome.y));
  for (const Tensor& leaf : leaves)
    outcome.gradients.push_back(leaf.has_grad() ? leaf.grad() : zeros_like(leaf));
  return outcome;
}

Tensor transposed_copy(const Tensor& x) {
  if (x.rank() < 2) return x;
  return transpose(transpose(x).dense());
}

Tensor sliced_copy(const Tensor& x, Tensor& base) {
  if (x.rank() == 0) return base = x;
  Shape larger = x.shape();
  for (int axis = 0; axis < x.rank(); ++axis) larger = larger.with(axis, x.dim(axis) + 1 + axis);
  base = Tensor::full(larger, 0.25, x.dtype(), x.device());
  const Tensor view = leading(base, x.shape());
  copy_(view, x);
  return view;
}

Outcome run_on_slices(const OpCase& c, const Tensors& inputs) {
  Tensors bases, views;
  for (const Tensor& input : inputs) {
    Tensor base;
    sliced_copy(input, base);
    if (c.differentiable) base.track();
    bases.push_back(base);
    views.push_back(input.rank() == 0 ? base : leading(base, input.shape()));
  }
  Outcome outcome{c.run(views), {}};
  if (!c.differentiable) return outcome;
  outcome.y.backward(cotangent_for(outcome.y));
  for (size_t i = 0; i < bases.size(); ++i) {
    if (!bases[i].has_grad()) {
      outcome.gradients.push_back(zeros_like(inputs[i]));
      continue;
    }
    outcome.gradients.push_back(leading(bases[i].grad(), inputs[i].shape()));
    const double all = squared_norm(bases[i].grad()), inside = squared_norm(outcome.gradients[i]);
    check<GradError>(std::abs(all - inside) <= 1e-12 * (1 + all), "check", "the gradient of input ", i,
                     " is not zero around its slice");
  }
  return outcome;
}

double difference(const Tensor& a, const Tensor& b) {
  if (!(a.shape() == b.shape())) return std::numeric_limits<double>::infinity();
  const std::vector<double> x = a.values(), y = b.values();
  double scale = 1, worst = 0;
  for (const double value : y) scale = std::max(scale, std::isfinite(value) ? std::abs(value) : 0.0);
  for (size_t i = 0; i < x.size(); ++i) {
    if (x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]))) continue;
    const double gap = std::abs(x[i] - y[i]);
    worst = std::isfinite(gap) ? std::max(worst, gap) : std::numeric_limits<double>::infinity();
  }
  return worst / scale;
}

double difference(const Outcome& a, const Outcome& b) {
  double worst = difference(a.y, b.y);
  if (a.gradients.size() != b.gradients.size()) return std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < a.gradients.size(); ++i)
    worst = std::max(worst, difference(a.gradients[i], b.gradients[i]));
  return worst;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  if (!(a.shape() == b.shape()) || a.dtype() != b.dtype()) return false;
  const Tensor x = a.detach().to(cpu()).dense(), y = b.detach().to(cpu()).dense();
  const auto bytes = static_cast<size_t>(x.numel() * size_of(x.dtype()));
  return bytes == 0 || std::memcmp(x.raw(), y.raw(), bytes) == 0;
}

bool same_bits(const Outcome& a, const Outcome& b) {
  return same_bits(a.y, b.y) &&
         std::equal(a.gradients.begin(), a.gradients.end(), b.gradients.begin(), b.gradients.end(),
                    [](const Tensor& x, const Tensor& y) { return same_bits(x, y); });
}

}  // namespace mosaic::checks
