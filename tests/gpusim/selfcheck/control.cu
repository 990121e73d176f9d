// Control flow: lanes that part and meet again, loops of different lengths, jumps by tables, calls.
#include <cuda_runtime.h>

#include <cstdint>

#include "tests/gpusim/selfcheck/buffer.h"
#include "tests/gpusim/selfcheck/case.h"

namespace gpusim::selfcheck {
namespace {

constexpr const char* family = "control";
constexpr int count = 200;

// Runs the same function on both sides, on a number a thread.
template <class F>
__global__ void each(int* out, F f) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= count) return;
  out[i] = f(i);
}
template <class F>
std::string agrees(F f) {
  Buffer<int> out(count);
  each<<<2, 128>>>(out.data(), f);
  std::vector<int> want(count);
  for (int i = 0; i < count; ++i) want[i] = f(i);
  return difference(out.host(), want);
}

struct Branches {
  __host__ __device__ int operator()(int i) const {
    int x = i;
    if (i % 2 == 0) {
      if (i % 3 == 0) {
        x += i % 5 == 0 ? 1000 : 2000;
      } else {
        x -= 7;
        if (i > 100) x *= 3;
      }
    } else if (i % 7 == 1) {
      x = -x;
    } else {
      for (int k = 0; k < i % 4; ++k) x = x * 2 + (k % 2 == 0 ? i : -1);
    }
    return x ^ 0x55;
  }
};
std::string nested_branches() {
  return agrees(Branches());
}
KERNEL_CASE(nested_branches)

struct Loops {
  __host__ __device__ int operator()(int i) const {
    int steps = 0;
    for (unsigned n = static_cast<unsigned>(i) + 1; n != 1; n = n % 2 == 0 ? n / 2 : 3 * n + 1) {
      if (++steps > 100) break;
    }
    int sum = 0;
    for (int j = 0; j < i % 17; ++j) {
      if (j % 5 == 3) continue;
      for (int k = j; k < 20; k += 1 + i % 3) {
        if ((j * k) % 11 == 7) goto found;
        sum += k;
      }
    found:
      sum ^= j;
    }
    do {
      sum += steps--;
    } while (steps > 90);
    return sum;
  }
};
std::string loops_of_different_lengths() {
  return agrees(Loops());
}
KERNEL_CASE(loops_of_different_lengths)

struct Switches {
  __host__ __device__ int operator()(int i) const {
    int x = i * 3;
    switch (i % 12) {
      case 0:
        return x + 5;
      case 1:
        x ^= 3;
        [[fallthrough]];
      case 2:
        x += i / 2;
        break;
      case 3:
        x *= x;
        break;
      case 4:
        x -= 1000;
        break;
      case 5:
        x |= 64;
        break;
      case 6:
        x /= 7;
        break;
      case 7:
        x %= 13;
        break;
      case 8:
        x <<= 3;
        break;
      case 9:
        return -1;
      default:
        x = ~x;
    }
    return x + 1;
  }
};
std::string switches() {
  return agrees(Switches());
}
KERNEL_CASE(switches)

// Functions that are called, not inlined: numbers, structures, pointers to the caller's local memory.
struct Three {
  int a;
  double b;
  short c;
};
__host__ __device__ __noinline__ int leaf(int a, short b, unsigned char c) {
  return a * 3 - b + c;
}
__host__ __device__ __noinline__ Three middle(Three in, int by) {
  return {leaf(in.a, in.c, static_cast<unsigned char>(by)), in.b * 0.5 + by, static_cast<short>(in.c - by)};
}
__host__ __device__ __noinline__ void fill(int* cells, int n, int start) {
  int own[4] = {1, 2, 3, 4};
  for (int k = 0; k < n; ++k) {
    own[(k + start) & 3] += k;
    cells[k] = start * k + own[k & 3];
  }
}
struct Calls {
  __host__ __device__ int operator()(int i) const {
    int cells[6];
    fill(cells, 6, i % 9);
    Three t{i, i * 0.25, static_cast<short>(-i)};
    if (i % 3 != 1) t = middle(t, i % 5);
    if (i % 4 == 2) {
      t = middle(t, 3);
    } else if (i % 4 == 3) {
      fill(cells + 1, 4, t.a & 15);
    }
    int sum = t.a + static_cast<int>(t.b * 8) - t.c;
    for (int k = 0; k < 6; ++k) sum = sum * 5 + cells[k];
    return sum;
  }
};
std::string calls() {
  return agrees(Calls());
}
KERNEL_CASE(calls)

// Lanes meet again behind a loop that each left at its own time: a full-mask vote follows.
__global__ void meet(int* out) {
  const int lane = static_cast<int>(threadIdx.x);
  int x = lane;
  for (int k = 0; k < lane % 7; ++k) {
    x += k * k;
    if (x % 5 == 4) break;
  }
  out[lane] = __shfl_xor_sync(0xffffffff, x, 5) * 100 + __popc(__ballot_sync(0xffffffff, x > 20));
}
std::string lanes_meet_again() {
  std::vector<int> x(32), want(32);
  int many = 0;
  for (int lane = 0; lane < 32; ++lane) {
    x[lane] = lane;
    for (int k = 0; k < lane % 7; ++k) {
      x[lane] += k * k;
      if (x[lane] % 5 == 4) break;
    }
    many += x[lane] > 20;
  }
  for (int lane = 0; lane < 32; ++lane) want[lane] = x[lane ^ 5] * 100 + many;
  Buffer<int> out(32);
  meet<<<1, 32>>>(out.data());
  return difference(out.host(), want);
}
KERNEL_CASE(lanes_meet_again)

// Threads that leave early take no part in what follows.
__global__ void leave(int* out) {
  const int t = static_cast<int>(threadIdx.x);
  out[t] = -1;
  if (t % 32 >= 20) return;
  int value = __shfl_sync(0x000fffff, t, 19);
  if (t >= 64) return;
  value += __popc(__activemask());
  out[t] = value;
}
std::string early_returns() {
  Buffer<int> out(96);
  leave<<<1, 96>>>(out.data());
  std::vector<int> want(96, -1);
  for (int t = 0; t < 64; ++t) {
    if (t % 32 < 20) want[t] = t / 32 * 32 + 19 + 20;
  }
  return difference(out.host(), want);
}
KERNEL_CASE(early_returns)

}  // namespace
}  // namespace gpusim::selfcheck
