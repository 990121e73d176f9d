// Memory of the simulated device, for tests.
#pragma once

#include <cuda_runtime_api.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/gpusim/selfcheck/number.h"

namespace gpusim::selfcheck {

inline void succeeded(cudaError_t error) {
  if (error != cudaSuccess) throw std::runtime_error(cudaGetErrorName(error));
}

template <class T>
class Buffer {
 public:
  // Never written.
  explicit Buffer(size_t size) : size_(size) {
    void* memory = nullptr;
    succeeded(cudaMalloc(&memory, size * sizeof(T)));
    data_ = static_cast<T*>(memory);
  }
  explicit Buffer(const std::vector<T>& values) : Buffer(values.size()) {
    succeeded(cudaMemcpy(data_, values.data(), size_ * sizeof(T), cudaMemcpyHostToDevice));
  }
  Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(other.size_) {}
  Buffer& operator=(Buffer&&) = delete;
  ~Buffer() { cudaFree(data_); }

  T* data() { return data_; }
  size_t size() const { return size_; }
  // When all launches are done.
  std::vector<T> host() const {
    succeeded(cudaGetLastError());
    succeeded(cudaDeviceSynchronize());
    std::vector<T> values(size_);
    succeeded(cudaMemcpy(values.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost));
    return values;
  }

 private:
  T* data_ = nullptr;
  size_t size_;
};

// The first element that differs, in words; empty when all are equal.
template <class T>
std::string difference(const std::vector<T>& got, const std::vector<T>& want) {
  for (size_t i = 0; i < want.size(); ++i) {
    if (!(got[i] == want[i])) {
      return joined(
          {"[", std::to_string(i), "] is ", std::to_string(got[i]), ", not ", std::to_string(want[i])});
    }
  }
  return "";
}

}  // namespace gpusim::selfcheck
