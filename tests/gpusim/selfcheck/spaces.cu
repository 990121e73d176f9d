// Memory beside the global one: parameters, local and shared arrays, generic addresses of any space.
#include <cuda_runtime.h>

#include <cstdint>

#include "tests/gpusim/selfcheck/buffer.h"
#include "tests/gpusim/selfcheck/case.h"

namespace gpusim::selfcheck {
namespace {

constexpr const char* family = "memory";

// A value of 72 bytes, indexed at run time.
struct Many {
  int values[16];
  double last;
};
__global__ void by_value(Many many, char small, int* out) {
  out[threadIdx.x] = many.values[(threadIdx.x * 5) % 16] * 10 + static_cast<int>(many.last) + small;
}
std::string parameters_by_value() {
  Many many{};
  for (int i = 0; i < 16; ++i) many.values[i] = i * i - 20;
  many.last = 7.9;
  Buffer<int> out(48);
  by_value<<<1, 48>>>(many, -3, out.data());
  std::vector<int> want(48);
  for (int t = 0; t < 48; ++t) want[t] = many.values[t * 5 % 16] * 10 + 7 - 3;
  return difference(out.host(), want);
}
KERNEL_CASE(parameters_by_value)

// Arrays in local memory: the index is known at run time only.
__global__ void local_array(const int* steps, int* out) {
  int stack[24];
  double sums[5] = {0, 0, 0, 0, 0};
  for (int i = 0; i < 24; ++i) stack[i] = i * static_cast<int>(threadIdx.x + 1);
  const int step = steps[threadIdx.x];
  for (int i = 0, at = 0; i < 50; ++i, at = (at + step) % 24) {
    stack[at] += stack[(at + 7) % 24] & 1023;
    sums[(at + i) % 5] += stack[at] % 97;
  }
  int total = 0;
  for (int i = 0; i < 24; ++i) total = total * 3 + stack[i];
  for (int i = 0; i < 5; ++i) total ^= static_cast<int>(sums[i]) << i;
  out[threadIdx.x] = total;
}
std::string local_arrays() {
  std::vector<int> steps(70), want(70);
  for (int t = 0; t < 70; ++t) {
    steps[t] = t * 13 % 23 + 1;
    int stack[24];
    double sums[5] = {0, 0, 0, 0, 0};
    for (int i = 0; i < 24; ++i) stack[i] = i * (t + 1);
    for (int i = 0, at = 0; i < 50; ++i, at = (at + steps[t]) % 24) {
      stack[at] += stack[(at + 7) % 24] & 1023;
      sums[(at + i) % 5] += stack[at] % 97;
    }
    unsigned total = 0;
    for (int i = 0; i < 24; ++i) total = total * 3 + static_cast<unsigned>(stack[i]);
    for (int i = 0; i < 5; ++i) total ^= static_cast<unsigned>(static_cast<int>(sums[i])) << i;
    want[t] = static_cast<int>(total);
  }
  Buffer<int> device_steps(steps), out(70);
  local_array<<<1, 70>>>(device_steps.data(), out.data());
  return difference(out.host(), want);
}
KERNEL_CASE(local_arrays)

// Static arrays of several types beside each other, and dynamic memory behind them.
__global__ void shared_arrays(int* out) {
  __shared__ double doubles[33];
  __shared__ short shorts[64];
  __shared__ uchar4 quads[64];
  extern __shared__ int flexible[];
  const int t = static_cast<int>(threadIdx.x);
  if (t < 33) doubles[t] = t * 0.5;
  shorts[t] = static_cast<short>(-t);
  quads[t] = make_uchar4(t, t + 1, t + 2, t + 3);
  flexible[63 - t] = t * 1000;
  __syncthreads();
  const int other = (t + 17) % 64;
  out[t] = static_cast<int>(2 * doubles[other % 33]) + shorts[other] + quads[other].w + flexible[other];
}
std::string shared_memory() {
  Buffer<int> out(64);
  shared_arrays<<<1, 64, 64 * sizeof(int)>>>(out.data());
  std::vector<int> want(64);
  for (int t = 0; t < 64; ++t) {
    const int other = (t + 17) % 64;
    want[t] = other % 33 - other + other + 3 + (63 - other) * 1000;
  }
  return difference(out.host(), want);
}
KERNEL_CASE(shared_memory)

// One instruction that reaches three spaces, as the lanes' pointers are.
__global__ void generic(const int* global, int* out) {
  __shared__ int shared[32];
  int local[4] = {100, 101, 102, 103};
  const int t = static_cast<int>(threadIdx.x);
  shared[t] = 1000 + t;
  __syncwarp();
  local[t % 4] += t;
  int* from = t % 3 == 0 ? const_cast<int*>(global) + t : t % 3 == 1 ? shared + (31 - t) : local + t % 4;
  const int spaces = (__isGlobal(from) ? 1 : 0) + (__isShared(from) ? 2 : 0) + (__isLocal(from) ? 4 : 0);
  const int read = *from;
  if (t % 3 != 0) *from = -t;
  __syncwarp();
  const auto address = static_cast<unsigned>(__cvta_generic_to_shared(shared + t));
  int again;
  asm volatile("ld.shared.u32 %0, [%1];" : "=r"(again) : "r"(address));
  out[t] = read * 10 + spaces;
  out[32 + t] = again + (t % 3 == 2 ? local[t % 4] : 0);
}
std::string generic_addresses() {
  std::vector<int> global(32), want(64);
  for (int t = 0; t < 32; ++t) global[t] = 10 + t;
  for (int t = 0; t < 32; ++t) {
    const int reader = 31 - t;  // of shared[t]
    want[t] = t % 3 == 0 ? (10 + t) * 10 + 1 : t % 3 == 1 ? (1031 - t) * 10 + 2 : (100 + t % 4 + t) * 10 + 4;
    want[32 + t] = (reader % 3 == 1 ? -reader : 1000 + t) + (t % 3 == 2 ? -t : 0);
  }
  Buffer<int> in(global), out(64);
  generic<<<1, 32>>>(in.data(), out.data());
  return difference(out.host(), want);
}
KERNEL_CASE(generic_addresses)

// Offsets beyond 32 bits, which only 64-bit arithmetic reaches.
__global__ void far(const char* base, long long offset, int* out) {
  const char* back = base - offset;
  out[threadIdx.x] = back[offset + threadIdx.x];
}
std::string far_offsets() {
  std::vector<char> bytes{5, 4, 3, 2, 1};
  Buffer<char> in(bytes);
  Buffer<int> out(5);
  far<<<1, 5>>>(in.data(), 5'000'000'000ll, out.data());
  return difference(out.host(), {5, 4, 3, 2, 1});
}
KERNEL_CASE(far_offsets)

}  // namespace
}  // namespace gpusim::selfcheck
