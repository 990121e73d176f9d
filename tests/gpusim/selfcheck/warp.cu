// What the lanes of a warp do together: shuffles, masks of some lanes, memory ordered by __syncwarp.
#include <cuda_runtime.h>

#include <cstdint>
#include <type_traits>

#include "tests/gpusim/selfcheck/buffer.h"
#include "tests/gpusim/selfcheck/case.h"

namespace gpusim::selfcheck {
namespace {

constexpr const char* family = "warp";
constexpr int modes = 4;

template <class T>
__global__ void shuffle(T* out, int width) {
  const int lane = static_cast<int>(threadIdx.x);
  const T x = static_cast<T>(lane * 10 + 1);
  T* row = out + lane * modes * 33;
  for (int k = 0; k <= 32; ++k) {
    row[k * modes] = __shfl_sync(0xffffffff, x, k, width);
    row[k * modes + 1] = __shfl_up_sync(0xffffffff, x, k, width);
    row[k * modes + 2] = __shfl_down_sync(0xffffffff, x, k, width);
    row[k * modes + 3] = __shfl_xor_sync(0xffffffff, x, k & 31, width);
  }
}
template <class T>
std::string shuffled() {
  for (int width = 1; width <= 32; width *= 2) {
    std::vector<T> want;
    for (int lane = 0; lane < 32; ++lane) {
      const int first = lane / width * width;
      for (int k = 0; k <= 32; ++k) {
        // up and down take 5 bits of their distance.
        const int by = k % 32, other = lane ^ by;
        const int sources[modes] = {first + k % width, lane - by >= first ? lane - by : lane,
                                    lane + by < first + width ? lane + by : lane,
                                    other < first + width ? other : lane};
        for (const int source : sources) want.push_back(static_cast<T>(source * 10 + 1));
      }
    }
    Buffer<T> out(want.size());
    shuffle<<<1, 32>>>(out.data(), width);
    if (const std::string wrong = difference(out.host(), want); !wrong.empty()) {
      return joined({"width ", std::to_string(width), ": ", wrong});
    }
  }
  return "";
}
std::string shuffles() {
  return shuffled<int>() + shuffled<float>() + shuffled<double>() + shuffled<long long>();
}
KERNEL_CASE(shuffles)

// The predicate says whether the source was in range; lanes ask for lanes of their own.
__global__ void predicates(int* out) {
  const int lane = static_cast<int>(threadIdx.x);
  int value, inside;
  asm volatile("{ .reg .pred p; shfl.sync.down.b32 %0|p, %2, 3, 0x181f, 0xffffffff; selp.u32 %1, 1, 0, p; }"
               : "=r"(value), "=r"(inside)
               : "r"(lane));
  out[lane] = value * 10 + inside;
  out[32 + lane] = __shfl_sync(0xffffffff, lane, (lane * 7 + 3) % 32);
}
std::string shuffle_predicates() {
  Buffer<int> out(64);
  predicates<<<1, 32>>>(out.data());
  std::vector<int> want(64);
  for (int lane = 0; lane < 32; ++lane) {
    const bool inside = lane % 8 + 3 < 8;  // segments of eight
    want[lane] = (inside ? lane + 3 : lane) * 10 + inside;
    want[32 + lane] = (lane * 7 + 3) % 32;
  }
  return difference(out.host(), want);
}
KERNEL_CASE(shuffle_predicates)

// Two halves of a warp, and odd lanes, each by a mask of its own.
__global__ void partial(int* out) {
  const int lane = static_cast<int>(threadIdx.x);
  int value = lane;
  if (lane < 16) {
    for (int step = 8; step > 0; step /= 2) value += __shfl_xor_sync(0x0000ffff, value, step);
  } else {
    for (int step = 8; step > 0; step /= 2) value = max(value, __shfl_xor_sync(0xffff0000, value, step));
  }
  out[lane] = value;
  if (lane % 2 == 1) {
    value = __shfl_sync(0xaaaaaaaa, value + lane, (lane + 2) % 32);
    __syncwarp(0xaaaaaaaa);
    value += __popc(__ballot_sync(0xaaaaaaaa, lane > 9));
  }
  out[32 + lane] = value;
  out[64 + lane] = static_cast<int>(__activemask() == 0xffffffff);
  if (lane % 4 == 2) out[64 + lane] = static_cast<int>(__activemask());
}
std::string masks_of_parts() {
  Buffer<int> out(96);
  partial<<<1, 32>>>(out.data());
  std::vector<int> want(96);
  for (int lane = 0; lane < 32; ++lane) {
    const auto base = [](int l) { return l < 16 ? 120 : 31; };
    const int next = (lane + 2) % 32;
    want[lane] = base(lane);
    want[32 + lane] = lane % 2 == 1 ? base(next) + next + 11 : base(lane);
    want[64 + lane] = lane % 4 == 2 ? 0x44444444 : 1;
  }
  return difference(out.host(), want);
}
KERNEL_CASE(masks_of_parts)

// A warp that is not full: its missing lanes belong to no mask.
__global__ void short_warp(int* out) {
  const unsigned mask = __activemask();
  int value = static_cast<int>(threadIdx.x) + 1;
  const unsigned lane = threadIdx.x % 32, count = threadIdx.x < 32 ? 32 : 5;
  const unsigned members = threadIdx.x < 32 ? 0xffffffff : 0x1f;
  for (unsigned step = 16; step > 0; step /= 2) {
    const int other = __shfl_sync(members, value, min(lane + step, count - 1));
    if (lane + step < count) value += other;
  }
  if (lane == 0) out[threadIdx.x / 32] = value;
  out[2 + threadIdx.x] = static_cast<int>(mask == members);
}
std::string warps_that_are_not_full() {
  Buffer<int> out(39);
  short_warp<<<1, 37>>>(out.data());
  std::vector<int> want(39, 1);
  want[0] = 528;
  want[1] = 33 + 34 + 35 + 36 + 37;
  return difference(out.host(), want);
}
KERNEL_CASE(warps_that_are_not_full)

// Shared memory between the lanes of a warp, ordered by __syncwarp alone.
__global__ void exchange(int* out) {
  __shared__ int cells[64];
  const int t = static_cast<int>(threadIdx.x), base = t / 32 * 32, lane = t % 32;
  int value = t;
  for (int round = 0; round < 5; ++round) {
    cells[t] = value;
    __syncwarp();
    value += cells[base + (lane ^ (1 << round))];
    __syncwarp();
  }
  out[t] = value;
}
std::string exchanges_within_a_warp() {
  Buffer<int> out(64);
  exchange<<<1, 64>>>(out.data());
  std::vector<int> want(64, 496);
  for (int t = 32; t < 64; ++t) want[t] = 496 + 32 * 32;
  return difference(out.host(), want);
}
KERNEL_CASE(exchanges_within_a_warp)

}  // namespace
}  // namespace gpusim::selfcheck
