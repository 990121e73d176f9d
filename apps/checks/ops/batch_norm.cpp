// Batch norm against its definition, with the batch's statistics and with given ones.
#include "apps/checks/tables.h"

namespace mosaic::checks {
namespace {

// {channels, everything else} of x {batch, channels, ...}.
Tensor by_channel(const Tensor& x) {
  return reshape(transpose(reshape(x, {x.dim(0), x.dim(1), x.numel() / (x.dim(0) * x.dim(1))}), 0, 1),
                 {x.dim(1), -1});
}
// Back to the shape of x.
Tensor by_batch(const Tensor& rows, const Tensor& x) {
  return reshape(transpose(reshape(rows, {x.dim(1), x.dim(0), x.numel() / (x.dim(0) * x.dim(1))}), 0, 1),
                 x.shape());
}
Tensor scaled(const Tensor& rows, const Tensor& mean, const Tensor& variance, const Tensors& t) {
  const Tensor xhat = (rows - mean) * rsqrt(variance + 1e-5);
  return t.size() < 3 ? xhat : xhat * unsqueeze(t[1], 1) + unsqueeze(t[2], 1);
}

// Inputs: x, or x, gamma and beta.
OpCase own(const char* name, const Shape& x, bool affine = true) {
  OpCase c{.name = name, .inputs = {x}, .run = {}};
  if (affine) c.inputs = {x, {x[1]}, {x[1]}};
  c.run = [](const Tensors& t) {
    return t.size() < 3 ? batch_norm(t[0], {}, {}).y : batch_norm(t[0], t[1], t[2]).y;
  };
  c.composed = [](const Tensors& t) {
    const Tensor rows = by_channel(t[0]), centre = mean(rows, 1, true);
    return by_batch(scaled(rows, centre, mean(square(rows - centre), 1, true), t), t[0]);
  };
  c.f32_tolerance = 1e-4;
  return c;
}

Tensor statistic(int64_t channels, double start, DType dtype, Device device) {
  std::vector<double> values;
  for (int64_t c = 0; c < channels; ++c) values.push_back(start + 0.25 * static_cast<double>(c));
  return Tensor::from(values, {channels}).to(dtype).to(device);
}
OpCase given(const char* name, const Shape& x, bool affine = true) {
  OpCase c = own(name, x, affine);
  c.run = [](const Tensors& t) {
    const Tensor mean = statistic(t[0].dim(1), -0.5, t[0].dtype(), t[0].device()),
                 variance = statistic(t[0].dim(1), 0.5, t[0].dtype(), t[0].device());
    return t.size() < 3 ? batch_norm(t[0], {}, {}, mean, variance)
                        : batch_norm(t[0], t[1], t[2], mean, variance);
  };
  c.composed = [](const Tensors& t) {
    const int64_t channels = t[0].dim(1);
    return by_batch(scaled(by_channel(t[0]), unsqueeze(statistic(channels, -0.5, f64, cpu()), 1),
                           unsqueeze(statistic(channels, 0.5, f64, cpu()), 1), t),
                    t[0]);
  };
  if (Shape(x).numel() == 0) c.composed = {};
  return c;
}

}  // namespace

std::vector<OpCase> batch_norm_cases() {
  std::vector<OpCase> cases{
      own("batch_norm/features", {33, 5}),       own("batch_norm/sequences", {3, 4, 7}),
      own("batch_norm/images", {3, 4, 5, 6}),    own("batch_norm/images of one element", {9, 4, 1, 1}),
      own("batch_norm/one image", {1, 3, 5, 5}), own("batch_norm/without gamma and beta", {5, 3, 4}, false),
  };
  for (const int64_t n : {2, 31, 77}) {
    cases.push_back(own("", {2, 3, n}));
    cases.back().name = cat("batch_norm/", n);
  }
  return cases;
}

std::vector<OpCase> given_batch_norm_cases() {
  return {
      given("batch_norm/given, features", {33, 5}),
      given("batch_norm/given, images", {3, 4, 5, 6}),
      given("batch_norm/given, one element", {1, 4}),
      given("batch_norm/given, without gamma and beta", {5, 3, 4}, false),
      given("batch_norm/given, empty", {0, 3, 4}),
  };
}

}  // namespace mosaic::checks
