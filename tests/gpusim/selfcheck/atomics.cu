// Atomic operations on global and shared memory. Orders are free, so sums, sets and last values are compared.
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "tests/gpusim/selfcheck/buffer.h"
#include "tests/gpusim/selfcheck/case.h"

namespace gpusim::selfcheck {
namespace {

constexpr const char* family = "atomics";
constexpr int blocks = 3, threads = 96, total = blocks * threads;

// What every thread applies to one cell: its operand is a function of its number.
struct Add {
  template <class T>
  __device__ static T device(T* cell, T x) {
    return atomicAdd(cell, x);
  }
  template <class T>
  static T host(T cell, T x) {
    return cell + x;
  }
};
struct Subtract {
  template <class T>
  __device__ static T device(T* cell, T x) {
    return atomicSub(cell, x);
  }
  template <class T>
  static T host(T cell, T x) {
    return cell - x;
  }
};
struct Least {
  template <class T>
  __device__ static T device(T* cell, T x) {
    return atomicMin(cell, x);
  }
  template <class T>
  static T host(T cell, T x) {
    return std::min(cell, x);
  }
};
struct Greatest {
  template <class T>
  __device__ static T device(T* cell, T x) {
    return atomicMax(cell, x);
  }
  template <class T>
  static T host(T cell, T x) {
    return std::max(cell, x);
  }
};
struct And {
  template <class T>
  __device__ static T device(T* cell, T x) {
    return atomicAnd(cell, x | T(0x100));
  }
  template <class T>
  static T host(T cell, T x) {
    return cell & (x | T(0x100));
  }
};
struct Or {
  template <class T>
  __device__ static T device(T* cell, T x) {
    return atomicOr(cell, x);
  }
  template <class T>
  static T host(T cell, T x) {
    return cell | x;
  }
};
struct Xor {
  template <class T>
  __device__ static T device(T* cell, T x) {
    return atomicXor(cell, x);
  }
  template <class T>
  static T host(T cell, T x) {
    return cell ^ x;
  }
};

template <class T>
__host__ __device__ T operand(int i) {
  return static_cast<T>((i * 7919) % 1009 - (std::is_unsigned_v<T> ? 0 : 500));
}

// With the results used (atom), unused (red), and on shared memory first.
template <class Op, class T>
__global__ void apply(T* cells, T* seen) {
  __shared__ T own;
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (threadIdx.x == 0) own = cells[3];
  seen[i] = Op::template device<T>(&cells[0], operand<T>(i));
  Op::template device<T>(&cells[1], operand<T>(i));
  __syncthreads();
  Op::template device<T>(&own, operand<T>(static_cast<int>(threadIdx.x)));
  __syncthreads();
  if (threadIdx.x == 0 && blockIdx.x == 0) cells[2] = own;
}
template <class Op, class T>
std::string applied() {
  const T start = static_cast<T>(1234);
  Buffer<T> cells(std::vector<T>{start, start, 0, start}), seen(total);
  T all = start, block = start;
  for (int i = 0; i < total; ++i) all = Op::template host<T>(all, operand<T>(i));
  for (int i = 0; i < threads; ++i) block = Op::template host<T>(block, operand<T>(i));
  apply<Op, T><<<blocks, threads>>>(cells.data(), seen.data());
  std::string wrong = difference(cells.host(), {all, all, block, start});
  // Some thread saw the start, and no two in a row of additions the same unless an operand was nothing.
  const std::vector<T> values = seen.host();
  if (std::find(values.begin(), values.end(), start) == values.end()) wrong += " nobody saw the first value";
  return wrong;
}
std::string additions() {
  return applied<Add, int>() + applied<Add, unsigned>() + applied<Add, unsigned long long>() +
         applied<Add, float>() + applied<Add, double>();
}
std::string subtractions() {
  return applied<Subtract, int>() + applied<Subtract, unsigned>();
}
std::string minima() {
  return applied<Least, int>() + applied<Least, unsigned>() + applied<Least, long long>() +
         applied<Least, unsigned long long>();
}
std::string maxima() {
  return applied<Greatest, int>() + applied<Greatest, unsigned>() + applied<Greatest, long long>() +
         applied<Greatest, unsigned long long>();
}
std::string bits() {
  return applied<And, int>() + applied<And, unsigned long long>() + applied<Or, unsigned>() +
         applied<Or, unsigned long long>() + applied<Xor, int>() + applied<Xor, unsigned long long>();
}
KERNEL_CASE(additions)
KERNEL_CASE(subtractions)
KERNEL_CASE(minima)
KERNEL_CASE(maxima)
KERNEL_CASE(bits)

// Every ticket is given out once.
__global__ void tickets(unsigned* cells, unsigned* up, unsigned* down, unsigned* chain) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  up[i] = atomicInc(&cells[0], 99);
  down[i] = atomicDec(&cells[1], 99);
  chain[i] = atomicExch(&cells[2], i);
}
std::string tickets_and_exchanges() {
  Buffer<unsigned> cells(std::vector<unsigned>{0, 0, 1000000}), up(total), down(total), chain(total);
  tickets<<<blocks, threads>>>(cells.data(), up.data(), down.data(), chain.data());
  std::vector<unsigned> want, a = up.host(), b = down.host(), c = chain.host();
  for (unsigned i = 0; i < total; ++i) want.push_back(i % 100);
  std::sort(want.begin(), want.end());
  std::sort(a.begin(), a.end());
  std::string wrong = difference(a, want);
  want.clear();
  for (unsigned i = 0; i < total; ++i) want.push_back((100 - i % 100) % 100);
  std::sort(want.begin(), want.end());
  std::sort(b.begin(), b.end());
  wrong += difference(b, want);
  // Exchanged values: every thread's but the last one's, and the first.
  const std::vector<unsigned> left = cells.host();
  c.push_back(left[2]);
  std::sort(c.begin(), c.end());
  want.clear();
  for (unsigned i = 0; i < total; ++i) want.push_back(i);
  want.push_back(1000000);
  return wrong + difference(c, want) + difference(left, {total % 100, (100 - total % 100) % 100, left[2]});
}
KERNEL_CASE(tickets_and_exchanges)

// A float maximum and a double product by compare and swap, 16 bits too.
__global__ void swaps(float* largest, unsigned long long* product, unsigned short* count, int* won) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  const float x = static_cast<float>((i * 31) % 177) - 50;
  int* bits = reinterpret_cast<int*>(largest);
  for (int old = *static_cast<volatile int*>(bits); __int_as_float(old) < x;) {
    const int now = atomicCAS(bits, old, __float_as_int(x));
    if (now == old) break;
    old = now;
  }
  unsigned long long old = *static_cast<volatile unsigned long long*>(product), assumed;
  do {
    assumed = old;
    const double next = __longlong_as_double(static_cast<long long>(assumed)) * (i % 2 == 0 ? 2.0 : 0.5);
    old = atomicCAS(product, assumed, static_cast<unsigned long long>(__double_as_longlong(next)));
  } while (old != assumed);
  unsigned short seen = 0, expected;
  do {
    expected = seen;
    seen = atomicCAS(count + 1, expected, static_cast<unsigned short>(expected + 1));
  } while (seen != expected);
  won[i] = atomicCAS(&won[total], -1, i) == -1;
}
std::string compare_and_swap() {
  Buffer<float> largest(std::vector<float>{-1e30f});
  Buffer<double> product(std::vector<double>{3.0});
  Buffer<unsigned short> count(std::vector<unsigned short>{77, 0});
  std::vector<int> start(total + 1, 0);
  start[total] = -1;
  Buffer<int> won(start);
  swaps<<<blocks, threads>>>(largest.data(), reinterpret_cast<unsigned long long*>(product.data()),
                             count.data(), won.data());
  const std::vector<int> flags = won.host();
  const auto winners = static_cast<int>(std::count(flags.begin(), flags.end() - 1, 1));
  return difference(largest.host(), {126.0f}) + difference(product.host(), {3.0}) +
         difference(count.host(), {77, total}) + difference<int>({winners}, {1});
}
KERNEL_CASE(compare_and_swap)

__global__ void halves(__half2* pair, __half* single) {
  atomicAdd(pair, __floats2half2_rn(1.0f, -2.0f));
  if (threadIdx.x < 40) atomicAdd(single, __float2half(0.5f));
}
std::string pairs_of_halves() {
  Buffer<__half2> pair(std::vector<__half2>{__floats2half2_rn(10, 20)});
  Buffer<__half> single(std::vector<__half>{__float2half(1), __float2half(-1)});
  halves<<<1, 64>>>(pair.data(), single.data());
  const __half2 sums = pair.host()[0];
  const std::vector<__half> singles = single.host();
  return difference<float>(
      {__low2float(sums), __high2float(sums), __half2float(singles[0]), __half2float(singles[1])},
      {74, -108, 21, -1});
}
KERNEL_CASE(pairs_of_halves)

// By generic addresses, whose space differs from lane to lane.
__global__ void either(int* global, int* out) {
  __shared__ int shared;
  if (threadIdx.x == 0) shared = 0;
  __syncthreads();
  atomicAdd(threadIdx.x % 3 == 0 ? &shared : global, 1);
  __syncthreads();
  if (threadIdx.x == 0) *out = shared;
}
std::string atomics_on_generic_addresses() {
  Buffer<int> global(std::vector<int>{5}), out(1);
  either<<<1, 64>>>(global.data(), out.data());
  return difference(global.host(), {5 + 42}) + difference(out.host(), {22});
}
KERNEL_CASE(atomics_on_generic_addresses)

}  // namespace
}  // namespace gpusim::selfcheck
