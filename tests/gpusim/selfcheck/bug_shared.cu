// Planted mistakes: shared memory and barriers.
#include <cuda_runtime.h>

#include "tests/gpusim/selfcheck/buffer.h"
#include "tests/gpusim/selfcheck/bug.h"

namespace gpusim::selfcheck {
namespace {

__device__ float warp_sum(float x) {
  for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(0xffffffff, x, step);
  return x;
}

template <bool repaired>
__global__ void sum_without_barrier(const float* x, float* y) {
  __shared__ float parts[32];
  const int t = static_cast<int>(threadIdx.x), lane = t % 32;
  if (t < 32) parts[t] = 0;
  __syncthreads();
  const float mine = warp_sum(x[t]);
  if (lane == 0) parts[t / 32] = mine;  // BUG sum_without_barrier
  if (repaired) __syncthreads();
  y[t] = warp_sum(parts[lane]);  // BUG sum_without_barrier
}

template <bool repaired>
__global__ void reused_too_early(const float* x, float* y) {
  __shared__ float parts[32];
  const int t = static_cast<int>(threadIdx.x), lane = t % 32;
  if (t < 32) parts[t] = 0;
  __syncthreads();
  float total = 0;
  for (int round = 0; round < 2; ++round) {
    if (repaired) __syncthreads();
    const float mine = warp_sum(x[t] + round);
    if (lane == 0) parts[t / 32] = mine;  // BUG reused_too_early
    __syncthreads();
    total += warp_sum(parts[lane]);  // BUG reused_too_early
  }
  y[t] = total;
}

template <bool repaired>
__global__ void neighbour_above(const float* x, float* y) {
  __shared__ float cells[256];
  const int t = static_cast<int>(threadIdx.x);
  cells[t] = 0;
  __syncthreads();
  cells[t] = x[t];  // BUG neighbour_above
  if (repaired) __syncthreads();
  y[t] = cells[(t + 32) % 256];  // BUG neighbour_above
}

template <bool repaired>
__global__ void neighbour_below(const float* x, float* y) {
  __shared__ float cells[256];
  const int t = static_cast<int>(threadIdx.x);
  cells[t] = 0;
  __syncthreads();
  cells[t] = x[t];  // BUG neighbour_below
  if (repaired) __syncthreads();
  y[t] = cells[(t + 224) % 256];  // BUG neighbour_below
}

template <bool repaired>
__global__ void beyond_static_shared(float* y) {
  __shared__ float cells[64];
  const int t = static_cast<int>(threadIdx.x);
  if (!repaired || t < 64) cells[t] = 1;  // BUG beyond_static_shared
  __syncthreads();
  y[t] = cells[63 - t % 64];
}

template <bool repaired>
__global__ void beyond_dynamic_shared(float* y, int n) {
  extern __shared__ float flexible[];
  for (int i = static_cast<int>(threadIdx.x); repaired ? i < n : i <= n; i += static_cast<int>(blockDim.x)) {
    flexible[i] = 1;  // BUG beyond_dynamic_shared
  }
  __syncthreads();
  y[threadIdx.x] = flexible[n - 1 - threadIdx.x];
}

template <bool repaired>
__global__ void unwritten_shared(float* y) {
  __shared__ float cells[64];
  const int t = static_cast<int>(threadIdx.x);
  if (repaired || t < 32) cells[t] = 1;
  __syncthreads();
  y[t] = cells[t];  // BUG unwritten_shared
}

template <bool repaired>
__global__ void early_return(const float* x, float* y, int n) {
  __shared__ float cells[64];
  const int t = static_cast<int>(threadIdx.x);
  if (!repaired && t >= n) return;
  cells[t] = x[t];
  __syncthreads();  // BUG early_return
  if (t < n) y[t] = cells[n - 1 - t];
}

// nvcc makes one barrier out of both, and a GPU does not mind two either.
template <bool repaired>
__global__ void barrier_in_both_arms(const float* x, float* y) {
  __shared__ float cells[64];
  const int t = static_cast<int>(threadIdx.x);
  cells[t] = x[t];
  if (repaired) __syncthreads();
  if (t % 2 == 0) {
    if (!repaired) __syncthreads();  // BUG barrier_in_both_arms
    y[t] = cells[63 - t];
  } else {
    if (!repaired) __syncthreads();  // BUG barrier_in_both_arms
    y[t] = cells[63 - t] * 2;
  }
}

template <bool repaired>
__global__ void barrier_in_one_arm(const float* x, float* y) {
  __shared__ float cells[64];
  const int t = static_cast<int>(threadIdx.x);
  cells[t] = x[t];
  if (repaired) {
    __syncthreads();
  } else if (x[t] > 3) {
    __syncthreads();  // BUG barrier_in_one_arm
  }
  y[t] = cells[t];
}

template <bool repaired>
__global__ void local_overrun(const int* where, float* y) {
  float own[4] = {1, 2, 3, 4};
  own[repaired ? where[0] % 4 : where[0]] += 1;  // BUG local_overrun
  y[threadIdx.x] = own[where[1]];
}

#define RUN(kernel, blocks, threads, shared, ...)            \
  if (repaired) {                                            \
    kernel<true><<<blocks, threads, shared>>>(__VA_ARGS__);  \
  } else {                                                   \
    kernel<false><<<blocks, threads, shared>>>(__VA_ARGS__); \
  }                                                          \
  y.host()

std::vector<float> numbers() {
  std::vector<float> values(256);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 7);
  return values;
}

#define OF_X_AND_Y(kernel, threads)                 \
  [](bool repaired) {                               \
    Buffer<float> x(numbers()), y(numbers());       \
    RUN(kernel, 1, threads, 0, x.data(), y.data()); \
  }

const bool planted = plant(
    __FILE__, {{"sum_without_barrier", "race.*shared", OF_X_AND_Y(sum_without_barrier, 256), 0, 255, 0},
               {"reused_too_early", "race.*shared", OF_X_AND_Y(reused_too_early, 256), 0, 255, 0},
               {"neighbour_above", "race.*shared", OF_X_AND_Y(neighbour_above, 256), 0, 255, 0},
               {"neighbour_below", "race.*shared", OF_X_AND_Y(neighbour_below, 256), 0, 255, 0},
               {"beyond_static_shared", "shared",
                [](bool repaired) {
                  Buffer<float> y(numbers());
                  RUN(beyond_static_shared, 1, 65, 0, y.data());
                },
                64, 64, 0},
               {"beyond_dynamic_shared", "shared",
                [](bool repaired) {
                  Buffer<float> y(numbers());
                  RUN(beyond_dynamic_shared, 1, 64, 64 * sizeof(float), y.data(), 64);
                },
                0, 0, 0},
               {"unwritten_shared",
                "shared.*(never written|unwritten|uninitiali)|(never written|unwritten|uninitiali).*shared",
                [](bool repaired) {
                  Buffer<float> y(numbers());
                  RUN(unwritten_shared, 1, 64, 0, y.data());
                },
                32, 63, 0},
               {"early_return", "barrier",
                [](bool repaired) {
                  Buffer<float> x(numbers()), y(numbers());
                  RUN(early_return, 1, 64, 0, x.data(), y.data(), 50);
                },
                0, 63, 0},
               {"barrier_in_both_arms", "barrier", OF_X_AND_Y(barrier_in_both_arms, 64), 0, 63, 0},
               {"barrier_in_one_arm", "barrier", OF_X_AND_Y(barrier_in_one_arm, 64), 0, 63, 0},
               {"local_overrun", "local", [](bool repaired) {
                  Buffer<int> where(std::vector<int>{1 << 20, 2});
                  Buffer<float> y(numbers());
                  RUN(local_overrun, 1, 40, 0, where.data(), y.data());
                }}});

}  // namespace
}  // namespace gpusim::selfcheck
