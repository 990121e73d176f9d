// cuDNN's batch norm over the elements of a channel ("spatial"). Sums are in f64.
#include <cmath>
#include <map>

#include "tests/gpusim/cudnn.h"

namespace gpusim::dnn {
namespace {

// x, a gradient or a result {n, c, h, w}, and {1, c, 1, 1} for everything that is one a channel.
cudnnStatus_t check_norm(cudnnBatchNormMode_t mode, std::initializer_list<cudnnTensorDescriptor_t> images,
                         cudnnTensorDescriptor_t channel, double epsilon, Tensor& x) {
  if (mode < CUDNN_BATCHNORM_PER_ACTIVATION || mode > CUDNN_BATCHNORM_SPATIAL_PERSISTENT) {
    return bad("no such mode");
  }
  if (mode != CUDNN_BATCHNORM_SPATIAL) return unsupported("only the spatial mode is simulated");
  const Tensor* first = find(*images.begin());
  const Tensor* terms = find(channel);
  if (!first || !terms) return bad("a descriptor is not there, or not set");
  x = *first;
  for (const auto image : images) {
    const Tensor* t = find(image);
    if (!t || !(*t == x)) return bad("images are not of one size and type");
  }
  if (x.type != CUDNN_DATA_FLOAT && x.type != CUDNN_DATA_DOUBLE) {
    return unsupported("only f32 and f64 are simulated");
  }
  if (!(*terms == Tensor{x.type, 1, x.c, 1, 1})) return bad("the terms of channels are not {1, c, 1, 1}");
  return epsilon >= CUDNN_BN_MIN_EPSILON ? CUDNN_STATUS_SUCCESS : bad("epsilon is too small");
}

// f(place) for every element of a channel.
template <class F>
void each_element(const Tensor& x, int channel, const F& f) {
  const auto size = static_cast<size_t>(x.h) * static_cast<size_t>(x.w);
  for (int n = 0; n < x.n; ++n) {
    const size_t first =
        (static_cast<size_t>(n) * static_cast<size_t>(x.c) + static_cast<size_t>(channel)) * size;
    for (size_t i = 0; i < size; ++i) f(first + i);
  }
}
double count_of(const Tensor& x) {
  return static_cast<double>(x.n) * x.h * x.w;
}

template <class T>
void blend(T* to, double alpha, double value, double beta) {
  *to = static_cast<T>(beta != 0 ? alpha * value + beta * static_cast<double>(*to) : alpha * value);
}

struct Forward {
  Tensor t;
  const void *x, *scale, *bias;
  void* y;
  double alpha, beta, epsilon;
};

template <class T>
void normalise(const Forward& f, int channel, double mean, double variance) {
  const auto c = static_cast<size_t>(channel);
  const auto scale = static_cast<double>(static_cast<const T*>(f.scale)[c]),
             bias = static_cast<double>(static_cast<const T*>(f.bias)[c]);
  const double inverse = 1 / std::sqrt(variance + f.epsilon);
  each_element(f.t, channel, [&](size_t i) {
    const auto value = static_cast<double>(static_cast<const T*>(f.x)[i]);
    blend(static_cast<T*>(f.y) + i, f.alpha, (value - mean) * inverse * scale + bias, f.beta);
  });
}

std::vector<Operand> operands_of(const Forward& f) {
  const size_t channel = f.t.bytes() / f.t.elements() * static_cast<size_t>(f.t.c);
  return {{"x", f.x, f.t.bytes(), true},
          {"y", f.y, f.t.bytes(), f.beta != 0, true},
          {"the scale", f.scale, channel, true},
          {"the bias", f.bias, channel, true}};
}

struct Statistics {
  double factor;
  void *running_mean, *running_variance, *mean, *inverse;  // null: not wanted
};

template <class T>
void train(const Forward& f, const Statistics& s) {
  const double n = count_of(f.t);
  for (int channel = 0; channel < f.t.c; ++channel) {
    double sum = 0, squares = 0;
    each_element(f.t, channel, [&](size_t i) { sum += static_cast<double>(static_cast<const T*>(f.x)[i]); });
    const double mean = sum / n;
    each_element(f.t, channel, [&](size_t i) {
      const double d = static_cast<double>(static_cast<const T*>(f.x)[i]) - mean;
      squares += d * d;
    });
    normalise<T>(f, channel, mean, squares / n);
    const auto move = [&](void* running, double value) {  // what was there is read whatever the factor
      T& to = static_cast<T*>(running)[channel];
      to = static_cast<T>(value * s.factor + static_cast<double>(to) * (1 - s.factor));
    };
    if (s.running_mean) move(s.running_mean, mean), move(s.running_variance, squares / (n - 1));
    if (!s.mean) continue;
    static_cast<T*>(s.mean)[channel] = static_cast<T>(mean);
    static_cast<T*>(s.inverse)[channel] = static_cast<T>(1 / std::sqrt(squares / n + f.epsilon));
  }
}

cudnnStatus_t forward_training(cudnnHandle_t handle, cudnnBatchNormMode_t mode, const void* alpha,
                               const void* beta, cudnnTensorDescriptor_t x_desc, const void* x,
                               cudnnTensorDescriptor_t y_desc, void* y, cudnnTensorDescriptor_t channel_desc,
                               const void* scale, const void* bias, double average_factor, void* running_mean,
                               void* running_variance, double epsilon, void* saved_mean,
                               void* saved_inverse) {
  Tensor t;
  const cudnnStatus_t status = check_norm(mode, {x_desc, y_desc}, channel_desc, epsilon, t);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  if (!alpha || !beta) return bad("a factor is null");
  if (!running_mean != !running_variance || !saved_mean != !saved_inverse) {
    return bad("one of two statistics is null");
  }
  const Forward f{t, x, scale, bias, y, factor(alpha, t.type), factor(beta, t.type), epsilon};
  const Statistics s{average_factor, running_mean, running_variance, saved_mean, saved_inverse};
  std::vector<Operand> operands = operands_of(f);
  const size_t channel = operands.back().bytes;
  if (running_mean) {
    operands.push_back({"the running mean", running_mean, channel, true, true});
    operands.push_back({"the running variance", running_variance, channel, true, true});
  }
  if (saved_mean) {
    operands.push_back({"the saved mean", saved_mean, channel, false, true});
    operands.push_back({"the saved inverse", saved_inverse, channel, false, true});
  }
  return queue("cudnnBatchNormalizationForwardTraining", handle, operands,
               [f, s] { visit(f.t.type, [&](auto v) { train<decltype(v)>(f, s); }); });
}

cudnnStatus_t forward_inference(cudnnHandle_t handle, cudnnBatchNormMode_t mode, const void* alpha,
                                const void* beta, cudnnTensorDescriptor_t x_desc, const void* x,
                                cudnnTensorDescriptor_t y_desc, void* y, cudnnTensorDescriptor_t channel_desc,
                                const void* scale, const void* bias, const void* mean, const void* variance,
                                double epsilon) {
  Tensor t;
  const cudnnStatus_t status = check_norm(mode, {x_desc, y_desc}, channel_desc, epsilon, t);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  if (t.n > most_images) return unsupported("there are more than 65535 images");
  if (!alpha || !beta) return bad("a factor is null");
  const Forward f{t, x, scale, bias, y, factor(alpha, t.type), factor(beta, t.type), epsilon};
  std::vector<Operand> operands = operands_of(f);
  const size_t channel = operands.back().bytes;
  operands.push_back({"the mean", mean, channel, true});
  operands.push_back({"the variance", variance, channel, true});
  return queue("cudnnBatchNormalizationForwardInference", handle, operands, [f, mean, variance] {
    visit(f.t.type, [&](auto v) {
      using T = decltype(v);
      for (int c = 0; c < f.t.c; ++c) {
        normalise<T>(f, c, static_cast<double>(static_cast<const T*>(mean)[c]),
                     static_cast<double>(static_cast<const T*>(variance)[c]));
      }
    });
  });
}

struct Backward {
  Tensor t;
  const void *x, *dy, *scale, *mean, *inverse;  // mean and inverse null: to be taken from x again
  void *dx, *dscale, *dbias;
  double alpha, beta, alpha_terms, beta_terms, epsilon;
};

template <class T>
void differentiate(const Backward& b) {
  const double n = count_of(b.t);
  const T *x = static_cast<const T*>(b.x), *dy = static_cast<const T*>(b.dy);
  for (int c = 0; c < b.t.c; ++c) {
    double mean = 0, inverse = 0, dscale = 0, dbias = 0;
    if (b.mean) {
      mean = static_cast<double>(static_cast<const T*>(b.mean)[c]);
      inverse = static_cast<double>(static_cast<const T*>(b.inverse)[c]);
    } else {
      double squares = 0;
      each_element(b.t, c, [&](size_t i) { mean += static_cast<double>(x[i]) / n; });
      each_element(b.t, c, [&](size_t i) { squares += std::pow(static_cast<double>(x[i]) - mean, 2); });
      inverse = 1 / std::sqrt(squares / n + b.epsilon);
    }
    const auto xhat = [&](size_t i) { return (static_cast<double>(x[i]) - mean) * inverse; };
    each_element(b.t, c, [&](size_t i) {
      dbias += static_cast<double>(dy[i]);
      dscale += static_cast<double>(dy[i]) * xhat(i);
    });
    const double scale = static_cast<double>(static_cast<const T*>(b.scale)[c]) * inverse;
    each_element(b.t, c, [&](size_t i) {
      const double value = scale * (static_cast<double>(dy[i]) - dbias / n - xhat(i) * dscale / n);
      blend(static_cast<T*>(b.dx) + i, b.alpha, value, b.beta);
    });
    blend(static_cast<T*>(b.dscale) + c, b.alpha_terms, dscale, b.beta_terms);
    blend(static_cast<T*>(b.dbias) + c, b.alpha_terms, dbias, b.beta_terms);
  }
}

cudnnStatus_t backward(cudnnHandle_t handle, cudnnBatchNormMode_t mode, const void* alpha, const void* beta,
                       const void* alpha_terms, const void* beta_terms, cudnnTensorDescriptor_t x_desc,
                       const void* x, cudnnTensorDescriptor_t dy_desc, const void* dy,
                       cudnnTensorDescriptor_t dx_desc, void* dx, cudnnTensorDescriptor_t channel_desc,
                       const void* scale, void* dscale, void* dbias, double epsilon, const void* mean,
                       const void* inverse) {
  Tensor t;
  const cudnnStatus_t status = check_norm(mode, {x_desc, dy_desc, dx_desc}, channel_desc, epsilon, t);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  if (!alpha || !beta || !alpha_terms || !beta_terms) return bad("a factor is null");
  if (!mean != !inverse) return bad("one of two statistics is null");
  const Backward b{t,
                   x,
                   dy,
                   scale,
                   mean,
                   inverse,
                   dx,
                   dscale,
                   dbias,
                   factor(alpha, t.type),
                   factor(beta, t.type),
                   factor(alpha_terms, t.type),
                   factor(beta_terms, t.type),
                   epsilon};
  const size_t channel = t.bytes() / t.elements() * static_cast<size_t>(t.c);
  std::vector<Operand> operands{{"x", x, t.bytes(), true},
                                {"dy", dy, t.bytes(), true},
                                {"dx", dx, t.bytes(), b.beta != 0, true},
                                {"the scale", scale, channel, true},
                                {"the scale's gradient", dscale, channel, b.beta_terms != 0, true},
                                {"the bias' gradient", dbias, channel, b.beta_terms != 0, true}};
  if (mean) {
    operands.push_back({"the saved mean", mean, channel, true});
    operands.push_back({"the saved inverse", inverse, channel, true});
  }
  return queue("cudnnBatchNormalizationBackward", handle, operands,
               [b] { visit(b.t.type, [&](auto v) { differentiate<decltype(v)>(b); }); });
}

}  // namespace

void* batch_norm_symbol(const char* name) {
  static const std::map<std::string, void*> functions{
      {"cudnnBatchNormalizationForwardTraining", reinterpret_cast<void*>(forward_training)},
      {"cudnnBatchNormalizationForwardInference", reinterpret_cast<void*>(forward_inference)},
      {"cudnnBatchNormalizationBackward", reinterpret_cast<void*>(backward)},
  };
  const auto found = functions.find(name);
  return found == functions.end() ? nullptr : found->second;
}

}  // namespace gpusim::dnn
