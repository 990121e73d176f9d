// Special registers, in grids and blocks of three dimensions.
#include <cuda_runtime.h>

#include "tests/gpusim/selfcheck/buffer.h"
#include "tests/gpusim/selfcheck/case.h"

namespace gpusim::selfcheck {
namespace {

constexpr const char* family = "registers";
constexpr int words = 20;

template <int Register>
__device__ unsigned special() {
  unsigned value;
  if constexpr (Register == 0) asm volatile("mov.u32 %0, %%laneid;" : "=r"(value));
  if constexpr (Register == 1) asm volatile("mov.u32 %0, %%lanemask_eq;" : "=r"(value));
  if constexpr (Register == 2) asm volatile("mov.u32 %0, %%lanemask_lt;" : "=r"(value));
  if constexpr (Register == 3) asm volatile("mov.u32 %0, %%lanemask_le;" : "=r"(value));
  if constexpr (Register == 4) asm volatile("mov.u32 %0, %%lanemask_gt;" : "=r"(value));
  if constexpr (Register == 5) asm volatile("mov.u32 %0, %%lanemask_ge;" : "=r"(value));
  return value;
}

__global__ void coordinates(unsigned* out) {
  const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  unsigned* row = out + (block * blockDim.x * blockDim.y * blockDim.z + thread) * words;
  const unsigned values[words] = {threadIdx.x,  threadIdx.y,  threadIdx.z,  blockIdx.x,         blockIdx.y,
                                  blockIdx.z,   blockDim.x,   blockDim.y,   blockDim.z,         gridDim.x,
                                  gridDim.y,    gridDim.z,    special<0>(), special<1>(),       special<2>(),
                                  special<3>(), special<4>(), special<5>(), unsigned(warpSize), thread};
#pragma unroll
  for (int i = 0; i < words; ++i) row[i] = values[i];
}

std::string grids_and_blocks() {
  for (const auto& [grid, block] :
       {std::pair(dim3(2, 3, 4), dim3(5, 4, 3)), std::pair(dim3(3), dim3(33)),
        std::pair(dim3(1, 1, 5), dim3(1, 1, 64)), std::pair(dim3(1, 7), dim3(32, 32))}) {
    std::vector<unsigned> want;
    for (unsigned bz = 0; bz < grid.z; ++bz)
      for (unsigned by = 0; by < grid.y; ++by)
        for (unsigned bx = 0; bx < grid.x; ++bx)
          for (unsigned t = 0; t < block.x * block.y * block.z; ++t) {
            const unsigned lane = t % 32, bit = 1u << lane;
            for (const unsigned value : {t % block.x,
                                         t / block.x % block.y,
                                         t / (block.x * block.y),
                                         bx,
                                         by,
                                         bz,
                                         block.x,
                                         block.y,
                                         block.z,
                                         grid.x,
                                         grid.y,
                                         grid.z,
                                         lane,
                                         bit,
                                         bit - 1,
                                         bit | (bit - 1),
                                         ~(bit | (bit - 1)),
                                         ~(bit - 1),
                                         32u,
                                         t}) {
              want.push_back(value);
            }
          }
    Buffer<unsigned> out(want.size());
    coordinates<<<grid, block>>>(out.data());
    if (const std::string wrong = difference(out.host(), want); !wrong.empty()) return wrong;
  }
  return "";
}
KERNEL_CASE(grids_and_blocks)

__global__ void clocks(long long* out) {
  const long long first = clock64();
  unsigned id;
  asm volatile("mov.u32 %0, %%smid;" : "=r"(id));
  __syncthreads();
  out[threadIdx.x] = clock64() - first + (id < 1024 ? 0 : -1'000'000'000);
}

std::string clocks_do_not_run_backwards() {
  Buffer<long long> out(64);
  clocks<<<1, 64>>>(out.data());
  for (const long long passed : out.host()) {
    if (passed < 0) return joined({"clock64 went back by ", std::to_string(-passed)});
  }
  return "";
}
KERNEL_CASE(clocks_do_not_run_backwards)

__global__ void shared_sizes(unsigned* out) {
  __shared__ float fixed[40];
  extern __shared__ float flexible[];
  if (threadIdx.x == 0) fixed[3] = flexible[0] = 1;
  __syncthreads();
  asm volatile("mov.u32 %0, %%dynamic_smem_size;" : "=r"(out[0]));
  out[1] = fixed[3] + flexible[0];
}

std::string size_of_dynamic_shared_memory() {
  Buffer<unsigned> out(2);
  shared_sizes<<<1, 1, 272>>>(out.data());
  return difference(out.host(), {272, 2});
}
KERNEL_CASE(size_of_dynamic_shared_memory)

}  // namespace
}  // namespace gpusim::selfcheck
