// What the tests of the simulator's cuDNN share: tensors on the device, and derivatives of plain functions.
#pragma once

#include <cuda_runtime_api.h>
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "tests/gpusim/cudnn.h"
#include "tests/gpusim/simulator.h"

namespace gpusim::test {

#define GPUSIM_CUDNN(name) reinterpret_cast<decltype(&::name)>(cudnn_symbol(#name))

using Values = std::vector<double>;

template <class T>
constexpr cudnnDataType_t type_of = std::is_same_v<T, double> ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT;

inline Values some(size_t count, int seed) {
  Values values(count);
  for (size_t i = 0; i < count; ++i) {
    values[i] = static_cast<double>((i * 37 + static_cast<size_t>(seed) * 11) % 19) / 8 - 1;
  }
  return values;
}

inline double worst_difference(const Values& a, const Values& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double d = std::abs(a[i] - b[i]) / (1 + std::abs(b[i]));
    worst = d <= worst ? worst : d;  // a NaN is the worst
  }
  return worst;
}

// A tensor {n, c, h, w} on the device, with its descriptor.
template <class T>
struct Image {
  int n, c, h, w;
  T* device = nullptr;
  cudnnTensorDescriptor_t desc = nullptr;
  Image(int n_, int c_, int h_, int w_) : n(n_), c(c_), h(h_), w(w_) {
    REQUIRE(cudaMalloc(reinterpret_cast<void**>(&device), bytes()) == cudaSuccess);
    CHECK(GPUSIM_CUDNN(cudnnCreateTensorDescriptor)(&desc) == CUDNN_STATUS_SUCCESS);
    CHECK(GPUSIM_CUDNN(cudnnSetTensor4dDescriptor)(desc, CUDNN_TENSOR_NCHW, type_of<T>, n, c, h, w) ==
          CUDNN_STATUS_SUCCESS);
  }
  Image(int n_, int c_, int h_, int w_, const Values& values) : Image(n_, c_, h_, w_) { put(values); }
  Image(const Image&) = delete;
  ~Image() {
    GPUSIM_CUDNN(cudnnDestroyTensorDescriptor)(desc);
    cudaFree(device);
  }
  size_t size() const { return static_cast<size_t>(n) * static_cast<size_t>(c * h * w); }
  size_t bytes() const { return size() * sizeof(T); }
  void put(const Values& values) {
    const std::vector<T> host(values.begin(), values.end());
    REQUIRE(host.size() == size());
    REQUIRE(cudaMemcpy(device, host.data(), bytes(), cudaMemcpyHostToDevice) == cudaSuccess);
  }
  Values get() const {
    std::vector<T> host(size());
    REQUIRE(cudaMemcpy(host.data(), device, bytes(), cudaMemcpyDeviceToHost) == cudaSuccess);
    return {host.begin(), host.end()};
  }
};

struct Handle {
  cudnnHandle_t handle = nullptr;
  Handle() { CHECK(GPUSIM_CUDNN(cudnnCreate)(&handle) == CUDNN_STATUS_SUCCESS); }
  Handle(const Handle&) = delete;
  ~Handle() { GPUSIM_CUDNN(cudnnDestroy)(handle); }
};

// alpha and beta as a call on tensors of T takes them.
template <class T>
struct Factors {
  T alpha, beta;
};

// The gradient of dot(dy, f(.)) of a linear f.
inline Values transposed(size_t inputs, const Values& dy, const std::function<Values(const Values&)>& f) {
  Values gradient(inputs, 0);
  for (size_t i = 0; i < inputs; ++i) {
    Values unit(inputs, 0);
    unit[i] = 1;
    const Values y = f(unit);
    for (size_t o = 0; o < y.size(); ++o) gradient[i] += y[o] * dy[o];
  }
  return gradient;
}

inline Values blended(double alpha, const Values& value, double beta, const Values& before) {
  Values result(value.size());
  for (size_t i = 0; i < result.size(); ++i) result[i] = alpha * value[i] + beta * before[i];
  return result;
}

inline void refused(cudnnStatus_t status, cudnnStatus_t as, const char* why) {
  CHECK(status == as);
  CAPTURE(cudnn_refusal());
  CHECK(cudnn_refusal().find(why) != std::string::npos);
}

}  // namespace gpusim::test
