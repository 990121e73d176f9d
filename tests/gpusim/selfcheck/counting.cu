// Eight warps in four blocks walk through global memory, or one warp through shared memory.
#include <cuda_runtime.h>

#include <cstdint>

#include "tests/gpusim/selfcheck/buffer.h"
#include "tests/gpusim/selfcheck/counting.h"

namespace gpusim::selfcheck {
namespace {

constexpr int blocks = 4, threads = 64, total = blocks * threads;

__device__ int index() {
  return static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
}

__global__ void count_dense(const float* x, float* y) {
  y[index()] = x[index()];
}
__global__ void count_shifted(const float* x, float* y) {
  y[index()] = x[index() + 1];
}
__global__ void count_strided(const float* x, float* y) {
  y[index()] = x[index() * 32];
}
__global__ void count_same(const float* x, float* y) {
  y[index()] = x[0];
}
__global__ void count_even(const float* x, float* y) {
  if (index() % 2 == 0) y[index()] = x[index()];
}
__global__ void count_twice(const float* x, float* y) {
  const volatile float* again = x;
  y[index()] = again[index()] + again[index()];
}
__global__ void count_in_place(const float*, float* y) {
  y[index()] += 1;
}
__global__ void count_quads(const float* x, float* y) {
  reinterpret_cast<float4*>(y)[index()] = reinterpret_cast<const float4*>(x)[index()];
}
__global__ void count_bytes(const float* x, float* y) {
  reinterpret_cast<uint8_t*>(y)[index()] = reinterpret_cast<const uint8_t*>(x)[index()];
}
__global__ void count_local(const float* x, float* y) {
  volatile float own[4];
  const int at = index() % 4;
  own[at] = x[index()];
  y[index()] = own[at];
}

template <void kernel(const float*, float*)>
void over_global() {
  Buffer<float> x(std::vector<float>(total * 32, 1.0f)), y(std::vector<float>(total * 32, 1.0f));
  kernel<<<blocks, threads>>>(x.data(), y.data());
  y.host();
}

template <int stride>
__global__ void count_bank(float* y) {
  extern __shared__ volatile float cells[];
  cells[threadIdx.x * stride] = 1;
  __syncwarp();
  y[threadIdx.x] = cells[threadIdx.x * stride];
}
__global__ void count_broadcast(float* y) {
  __shared__ volatile float cell;
  if (threadIdx.x == 0) cell = 1;
  __syncwarp();
  y[threadIdx.x] = cell;
}
__global__ void count_narrow(float* y) {
  __shared__ volatile uint8_t cells[32];
  cells[threadIdx.x] = 1;
  __syncwarp();
  y[threadIdx.x] = cells[threadIdx.x];
}

template <void kernel(float*)>
void over_shared() {
  Buffer<float> y(32);
  kernel<<<1, 32, 33 * 32 * sizeof(float)>>>(y.data());
  y.host();
}

template <int additions>
__global__ void count_additions(unsigned* y) {
  unsigned x = threadIdx.x;
#pragma unroll
  for (int i = 0; i < additions; ++i) asm volatile("add.u32 %0, %0, 3;" : "+r"(x));
  y[threadIdx.x] = x;
}

Counters global(uint64_t requests, uint64_t sectors, uint64_t bytes, uint64_t touched, uint64_t local = 0) {
  Counters c;
  c.launches = 1;
  c.global_requests = requests;
  c.global_sectors = sectors;
  c.global_bytes = bytes;
  c.touched_bytes = touched;
  c.local_accesses = local;
  return c;
}
// With one store of 32 floats to global memory.
Counters shared(uint64_t requests, uint64_t conflicts) {
  Counters c = global(1, 4, 128, 128);
  c.shared_requests = requests;
  c.bank_conflicts = conflicts;
  return c;
}

}  // namespace

std::vector<Counted> counted_kernels() {
  return {{"count_dense", over_global<count_dense>, global(16, 64, 2048, 2048)},
          {"count_shifted", over_global<count_shifted>, global(16, 8 * 5 + 8 * 4, 2048, 2048)},
          {"count_strided", over_global<count_strided>, global(16, 8 * 32 + 8 * 4, 2048, 2048)},
          {"count_same", over_global<count_same>, global(16, 8 * 1 + 8 * 4, 2048, 4 + 1024)},
          {"count_even", over_global<count_even>, global(16, 64, 1024, 1024)},
          {"count_twice", over_global<count_twice>, global(24, 96, 3072, 2048)},
          {"count_in_place", over_global<count_in_place>, global(16, 64, 2048, 1024)},
          {"count_quads", over_global<count_quads>, global(16, 256, 8192, 8192)},
          {"count_bytes", over_global<count_bytes>, global(16, 16, 512, 512)},
          {"count_local", over_global<count_local>, global(16, 64, 2048, 2048, 2 * total)},
          {"count_bank<1>", over_shared<count_bank<1>>, shared(2, 0)},
          {"count_bank<2>", over_shared<count_bank<2>>, shared(2, 2 * 1)},
          {"count_bank<3>", over_shared<count_bank<3>>, shared(2, 0)},
          {"count_bank<4>", over_shared<count_bank<4>>, shared(2, 2 * 3)},
          {"count_bank<16>", over_shared<count_bank<16>>, shared(2, 2 * 15)},
          {"count_bank<32>", over_shared<count_bank<32>>, shared(2, 2 * 31)},
          {"count_bank<33>", over_shared<count_bank<33>>, shared(2, 0)},
          {"count_broadcast", over_shared<count_broadcast>, shared(2, 0)},
          {"count_narrow", over_shared<count_narrow>, shared(2, 0)}};
}

void run_additions(bool twenty) {
  Buffer<unsigned> y(96);
  if (twenty) {
    count_additions<20><<<1, 96>>>(y.data());
  } else {
    count_additions<10><<<1, 96>>>(y.data());
  }
  y.host();
}

}  // namespace gpusim::selfcheck
