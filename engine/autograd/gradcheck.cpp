#include "engine/autograd/gradcheck.h"

#include <algorithm>
#include <cmath>

#include "engine/autograd/node.h"
#include "engine/core/random.h"
#include "engine/ops/ops.h"

namespace mosaic {
namespace {

double inner_product(const Tensor& a, const std::vector<double>& b) {
  const std::vector<double> values = a.values();
  double total = 0;
  for (size_t i = 0; i < values.size(); ++i) total += values[i] * b[i];
  return total;
}

// <cotangent, f(inputs)> as a function of one element of one input.
class Probe {
 public:
  Probe(const std::function<Tensor(const std::vector<Tensor>&)>& f, const std::vector<Tensor>& inputs,
        std::vector<double> cotangent)
      : f_(f), inputs_(inputs), cotangent_(std::move(cotangent)) {}

  double derivative(size_t input, int64_t element, double step) const {
    const auto at = [&](double shift) {
      const NoGrad off;
      std::vector<Tensor> moved = inputs_;
      std::vector<double> values = inputs_[input].values();
      values[static_cast<size_t>(element)] += shift;
      moved[input] = Tensor::from(values, inputs_[input].shape());
      return inner_product(f_(moved), cotangent_);
    };
    return (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
  }

 private:
  const std::function<Tensor(const std::vector<Tensor>&)>& f_;
  const std::vector<Tensor>& inputs_;
  std::vector<double> cotangent_;
};

std::vector<int64_t> elements_to_check(int64_t count, int64_t most, Generator& rng) {
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < std::min(count, most); ++i) {
    chosen.push_back(count <= most ? i : static_cast<int64_t>(rng.below(static_cast<uint64_t>(count))));
  }
  return chosen;
}

}  // namespace

GradcheckResult gradcheck(const std::function<Tensor(const std::vector<Tensor>&)>& f,
                          const std::vector<Tensor>& inputs, const GradcheckOptions& options) {
  std::vector<Tensor> leaves;
  for (const Tensor& input : inputs) {
    check(input.dtype() == f64, "gradcheck", "inputs must be f64, got ", input.dtype());
    leaves.push_back(Tensor::from(input.values(), input.shape()));
    leaves.back().track();
  }
  Generator rng(options.seed);
  const Tensor y = f(leaves);
  const Tensor cotangent = normal(y.shape(), 0, 1, rng, f64);
  y.backward(cotangent);

  const Probe probe(f, inputs, cotangent.values());
  GradcheckResult result{.tolerance = options.tolerance, .where = ""};
  for (size_t input = 0; input < leaves.size(); ++input) {
    const int64_t count = leaves[input].numel();
    const std::vector<double> analytic = leaves[input].has_grad()
                                             ? leaves[input].grad().values()
                                             : std::vector<double>(static_cast<size_t>(count), 0.0);
    double square = 0;
    for (const double value : analytic) square += value * value;
    const double scale = std::max(std::sqrt(square / static_cast<double>(std::max<int64_t>(count, 1))), 1e-6);
    for (const int64_t element : elements_to_check(count, options.max_elements, rng)) {
      const double a = analytic[static_cast<size_t>(element)],
                   n = probe.derivative(input, element, options.step);
      const double error = std::abs(a - n) / std::max({std::abs(a), std::abs(n), scale});
      if (error > result.worst || !std::isfinite(error)) {
        result.worst = error;
        result.where = cat("input ", input, " at ", element, ": analytic ", a, ", numeric ", n);
      }
      result.ok = result.ok && error <= options.tolerance;  // false for NaN too
    }
  }
  return result;
}

GradcheckResult gradcheck(const std::function<Tensor(const Tensor&)>& f, const Tensor& x,
                          const GradcheckOptions& options) {
  return gradcheck([&](const std::vector<Tensor>& inputs) { return f(inputs[0]); }, std::vector<Tensor>{x},
                   options);
}

std::ostream& operator<<(std::ostream& out, const GradcheckResult& result) {
  out << (result.ok ? "ok" : "FAILED") << ": worst " << result.worst << " of " << result.tolerance;
  if (!result.where.empty()) out << " at " << result.where;
  return out;
}

}  // namespace mosaic
