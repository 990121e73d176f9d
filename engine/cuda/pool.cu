#include "engine/cuda/cudnn_layers.h"
#include "engine/cuda/families.h"
#include "engine/cuda/launch.cuh"
#include "engine/cuda/pool_tiles.cuh"
#include "engine/kernels/pool_on.h"

namespace mosaic::kernels::gpu {
namespace {

// Means by cuDNN where it has them.
struct CudaPool final : Pool {
  void max_pool(const MaxPoolArgs& a) const override {
    if (!for_tiles<MaxPoolTile>(a, a.shape, a.x)) own.max_pool(a);
  }
  void max_pool_back(const MaxPoolBackArgs& a) const override {
    if (!for_tiles<MaxPoolBackTile>(a, a.shape, a.dx)) own.max_pool_back(a);
  }
  void average_pool(const AveragePoolArgs& a) const override {
    if (cuda::cudnn_average_pool(a) || for_tiles<AveragePoolTile>(a, a.shape, a.from)) return;
    own.average_pool(a);
  }
  void average_pool_back(const AveragePoolArgs& a) const override {
    if (cuda::cudnn_average_pool_back(a) || for_tiles<AveragePoolBackTile>(a, a.shape, a.to)) return;
    own.average_pool_back(a);
  }
  PoolOn<CudaLaunch> own;
};

}  // namespace

const Pool& pool() {
  static constexpr CudaPool kernels;
  return kernels;
}

}  // namespace mosaic::kernels::gpu
