// Barriers of a block: all of it, with a reduction, named ones of some warps.
#include <cuda_runtime.h>

#include "tests/gpusim/selfcheck/buffer.h"
#include "tests/gpusim/selfcheck/case.h"

namespace gpusim::selfcheck {
namespace {

constexpr const char* family = "barrier";

// Inclusive sums in log steps, twice through the same memory.
__global__ void scan(const int* in, int* out) {
  __shared__ int cells[256];
  const int t = static_cast<int>(threadIdx.x);
  int value = in[t];
  for (int round = 0; round < 2; ++round) {
    for (int step = 1; step < 256; step *= 2) {
      cells[t] = value;
      __syncthreads();
      if (t >= step) value += cells[t - step];
      __syncthreads();
    }
  }
  out[t] = value;
}
std::string scans() {
  std::vector<int> in(256);
  for (int t = 0; t < 256; ++t) in[t] = t * 31 % 17 - 8;
  std::vector<int> want = in;
  for (int round = 0; round < 2; ++round) {
    for (int t = 1; t < 256; ++t) want[t] += want[t - 1];
  }
  Buffer<int> from(in), out(256);
  scan<<<1, 256>>>(from.data(), out.data());
  return difference(out.host(), want);
}
KERNEL_CASE(scans)

__global__ void reduce(int* out) {
  const int t = static_cast<int>(threadIdx.x);
  const int counted = __syncthreads_count(t % 3 == 0);
  const int every = __syncthreads_and(t < 100), some = __syncthreads_or(t == 77);
  const int none = __syncthreads_or(t > 1000), whole = __syncthreads_and(t >= 0);
  out[t] = counted * 16 + (every != 0) + 2 * (some != 0) + 4 * (none != 0) + 8 * (whole != 0);
}
std::string barriers_with_reductions() {
  Buffer<int> out(130);
  reduce<<<1, 130>>>(out.data());
  return difference(out.host(), std::vector<int>(130, 44 * 16 + 2 + 8));
}
KERNEL_CASE(barriers_with_reductions)

// Two pairs of warps, each with a barrier of its own that it passes a different number of times.
__global__ void pairs(int* out) {
  __shared__ int cells[128];
  const int t = static_cast<int>(threadIdx.x), pair = t / 64, mine = t % 64;
  int value = t;
  for (int k = 0; k < 3 + pair * 2; ++k) {
    cells[t] = value;
    asm volatile("bar.sync %0, 64;" ::"r"(pair + 1) : "memory");
    value = cells[pair * 64 + (mine + 33) % 64] + 1;
    asm volatile("barrier.sync %0, 64;" ::"r"(pair + 1) : "memory");
  }
  __syncthreads();
  cells[t] = value;
  __syncthreads();
  out[t] = cells[127 - t];
}
std::string named_barriers() {
  std::vector<int> value(128), want(128);
  for (int t = 0; t < 128; ++t) value[t] = t;
  for (int pair = 0; pair < 2; ++pair) {
    for (int k = 0; k < 3 + pair * 2; ++k) {
      const std::vector<int> before = value;
      for (int i = 0; i < 64; ++i) value[pair * 64 + i] = before[pair * 64 + (i + 33) % 64] + 1;
    }
  }
  for (int t = 0; t < 128; ++t) want[t] = value[127 - t];
  Buffer<int> out(128);
  pairs<<<1, 128>>>(out.data());
  return difference(out.host(), want);
}
KERNEL_CASE(named_barriers)

// A warp produces and goes on without waiting, the other consumes.
__global__ void produce(int* out) {
  __shared__ int cells[32];
  const int lane = static_cast<int>(threadIdx.x) % 32;
  if (threadIdx.x < 32) {
    cells[lane] = lane * lane;
    asm volatile("bar.arrive 3, 64;" ::: "memory");
  } else {
    asm volatile("bar.sync 3, 64;" ::: "memory");
    out[lane] = cells[31 - lane];
  }
}
std::string producers_and_consumers() {
  Buffer<int> out(32);
  produce<<<1, 64>>>(out.data());
  std::vector<int> want(32);
  for (int t = 0; t < 32; ++t) want[t] = (31 - t) * (31 - t);
  return difference(out.host(), want);
}
KERNEL_CASE(producers_and_consumers)

}  // namespace
}  // namespace gpusim::selfcheck
