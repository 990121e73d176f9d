// Average pooling and batch norm of the simulator's cuDNN against plain loops in f64.
#include "tests/gpusim/cudnn_support.h"

using namespace gpusim;
using namespace gpusim::test;

namespace {

// The mean of every window, or its sum over the window's size.
Values averaged(int planes, int h, int w, int kernel, int stride, int padding, bool counts_padding,
                const Values& x) {
  Values y;
  const auto out = [&](int in) { return (in + 2 * padding - kernel) / stride + 1; };
  for (int p = 0; p < planes; ++p) {
    for (int r = 0; r < out(h); ++r) {
      for (int c = 0; c < out(w); ++c) {
        double sum = 0;
        int seen = 0;
        for (int i = 0; i < kernel * kernel; ++i) {
          const int row = r * stride - padding + i / kernel, col = c * stride - padding + i % kernel;
          if (row < 0 || row >= h || col < 0 || col >= w) continue;
          sum += x[static_cast<size_t>((p * h + row) * w + col)];
          ++seen;
        }
        y.push_back(sum / (counts_padding ? kernel * kernel : seen));
      }
    }
  }
  return y;
}

template <class T>
void compare_pooling(bool counts_padding, double tolerance) {
  const Handle handle;
  cudnnPoolingDescriptor_t pool = nullptr;
  GPUSIM_CUDNN(cudnnCreatePoolingDescriptor)(&pool);
  CHECK(GPUSIM_CUDNN(cudnnSetPooling2dDescriptor)(
            pool,
            counts_padding ? CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING
                           : CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING,
            CUDNN_PROPAGATE_NAN, 3, 3, 1, 1, 2, 2) == CUDNN_STATUS_SUCCESS);
  const Values from = some(2 * 2 * 6 * 5, 4), gradient = some(2 * 2 * 3 * 3, 5);
  Image<T> x(2, 2, 6, 5, from), y(2, 2, 3, 3, gradient), dx(2, 2, 6, 5, from);
  const Factors<T> f{T(2), T(0.5)};
  const auto pooled = [&](const Values& values) {
    return averaged(4, 6, 5, 3, 2, 1, counts_padding, values);
  };
  CHECK(GPUSIM_CUDNN(cudnnPoolingForward)(handle.handle, pool, &f.alpha, x.desc, x.device, &f.beta, y.desc,
                                          y.device) == CUDNN_STATUS_SUCCESS);
  CHECK(worst_difference(y.get(), blended(2, pooled(from), 0.5, gradient)) < tolerance);
  y.put(gradient);
  CHECK(GPUSIM_CUDNN(cudnnPoolingBackward)(handle.handle, pool, &f.alpha, y.desc, y.device, y.desc, y.device,
                                           x.desc, x.device, &f.beta, dx.desc,
                                           dx.device) == CUDNN_STATUS_SUCCESS);
  CHECK(worst_difference(dx.get(), blended(2, transposed(from.size(), gradient, pooled), 0.5, from)) <
        tolerance);
  GPUSIM_CUDNN(cudnnDestroyPoolingDescriptor)(pool);
}

constexpr double epsilon = 1e-3;

struct Moments {
  double mean = 0, squares = 0, count = 0;  // squares of the differences from the mean
};
// x {3, 2, 2, 3}
size_t norm_place(int b, int c, int i) {
  return static_cast<size_t>((b * 2 + c) * 6 + i);
}
Moments moments(const Values& x, int channel) {
  Moments m;
  for (int e = 0; e < 18; ++e) m.mean += x[norm_place(e / 6, channel, e % 6)] / 18;
  for (int e = 0; e < 18; ++e) m.squares += std::pow(x[norm_place(e / 6, channel, e % 6)] - m.mean, 2);
  m.count = 18;
  return m;
}
// x, scale and bias one after another.
Values normalised(const Values& all) {
  Values y(36);
  for (int c = 0; c < 2; ++c) {
    const Moments m = moments(all, c);
    for (int e = 0; e < 18; ++e) {
      const size_t i = norm_place(e / 6, c, e % 6);
      y[i] = (all[i] - m.mean) / std::sqrt(m.squares / m.count + epsilon) * all[36 + static_cast<size_t>(c)] +
             all[38 + static_cast<size_t>(c)];
    }
  }
  return y;
}

template <class T>
void compare_batch_norm(double tolerance) {
  const Handle handle;
  const Values all = some(40, 6), dy = some(36, 7), two = some(2, 8), before = some(36, 9);
  const Values from(all.begin(), all.begin() + 36), scales(all.begin() + 36, all.begin() + 38),
      biases(all.begin() + 38, all.end());
  Image<T> x(3, 2, 2, 3, from), y(3, 2, 2, 3), gradient(3, 2, 2, 3, dy), dx(3, 2, 2, 3, before),
      scale(1, 2, 1, 1, scales), bias(1, 2, 1, 1, biases), mean(1, 2, 1, 1, two), variance(1, 2, 1, 1, two),
      saved_mean(1, 2, 1, 1), saved_inverse(1, 2, 1, 1), dscale(1, 2, 1, 1), dbias(1, 2, 1, 1);
  const Factors<T> one{T(1), T(0)}, blend{T(2), T(0.5)};
  CHECK(GPUSIM_CUDNN(cudnnBatchNormalizationForwardTraining)(
            handle.handle, CUDNN_BATCHNORM_SPATIAL, &one.alpha, &one.beta, x.desc, x.device, y.desc, y.device,
            scale.desc, scale.device, bias.device, 0.25, mean.device, variance.device, epsilon,
            saved_mean.device, saved_inverse.device) == CUDNN_STATUS_SUCCESS);
  CHECK(worst_difference(y.get(), normalised(all)) < tolerance);
  Values means, variances, inverses;
  for (int c = 0; c < 2; ++c) {
    const Moments m = moments(from, c);
    means.push_back(0.75 * two[static_cast<size_t>(c)] + 0.25 * m.mean);
    variances.push_back(0.75 * two[static_cast<size_t>(c)] + 0.25 * m.squares / (m.count - 1));  // unbiased
    inverses.push_back(1 / std::sqrt(m.squares / m.count + epsilon));
  }
  CHECK(worst_difference(mean.get(), means) < tolerance);
  CHECK(worst_difference(variance.get(), variances) < tolerance);
  CHECK(worst_difference(saved_inverse.get(), inverses) < tolerance);

  Values expected(40);  // by differences, of dot(dy, y)
  for (size_t i = 0; i < 40; ++i) {
    const auto moved = [&](double by) {
      Values values = all;
      values[i] += by;
      const Values result = normalised(values);
      double sum = 0;
      for (size_t o = 0; o < 36; ++o) sum += result[o] * dy[o];
      return sum;
    };
    expected[i] = (8 * (moved(1e-3) - moved(-1e-3)) - (moved(2e-3) - moved(-2e-3))) / 12e-3;
  }
  const Values dx_expected(expected.begin(), expected.begin() + 36),
      dscale_expected(expected.begin() + 36, expected.begin() + 38),
      dbias_expected(expected.begin() + 38, expected.end());
  for (const bool saved : {true, false}) {
    CAPTURE(saved);
    dx.put(before);
    CHECK(GPUSIM_CUDNN(cudnnBatchNormalizationBackward)(
              handle.handle, CUDNN_BATCHNORM_SPATIAL, &blend.alpha, &blend.beta, &one.alpha, &one.beta,
              x.desc, x.device, gradient.desc, gradient.device, dx.desc, dx.device, scale.desc, scale.device,
              dscale.device, dbias.device, epsilon, saved ? saved_mean.device : nullptr,
              saved ? saved_inverse.device : nullptr) == CUDNN_STATUS_SUCCESS);
    const double near = tolerance < 1e-9 ? 1e-9 : tolerance;
    CHECK(worst_difference(dx.get(), blended(2, dx_expected, 0.5, before)) < near);
    CHECK(worst_difference(dscale.get(), dscale_expected) < near);
    CHECK(worst_difference(dbias.get(), dbias_expected) < near);
  }

  mean.put({0.5, -0.25}), variance.put({2, 0.5});
  CHECK(GPUSIM_CUDNN(cudnnBatchNormalizationForwardInference)(
            handle.handle, CUDNN_BATCHNORM_SPATIAL, &one.alpha, &one.beta, x.desc, x.device, y.desc, y.device,
            scale.desc, scale.device, bias.device, mean.device, variance.device,
            epsilon) == CUDNN_STATUS_SUCCESS);
  const Values given = y.get();
  const size_t place = norm_place(1, 1, 4);
  CHECK(given[place] ==
        doctest::Approx((from[place] + 0.25) / std::sqrt(0.5 + epsilon) * scales[1] + biases[1]));
}

}  // namespace

TEST_CASE("gpusim cuDNN: means of windows and their gradients are those of plain loops") {
  for (const bool counts_padding : {true, false}) {
    CAPTURE(counts_padding);
    compare_pooling<double>(counts_padding, 1e-14);
    compare_pooling<float>(counts_padding, 1e-6);
  }
}

TEST_CASE("gpusim cuDNN: batch norm, its statistics and gradients are those of plain loops") {
  compare_batch_norm<double>(1e-13);
  compare_batch_norm<float>(2e-6);
}

TEST_CASE("gpusim cuDNN: batch norms that do not fit are refused with the reason") {
  constexpr auto wrong = CUDNN_STATUS_BAD_PARAM, unsupported = CUDNN_STATUS_NOT_SUPPORTED;
  const Handle handle;
  Image<float> x(3, 2, 2, 3, some(36, 1)), term(1, 2, 1, 1, {1, 1}), y(3, 2, 2, 3);
  const Factors<float> f{1, 0};
  const auto norm = [&](cudnnBatchNormMode_t mode, cudnnTensorDescriptor_t channel, double eps,
                        void* variance) {
    return GPUSIM_CUDNN(cudnnBatchNormalizationForwardTraining)(
        handle.handle, mode, &f.alpha, &f.beta, x.desc, x.device, y.desc, y.device, channel, term.device,
        term.device, 1, nullptr, variance, eps, nullptr, nullptr);
  };
  CHECK(norm(CUDNN_BATCHNORM_SPATIAL, term.desc, 0, nullptr) == CUDNN_STATUS_SUCCESS);
  refused(norm(CUDNN_BATCHNORM_PER_ACTIVATION, term.desc, 0, nullptr), unsupported, "spatial");
  refused(norm(CUDNN_BATCHNORM_SPATIAL, x.desc, 0, nullptr), wrong, "{1, c, 1, 1}");
  refused(norm(CUDNN_BATCHNORM_SPATIAL, term.desc, -1, nullptr), wrong, "epsilon");
  refused(norm(CUDNN_BATCHNORM_SPATIAL, term.desc, 0, term.device), wrong, "one of two");
}
