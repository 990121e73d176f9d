#include "nn/layers/batch_norm.h"

#include "engine/ops/norm.h"
#include "engine/ops/ops.h"

namespace mosaic::nn {

BatchNorm::BatchNorm(const char* kind, int least, int most, const Options& options)
    : kind_(kind), least_(least), most_(most), options_(options) {
  check<ArgumentError>(options.channels > 0, kind, "channels must be positive, got ", options.channels);
  check<ArgumentError>(options.momentum >= 0 && options.momentum <= 1, kind,
                       "momentum must be in [0, 1], got ", options.momentum);
}

Tensor BatchNorm::forward(const Tensor& x, const Context& context) const {
  check<ShapeError>(x.rank() >= least_ && x.rank() <= most_ && x.dim(1) == options_.channels, kind_, "of ",
                    options_.channels, " channels is given ", x.shape());
  if (!context.training) {
    return batch_norm(x, weight_, bias_, running_mean_, running_variance_, options_.eps);
  }
  const int64_t n = x.numel() / options_.channels;
  check<ShapeError>(n > 1, kind_, "needs at least two elements a channel in training, got ", x.shape());
  const BatchNormResult result = batch_norm(x, weight_, bias_, options_.eps);
  const double keep = 1 - options_.momentum, unbiased = static_cast<double>(n) / static_cast<double>(n - 1);
  scale_(running_mean_, keep);
  add_(running_mean_, result.mean, options_.momentum);
  scale_(running_variance_, keep);
  add_(running_variance_, result.variance, options_.momentum * unbiased);
  return result.y;
}

void BatchNorm::visit(Visitor& v) {
  const Shape shape{options_.channels};
  if (options_.affine) {
    v.parameter("weight", weight_, shape, Init::ones());
    v.parameter("bias", bias_, shape, Init::zeros());
  }
  v.buffer("running_mean", running_mean_, shape, Init::zeros());
  v.buffer("running_var", running_variance_, shape, Init::ones());
}

}  // namespace mosaic::nn
