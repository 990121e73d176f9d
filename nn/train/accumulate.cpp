#include "nn/train/accumulate.h"

#include <cmath>

namespace mosaic::nn {

void UpdateAccumulator::count(const BatchLoss& loss, const std::string& what) {
  const double value = loss.loss.item<double>();
  if (!std::isfinite(value)) {
    throw NonFiniteError("loss", cat(what, ": the loss of ", loss.tokens, " tokens is ", value,
                                     "; run the step under a NanGuard to see which op made it"));
  }
  loss_ += value;
  nll_ += loss.nll;
  tokens_ += loss.tokens;
}

void UpdateAccumulator::add(const BatchLoss& loss, const std::string& what, double scale) {
  count(loss, what);
  const Tensor& y = loss.loss;
  y.backward(Tensor::full(y.shape(), scale, y.dtype(), y.device()));
}

double UpdateAccumulator::grad_scale() const {
  check<ArgumentError>(tokens_ > 0, "UpdateAccumulator", "no tokens were added to this update");
  return 1 / static_cast<double>(tokens_);
}

}  // namespace mosaic::nn
