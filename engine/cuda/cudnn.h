// cuDNN as a table of functions, found at run time, for convolution, average pooling and batch norm. It is
// optional: without it, or where it does not support a problem, our own kernels run.
//
// Of its two interfaces this is the classic one: a convolution is one call, with an algorithm whose
// reproducibility is documented under its name. A graph of the other interface needs a plan for every shape,
// chosen among engines that differ by device and version, some of them compiled on the spot, and several
// times the code. The classic interface is marked for removal in a version after 9, so the major version is
// checked.
#pragma once

#include <cudnn.h>

#include <mutex>
#include <optional>
#include <string>

#include "engine/core/error.h"
#include "engine/cuda/library.h"
#include "engine/cuda/recent.h"

namespace mosaic::cuda {

// F(member, function) for every function in use.
#define MOSAIC_CUDNN_FUNCTIONS(F)                                     \
  F(version, cudnnGetVersion)                                         \
  F(error_string, cudnnGetErrorString)                                \
  F(last_error_string, cudnnGetLastErrorString)                       \
  F(create, cudnnCreate)                                              \
  F(set_stream, cudnnSetStream)                                       \
  F(tensor_create, cudnnCreateTensorDescriptor)                       \
  F(tensor_set, cudnnSetTensor4dDescriptor)                           \
  F(tensor_destroy, cudnnDestroyTensorDescriptor)                     \
  F(filter_create, cudnnCreateFilterDescriptor)                       \
  F(filter_set, cudnnSetFilter4dDescriptor)                           \
  F(filter_destroy, cudnnDestroyFilterDescriptor)                     \
  F(conv_create, cudnnCreateConvolutionDescriptor)                    \
  F(conv_set, cudnnSetConvolution2dDescriptor)                        \
  F(conv_set_groups, cudnnSetConvolutionGroupCount)                   \
  F(conv_set_math, cudnnSetConvolutionMathType)                       \
  F(conv_destroy, cudnnDestroyConvolutionDescriptor)                  \
  F(conv_output, cudnnGetConvolution2dForwardOutputDim)               \
  F(forward_workspace, cudnnGetConvolutionForwardWorkspaceSize)       \
  F(forward, cudnnConvolutionForward)                                 \
  F(add, cudnnAddTensor)                                              \
  F(input_workspace, cudnnGetConvolutionBackwardDataWorkspaceSize)    \
  F(input_gradient, cudnnConvolutionBackwardData)                     \
  F(weight_workspace, cudnnGetConvolutionBackwardFilterWorkspaceSize) \
  F(weight_gradient, cudnnConvolutionBackwardFilter)                  \
  F(pool_create, cudnnCreatePoolingDescriptor)                        \
  F(pool_set, cudnnSetPooling2dDescriptor)                            \
  F(pool_destroy, cudnnDestroyPoolingDescriptor)                      \
  F(pool_output, cudnnGetPooling2dForwardOutputDim)                   \
  F(pool, cudnnPoolingForward)                                        \
  F(pool_gradient, cudnnPoolingBackward)                              \
  F(batch_norm, cudnnBatchNormalizationForwardTraining)               \
  F(batch_norm_given, cudnnBatchNormalizationForwardInference)        \
  F(batch_norm_gradient, cudnnBatchNormalizationBackward)

struct Cudnn {
#define MOSAIC_CUDNN_MEMBER(member, function) decltype(&::function) member = nullptr;
  MOSAIC_CUDNN_FUNCTIONS(MOSAIC_CUDNN_MEMBER)
#undef MOSAIC_CUDNN_MEMBER
};

// The functions of a library; BackendError when one is not there, or for another major version.
Cudnn cudnn_from(const Symbols& symbols);

// The table in use, or null: where cuDNN is not wanted, or cannot be used, which the first call says in one
// line on stderr. Without install_cudnn, the first call loads the library.
const Cudnn* cudnn();

// Takes the functions from there instead, from now on; null: from the library.
void install_cudnn(SymbolSource symbol);

// Whether cuDNN is wanted, and a new answer; at first, yes unless MOSAIC_CUDNN=0 is in the environment.
// Returns the answer before.
bool want_cudnn(bool wanted);

// The library has no way to do what was asked; ours is to be taken.
struct NotSupported {};

[[noreturn]] void throw_cudnn(const Cudnn& library, cudnnStatus_t status, const char* op,
                              const std::string& what);

// NotSupported or BackendError "[op] cuDNN refused WHAT: ..." unless the call succeeded.
template <class... Parts>
void check_cudnn(const Cudnn& library, cudnnStatus_t status, const char* op, const Parts&... what) {
  if (status != CUDNN_STATUS_SUCCESS) [[unlikely]]
    throw_cudnn(library, status, op, cat(what...));
}

// The library with its handle on the current device, whose stream it works in; for one thread at a time.
class CudnnSession {
 public:
  // Nothing where cudnn() is null.
  static std::optional<CudnnSession> begin();

  const Cudnn& library;
  cudnnHandle_t handle;
  int device;

 private:
  CudnnSession(const Cudnn& l, cudnnHandle_t h, int d, std::unique_lock<std::mutex> lock)
      : library(l), handle(h), device(d), lock_(std::move(lock)) {}
  std::unique_lock<std::mutex> lock_;
};

// What was prepared for problems of equal description, the latest used; to be used in a session.
template <class Key, class Plan>
class CudnnPlans {
 public:
  explicit CudnnPlans(size_t most) : plans_(most) {}
  // run(the plan of the key, by make() where it is not known); false when either is NotSupported, which is
  // remembered.
  template <class Make, class Run>
  bool run(const Key& key, const Make& make, const Run& run) {
    std::optional<Plan>& plan = plans_.get(key, [&make]() -> std::optional<Plan> {
      try {
        return make();
      } catch (const NotSupported&) {
        return std::nullopt;
      }
    });
    if (!plan) return false;
    try {
      run(*plan);
      return true;
    } catch (const NotSupported&) {
      plan.reset();
      return false;
    }
  }

 private:
  Recent<Key, std::optional<Plan>> plans_;
};

}  // namespace mosaic::cuda
