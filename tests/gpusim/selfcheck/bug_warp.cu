// Planted mistakes: what lanes of a warp do together.
#undef NDEBUG  // assert() is one of the reports
#include <cuda_runtime.h>

#include <cassert>

#include "tests/gpusim/selfcheck/buffer.h"
#include "tests/gpusim/selfcheck/bug.h"

namespace gpusim::selfcheck {
namespace {

template <bool repaired>
__global__ void inactive_lane(const float* x, float* y) {
  const int t = static_cast<int>(threadIdx.x);
  float value = x[t];
  if (t < 20 || repaired) {
    value += __shfl_xor_sync(0xffffffff, value, 16);  // BUG inactive_lane
  }
  y[t] = value;
}

template <bool repaired>
__global__ void outside_the_mask(const float* x, float* y) {
  const int t = static_cast<int>(threadIdx.x);
  float value = x[t];
  if (t < 16) {
    value = __shfl_sync(0x0000ffff, value, repaired ? 12 : 20, 32);  // BUG outside_the_mask
  }
  y[t] = value;
}

template <bool repaired>
__global__ void missing_syncwarp(const float* x, float* y) {
  __shared__ float cells[32];
  const int t = static_cast<int>(threadIdx.x);
  cells[t] = x[t];  // BUG missing_syncwarp
  if (repaired) __syncwarp();
  y[t] = cells[t ^ 1];  // BUG missing_syncwarp
}

template <bool repaired>
__global__ void shuffle_as_fence(const float* x, float* y) {
  __shared__ float cells[32];
  const int t = static_cast<int>(threadIdx.x);
  cells[t] = x[t];  // BUG shuffle_as_fence
  const float other = __shfl_xor_sync(0xffffffff, x[t], 1);
  if (repaired) __syncwarp();
  y[t] = cells[t ^ 1] + other;  // BUG shuffle_as_fence
}

// A lane that is not in the mask it names.
template <bool repaired>
__global__ void not_a_member(const float* x, float* y) {
  const int t = static_cast<int>(threadIdx.x);
  y[t] = static_cast<float>(__ballot_sync(repaired ? 0xffffffff : 0x7fffffff, x[t] > 2));  // BUG not_a_member
}

template <bool repaired>
__global__ void failed_assertion(const float* x, float* y) {
  const int t = static_cast<int>(threadIdx.x);
  assert(repaired || x[t] < 5);  // BUG failed_assertion
  y[t] = x[t];
}

#define OF_X_AND_Y(kernel)                                              \
  [](bool repaired) {                                                   \
    std::vector<float> values(32);                                      \
    for (int i = 0; i < 32; ++i) values[i] = static_cast<float>(i % 7); \
    Buffer<float> x(values), y(values);                                 \
    if (repaired) {                                                     \
      kernel<true><<<1, 32>>>(x.data(), y.data());                      \
    } else {                                                            \
      kernel<false><<<1, 32>>>(x.data(), y.data());                     \
    }                                                                   \
    y.host();                                                           \
  }

const bool planted =
    plant(__FILE__, {{"inactive_lane", "lane|mask", OF_X_AND_Y(inactive_lane), 0, 31, 0},
                     {"outside_the_mask", "lane|mask", OF_X_AND_Y(outside_the_mask), 0, 31, 0},
                     {"missing_syncwarp", "race.*shared", OF_X_AND_Y(missing_syncwarp), 0, 31, 0},
                     {"shuffle_as_fence", "race.*shared", OF_X_AND_Y(shuffle_as_fence), 0, 31, 0},
                     {"not_a_member", "lane|mask", OF_X_AND_Y(not_a_member), 0, 31, 0},
                     {"failed_assertion", "assert", OF_X_AND_Y(failed_assertion), 5, 5, 0}});

}  // namespace
}  // namespace gpusim::selfcheck
