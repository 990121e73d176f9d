#include "engine/cuda/cudnn_layers.h"
#include "engine/cuda/families.h"
#include "engine/cuda/launch.cuh"
#include "engine/kernels/pool_on.h"

namespace mosaic::kernels::gpu {
namespace {

// Means by cuDNN where it has them.
struct CudaPool final : Pool {
  void max_pool(const MaxPoolArgs& a) const override { own.max_pool(a); }
  void max_pool_back(const MaxPoolBackArgs& a) const override { own.max_pool_back(a); }
  void average_pool(const AveragePoolArgs& a) const override {
    if (!cuda::cudnn_average_pool(a)) own.average_pool(a);
  }
  void average_pool_back(const AveragePoolArgs& a) const override {
    if (!cuda::cudnn_average_pool_back(a)) own.average_pool_back(a);
  }
  PoolOn<CudaLaunch> own;
};

}  // namespace

const Pool& pool() {
  static constexpr CudaPool kernels;
  return kernels;
}

}  // namespace mosaic::kernels::gpu
