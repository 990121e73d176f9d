// The simulator's cuDNN: what it tells tests beside cuDNN's own interface, and its parts. Of the classic
// interface it has dense f32 and f64 images, and of the algorithms those of reproducible matrix products.
#pragma once

#include <cudnn.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace gpusim {

// Descriptors and handles that were made and not destroyed.
size_t cudnn_objects();
// Computations that were accepted since the program began.
uint64_t cudnn_calls();
// Why this thread's last call was refused.
const std::string& cudnn_refusal();

namespace dnn {

// {n, c, h, w}, dense.
struct Tensor {
  int type = -1;
  int n = 0, c = 0, h = 0, w = 0;
  bool is_set() const { return type >= 0; }
  size_t elements() const;
  size_t bytes() const;
  bool operator==(const Tensor&) const = default;
};
struct Filter : Tensor {};  // {outputs, channels of a group, rows, columns}

struct Convolution {
  int type = -1;  // that of the sums
  int pad_h = 0, pad_w = 0, stride_h = 1, stride_w = 1, dilation_h = 1, dilation_w = 1, groups = 1;
  int mode = CUDNN_CROSS_CORRELATION, math = CUDNN_DEFAULT_MATH;
  bool is_set() const { return type >= 0; }
};

struct Pooling {
  int mode = -1;
  int high = 0, wide = 0, pad_h = 0, pad_w = 0, stride_h = 1, stride_w = 1;
  bool is_set() const { return mode >= 0; }
};

struct Context {
  cudaStream_t stream = nullptr;
};

// Keep the reason for cudnn_refusal, and with CUDNN_LOGLEVEL_DBG of 1 or more print it.
cudnnStatus_t bad(const std::string& why, cudnnStatus_t status = CUDNN_STATUS_BAD_PARAM);
cudnnStatus_t unsupported(const std::string& why);

// Images that pooling and batch norm by given statistics take at once, which no documentation says.
constexpr int most_images = 65535;

// Null for what was not made, or was destroyed, or (but for contexts) has no values yet.
const Tensor* find(cudnnTensorDescriptor_t tensor);
const Filter* find(cudnnFilterDescriptor_t filter);
const Convolution* find(cudnnConvolutionDescriptor_t convolution);
const Pooling* find(cudnnPoolingDescriptor_t pooling);
const Context* find(cudnnHandle_t handle);

// The output's rows and columns; refused when windows do not fit or channels are not those of the filter.
cudnnStatus_t output_size(const Convolution& c, const Tensor& x, const Filter& w, Tensor& y);
cudnnStatus_t output_size(const Pooling& p, const Tensor& x, Tensor& y);

// The factor of a call on tensors of the type.
double factor(const void* value, int type);

// f(float()) or f(double()).
template <class F>
void visit(int type, const F& f) {
  type == CUDNN_DATA_DOUBLE ? f(double()) : f(float());
}

struct Operand {
  std::string name;
  const void* data;
  size_t bytes;
  bool read, written = false;
};
// `work` in the order of the handle's stream. When its turn comes the operands have to lie in live memory,
// what is read has to be written and not to be where results go.
cudnnStatus_t queue(const char* function, cudnnHandle_t handle, std::vector<Operand> operands,
                    std::function<void()> work);

// Parts of the table of functions.
void* descriptor_symbol(const char* name);
void* conv_symbol(const char* name);
void* pool_symbol(const char* name);
void* batch_norm_symbol(const char* name);

}  // namespace dnn
}  // namespace gpusim
