// Loads and stores of global memory: narrow, wide and vector; variables of the device.
#include <cuda_runtime.h>

#include <cstdint>
#include <cstring>

#include "tests/gpusim/selfcheck/buffer.h"
#include "tests/gpusim/selfcheck/case.h"

namespace gpusim::selfcheck {
namespace {

constexpr const char* family = "memory";

template <class T>
__global__ void copy(const T* from, T* to, int n) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) to[i] = from[n - 1 - i];
}
// Reversed elements of a size, through registers of the type.
template <class T>
std::string reverses() {
  constexpr int n = 333;
  std::vector<uint8_t> bytes(n * sizeof(T));
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 37 + i / 251);
  std::vector<uint8_t> want(bytes.size());
  for (int i = 0; i < n; ++i) std::memcpy(&want[i * sizeof(T)], &bytes[(n - 1 - i) * sizeof(T)], sizeof(T));
  Buffer<uint8_t> from(bytes), to(bytes.size());
  copy<<<3, 128>>>(reinterpret_cast<const T*>(from.data()), reinterpret_cast<T*>(to.data()), n);
  return difference(to.host(), want);
}
struct Odd {
  uint8_t bytes[7];
};
struct Mixed {
  double a;
  int b;
  short c;
  char d;
};
std::string scalars() {
  return reverses<uint8_t>() + reverses<short>() + reverses<int>() + reverses<int64_t>() + reverses<float>() +
         reverses<double>();
}
std::string vectors_of_two() {
  return reverses<uchar2>() + reverses<short2>() + reverses<int2>() + reverses<float2>() +
         reverses<double2>() + reverses<longlong2>();
}
std::string vectors_of_four() {
  return reverses<uchar4>() + reverses<ushort4>() + reverses<int4>() + reverses<float4>();
}
std::string structures() {
  return reverses<Odd>() + reverses<Mixed>();
}
KERNEL_CASE(scalars)
KERNEL_CASE(vectors_of_two)
KERNEL_CASE(vectors_of_four)
KERNEL_CASE(structures)

// Narrow loads extend, narrow stores cut off; cache hints and volatile change nothing.
__global__ void narrow(const void* in, long long* out) {
  long long* row = out + threadIdx.x * 12;
  const auto* bytes = static_cast<const char*>(in) + threadIdx.x * 8;
  int value = 0;
  asm volatile("ld.global.s8 %0, [%1];" : "=r"(value) : "l"(bytes + 1));
  row[0] = value;
  asm volatile("ld.global.u8 %0, [%1+1];" : "=r"(value) : "l"(bytes));
  row[1] = value;
  asm volatile("ld.global.s16 %0, [%1+2];" : "=r"(value) : "l"(bytes));
  row[2] = value;
  asm volatile("ld.global.nc.u16 %0, [%1+2];" : "=r"(value) : "l"(bytes));
  row[3] = value;
  asm volatile("ld.volatile.global.s32 %0, [%1+4];" : "=r"(value) : "l"(bytes));
  row[4] = value;
  asm volatile("ld.global.cg.u32 %0, [%1+4];" : "=r"(value) : "l"(bytes));
  row[5] = value;
  asm volatile("ld.global.s32 %0, [%1+4];" : "=l"(row[6]) : "l"(bytes));  // sign-extended into 64 bits
  asm volatile("ld.global.u32 %0, [%1+4];" : "=l"(row[7]) : "l"(bytes));
  asm volatile("ld.global.s8 %0, [%1+7];" : "=l"(row[8]) : "l"(bytes));
  asm volatile("st.global.u8 [%0], %1;" ::"l"(row + 9), "r"(0x12345678));
  asm volatile("st.global.cs.u16 [%0+2], %1;" ::"l"(row + 9), "r"(0x9abcdef0));
  asm volatile("st.volatile.global.u32 [%0+4], %1;" ::"l"(row + 9), "l"(0x1122334455667788));
  asm volatile("st.global.u8 [%0+1], %1;" ::"l"(row + 9), "h"(static_cast<short>(0x7fe1)));
  row[10] = __ldg(reinterpret_cast<const long long*>(bytes));
  asm volatile("ld.relaxed.gpu.global.u64 %0, [%1];" : "=l"(row[11]) : "l"(bytes));
}

std::string narrow_accesses() {
  std::vector<uint8_t> bytes(32 * 8);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 71 + 90);
  Buffer<uint8_t> in(bytes);
  Buffer<long long> out(32 * 12);
  narrow<<<1, 32>>>(in.data(), out.data());
  std::vector<long long> want;
  for (int t = 0; t < 32; ++t) {
    const uint8_t* b = &bytes[t * 8];
    int16_t half;
    int32_t word;
    int64_t all;
    std::memcpy(&half, b + 2, 2);
    std::memcpy(&word, b + 4, 4);
    std::memcpy(&all, b, 8);
    for (const long long value :
         {static_cast<long long>(static_cast<int8_t>(b[1])), static_cast<long long>(b[1]),
          static_cast<long long>(half), static_cast<long long>(static_cast<uint16_t>(half)),
          static_cast<long long>(word), static_cast<long long>(word), static_cast<long long>(word),
          static_cast<long long>(static_cast<uint32_t>(word)),
          static_cast<long long>(static_cast<int8_t>(b[7])), 0x55667788def0e178ll,
          static_cast<long long>(all), static_cast<long long>(all)}) {
      want.push_back(value);
    }
  }
  return difference(out.host(), want);
}
KERNEL_CASE(narrow_accesses)

__constant__ int table[64] = {3, 1, 4, 1, 5, 9, 2, 6};
__constant__ float scales[8];
__device__ int counter = 41;
__device__ double weights[3] = {0.5, -1.25, 1e300};
__device__ int* link = &counter;
__device__ char text[] = "PTX";
struct Pair {
  short a;
  int* b;
};
__device__ Pair pair = {-7, &counter};

__global__ void variables(const int* where, int* out, double* doubles, float* floats) {
  const int t = static_cast<int>(threadIdx.x);
  out[t] = table[where[t]] + (t == 0 ? *link : 0) + (t == 1 ? text[2] : 0) + (t == 2 ? pair.a + *pair.b : 0);
  floats[t] = scales[where[t] % 8];
  if (t < 3) doubles[t] = weights[t];
  __syncthreads();
  if (t == 0) counter += 1;
}

std::string variables_of_the_device() {
  std::vector<int> where(64), want(64);
  std::vector<float> host_scales{1, 2, 4, 8, 0.5f, -1, 3, 7}, want_floats(64);
  constexpr int values[64] = {3, 1, 4, 1, 5, 9, 2, 6};
  for (int t = 0; t < 64; ++t) {
    where[t] = t * 29 % 64;
    want[t] = values[where[t]];
    want_floats[t] = host_scales[where[t] % 8];
  }
  const int start = 100;
  succeeded(cudaMemcpyToSymbol(scales, host_scales.data(), sizeof(float) * 8));
  succeeded(cudaMemcpyToSymbol(counter, &start, sizeof start));
  Buffer<int> device_where(where), out(64);
  Buffer<double> doubles(3);
  Buffer<float> floats(64);
  want[0] += 100;
  want[1] += 'X';
  want[2] += -7 + 100;
  variables<<<1, 64>>>(device_where.data(), out.data(), doubles.data(), floats.data());
  std::string wrong = difference(out.host(), want) + difference(floats.host(), want_floats) +
                      difference(doubles.host(), {0.5, -1.25, 1e300});
  int count = 0;
  succeeded(cudaMemcpyFromSymbol(&count, counter, sizeof count));
  return wrong + difference<int>({count}, {101});
}
KERNEL_CASE(variables_of_the_device)

}  // namespace
}  // namespace gpusim::selfcheck
