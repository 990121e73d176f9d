// What cuDNN is told of our problems. Every description owns its descriptors; NotSupported for sizes beyond
// the library's integers.
#pragma once

#include <iosfwd>
#include <memory>

#include "engine/cuda/cudnn.h"
#include "engine/kernels/conv.h"
#include "engine/kernels/pool.h"

namespace mosaic::kernels {

// "x {2, 3, 7, 6}, weight {4, 3, 3, 2}, ..." for errors.
std::ostream& operator<<(std::ostream& out, const ConvShape& shape);
std::ostream& operator<<(std::ostream& out, const PoolShape& shape);

}  // namespace mosaic::kernels

namespace mosaic::cuda {

template <class Struct>
using CudnnOwned = std::unique_ptr<Struct, cudnnStatus_t (*)(Struct*)>;
using CudnnTensor = CudnnOwned<cudnnTensorStruct>;

// A dense tensor {n, c, h, w}.
CudnnTensor cudnn_tensor(const Cudnn& library, DType dtype, int64_t n, int64_t c, int64_t h, int64_t w);

struct CudnnConv {
  CudnnTensor x, y, bias;
  CudnnOwned<cudnnFilterStruct> weight;
  CudnnOwned<cudnnConvolutionStruct> windows;
};
// f32 is multiplied in f32, not in TF32.
CudnnConv describe(const Cudnn& library, const kernels::ConvShape& shape);

struct CudnnPool {
  CudnnTensor x, y;
  CudnnOwned<cudnnPoolingStruct> windows;
};
CudnnPool describe(const Cudnn& library, const kernels::PoolShape& shape, cudnnPoolingMode_t mode);

// The factors of every call, of the type that the library expects beside tensors of `dtype`.
const void* cudnn_one(DType dtype);
const void* cudnn_zero(DType dtype);

}  // namespace mosaic::cuda
