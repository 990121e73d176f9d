// Random tensors and dropout. Element i is word i % 4 of Philox block counter + i / 4 on every device.
#include "engine/autograd/node.h"
#include "engine/kernels/kernels.h"
#include "engine/ops/check.h"
#include "engine/ops/half.h"
#include "engine/ops/ops.h"

namespace mosaic {
namespace {

void run_dropout(PhiloxKey key, double p, const Tensor& x, const Tensor& y, bool accumulate) {
  kernels::random_kernels(x.device())
      .dropout({.dtype = x.dtype(),
                .key = key,
                .threshold = static_cast<uint32_t>(p * 0x1p32),
                .scale = 1 / (1 - p),
                .n = x.numel(),
                .accumulate = accumulate,
                .x = x.raw(),
                .y = y.raw()});
}

}  // namespace

Tensor uniform(const Shape& shape, double low, double high, Generator& rng, DType dtype, Device device) {
  check<DtypeError>(is_float(dtype), "uniform", "needs a float dtype, got ", dtype);
  check(low <= high, "uniform", "needs low <= high, got ", low, " and ", high);
  if (is_half(dtype)) return uniform(shape, low, high, rng, f32, device).to(dtype);
  const Tensor y = Tensor::empty(shape, dtype, device);
  const PhiloxKey key = rng.reserve(y.numel());
  kernels::random_kernels(y.device())
      .uniform({.dtype = dtype, .key = key, .low = low, .high = high, .n = y.numel(), .y = y.raw()});
  return y;
}

Tensor normal(const Shape& shape, double mean, double deviation, Generator& rng, DType dtype, Device device) {
  check<DtypeError>(is_float(dtype), "normal", "needs a float dtype, got ", dtype);
  check(deviation >= 0, "normal", "needs a deviation >= 0, got ", deviation);
  if (is_half(dtype)) return normal(shape, mean, deviation, rng, f32, device).to(dtype);
  const Tensor y = Tensor::empty(shape, dtype, device);
  const PhiloxKey key = rng.reserve(y.numel());
  kernels::random_kernels(y.device())
      .normal(
          {.dtype = dtype, .key = key, .mean = mean, .deviation = deviation, .n = y.numel(), .y = y.raw()});
  return y;
}

Tensor dropout(const Tensor& x, double p, Generator& rng) {
  check_float("dropout", {&x});
  check(p >= 0 && p < 1, "dropout", "probability must lie in [0, 1), got ", p);
  if (p == 0) return x;
  if (half_in_f32(x)) return dropout(widened(x), p, rng).to(x.dtype());
  const Tensor y = empty_like(x);
  const PhiloxKey key = rng.reserve(x.numel());
  run_dropout(key, p, x.detach().dense(), y, false);
  return record({.op = "dropout",
                 .inputs = {x},
                 .saved = {},
                 .backward =
                     [key, p](const Back& b) {
                       if (!b.sink.wants(0)) return;
                       const Tensor dy = b.dy.dense();
                       const auto [dx, accumulate] = b.sink.target(0);
                       if (dx.is_dense()) return run_dropout(key, p, dy, dx, accumulate);
                       const Tensor g = empty_like(dy);
                       run_dropout(key, p, dy, g, false);
                       accumulate ? add_(dx, g) : copy_(dx, g);
                     }},
                y);
}

}  // namespace mosaic
