#include "engine/cuda/probe.h"

#include "engine/cuda/launch.cuh"

namespace mosaic::kernels::gpu {
namespace {
struct Nothing {
  __device__ void operator()(int64_t) const {}
};
}  // namespace
}  // namespace mosaic::kernels::gpu

namespace mosaic::cuda {

cudaError_t probe() {
  kernels::gpu::each_kernel<<<1, kernels::gpu::threads_per_block>>>(1, kernels::gpu::Nothing{});
  const cudaError_t launched = cudaGetLastError();
  return launched == cudaSuccess ? cudaDeviceSynchronize() : launched;
}

cudaError_t probe_code(int& machine, int& ptx) {
  cudaFuncAttributes attributes{};
  const cudaError_t error =
      cudaFuncGetAttributes(&attributes, kernels::gpu::each_kernel<kernels::gpu::Nothing>);
  machine = attributes.binaryVersion;
  ptx = attributes.ptxVersion;
  return error;
}

}  // namespace mosaic::cuda
