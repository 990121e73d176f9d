// Asynchronous copies into shared memory, ldmatrix, and products of small matrices by mma.sync.
#include <cuda_runtime.h>

#include <cmath>
#include <cstdint>

#include "tests/gpusim/selfcheck/buffer.h"
#include "tests/gpusim/selfcheck/reference.h"

namespace gpusim::selfcheck {
namespace {

constexpr const char* family = "matrix";

__device__ unsigned shared_address(const void* pointer) {
  return static_cast<unsigned>(__cvta_generic_to_shared(pointer));
}

// Groups of 4, 8 and 16 bytes; the last fills up with zeros behind eight bytes.
__global__ void copy(const int* in, int* out) {
  __shared__ __align__(16) int cells[4][128];
  const int t = static_cast<int>(threadIdx.x);  // 32
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(shared_address(&cells[0][t])), "l"(in + t));
  asm volatile("cp.async.commit_group;");
  asm volatile("cp.async.ca.shared.global [%0], [%1], 8;" ::"r"(shared_address(&cells[1][2 * t])),
               "l"(in + 2 * t));
  asm volatile("cp.async.commit_group;");
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address(&cells[2][4 * t])),
               "l"(in + 4 * t));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(&cells[3][4 * t])),
               "l"(in + 4 * t), "r"(t % 2 == 0 ? 8 : 16));
  asm volatile("cp.async.commit_group;");
  asm volatile("cp.async.wait_group 2;" ::: "memory");
  out[t] = cells[0][t];
  asm volatile("cp.async.wait_group 1;" ::: "memory");
  __syncwarp();
  for (int i = 0; i < 2; ++i) out[32 + 32 * i + t] = cells[1][63 - (32 * i + t)];
  asm volatile("cp.async.wait_all;" ::: "memory");
  __syncthreads();
  for (int i = 0; i < 4; ++i) out[96 + 32 * i + t] = cells[2][127 - (32 * i + t)];
  for (int i = 0; i < 4; ++i) out[224 + 32 * i + t] = cells[3][127 - (32 * i + t)];
}
std::string asynchronous_copies() {
  std::vector<int> in(128), want;
  for (int i = 0; i < 128; ++i) in[i] = i * 1001 + 7;
  for (int i = 0; i < 32; ++i) want.push_back(in[i]);
  for (int i = 0; i < 64; ++i) want.push_back(in[63 - i]);
  for (int i = 0; i < 128; ++i) want.push_back(in[127 - i]);
  for (int i = 0; i < 128; ++i) {
    const int at = 127 - i;
    want.push_back(at / 4 % 2 == 0 && at % 4 >= 2 ? 0 : in[at]);
  }
  Buffer<int> from(in), out(want.size());
  copy<<<1, 32>>>(from.data(), out.data());
  return difference(out.host(), want);
}
KERNEL_CASE(asynchronous_copies)

// Matrices of 8 x 8 numbers of 16 bits: lane l gets two neighbours of row l / 4, or of column with .trans.
template <int Count, bool Transposed>
__global__ void load(unsigned* out) {
  __shared__ __align__(16) uint16_t cells[32 * 8];
  const unsigned t = threadIdx.x;
  for (unsigned i = t; i < 256; i += 32) cells[i] = static_cast<uint16_t>(i * 3);
  __syncthreads();
  unsigned r[4] = {0, 0, 0, 0};
  const unsigned row = shared_address(cells + t * 8);
  if constexpr (Count == 1 && !Transposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];" : "=r"(r[0]) : "r"(row));
  if constexpr (Count == 2 && !Transposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(row));
  if constexpr (Count == 4 && !Transposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(row));
  if constexpr (Count == 1 && Transposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%0}, [%1];" : "=r"(r[0]) : "r"(row));
  if constexpr (Count == 2 && Transposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(row));
  if constexpr (Count == 4 && Transposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(row));
  for (int i = 0; i < 4; ++i) out[t * 4 + i] = r[i];
}
template <int Count, bool Transposed>
std::string loaded() {
  std::vector<unsigned> want(128, 0);
  for (unsigned lane = 0; lane < 32; ++lane) {
    for (unsigned m = 0; m < Count; ++m) {
      unsigned halves[2];
      for (unsigned i = 0; i < 2; ++i) {
        const unsigned row = Transposed ? lane % 4 * 2 + i : lane / 4,
                       column = Transposed ? lane / 4 : lane % 4 * 2 + i;
        halves[i] = ((m * 8 + row) * 8 + column) * 3;
      }
      want[lane * 4 + m] = halves[1] << 16 | halves[0];
    }
  }
  Buffer<unsigned> out(128);
  load<Count, Transposed><<<1, 32>>>(out.data());
  return difference(out.host(), want);
}
std::string matrix_loads() {
  return loaded<1, false>() + loaded<2, false>() + loaded<4, false>() + loaded<1, true>() +
         loaded<2, true>() + loaded<4, true>();
}
KERNEL_CASE(matrix_loads)

// D = A B + C for A of 16 x K, B of K x 8 (K 16 or 8), spread over the lanes as the ISA lays down: lane l
// holds rows l / 4 and l / 4 + 8 of A, C and D and column l / 4 of B, two neighbours a register.
enum class Form { bf16_16, f16_16, f16_into_f16_16, bf16_8, f16_8 };
template <Form form>
constexpr int depth = form == Form::bf16_8 || form == Form::f16_8 ? 8 : 16;

template <Form form>
__global__ void multiply(const uint16_t* a, const uint16_t* b, const float* c, float* d) {
  constexpr int k = depth<form>;
  const int lane = static_cast<int>(threadIdx.x), group = lane / 4, in = lane % 4 * 2;
  const auto two = [](uint16_t low, uint16_t high) { return static_cast<unsigned>(high) << 16 | low; };
  unsigned x[k / 4], y[k / 8];
  float z[4];
#pragma unroll
  for (int i = 0; i < k / 4; ++i) {
    const uint16_t* at = a + (group + i % 2 * 8) * k + in + i / 2 * 8;
    x[i] = two(at[0], at[1]);
  }
#pragma unroll
  for (int i = 0; i < k / 8; ++i) y[i] = two(b[(in + i * 8) * 8 + group], b[(in + i * 8 + 1) * 8 + group]);
#pragma unroll
  for (int i = 0; i < 4; ++i) z[i] = c[(group + i / 2 * 8) * 8 + in + i % 2];
#define MULTIPLY_16(types)                                              \
  asm volatile("mma.sync.aligned.m16n8k16.row.col." types               \
               " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};" \
               : "+f"(z[0]), "+f"(z[1]), "+f"(z[2]), "+f"(z[3])         \
               : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]), "r"(y[1]))
#define MULTIPLY_8(types)                                                                                \
  asm volatile("mma.sync.aligned.m16n8k8.row.col." types " {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};" \
               : "+f"(z[0]), "+f"(z[1]), "+f"(z[2]), "+f"(z[3])                                          \
               : "r"(x[0]), "r"(x[1]), "r"(y[0]))
  if constexpr (form == Form::bf16_16) MULTIPLY_16("f32.bf16.bf16.f32");
  if constexpr (form == Form::f16_16) MULTIPLY_16("f32.f16.f16.f32");
  if constexpr (form == Form::bf16_8) MULTIPLY_8("f32.bf16.bf16.f32");
  if constexpr (form == Form::f16_8) MULTIPLY_8("f32.f16.f16.f32");
  if constexpr (form == Form::f16_into_f16_16) {
    unsigned w[2];
    asm volatile("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(w[0]) : "f"(z[1]), "f"(z[0]));
    asm volatile("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(w[1]) : "f"(z[3]), "f"(z[2]));
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16 {%0,%1}, {%2,%3,%4,%5}, {%6,%7}, {%0,%1};"
                 : "+r"(w[0]), "+r"(w[1])
                 : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]), "r"(y[1]));
    for (int i = 0; i < 4; ++i) {
      asm volatile("cvt.f32.f16 %0, %1;"
                   : "=f"(z[i])
                   : "h"(static_cast<uint16_t>(w[i / 2] >> (16 * (i % 2)))));
    }
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) d[(group + i / 2 * 8) * 8 + in + i % 2] = z[i];
}

// With whole numbers all sums are exact; with others they may be off by the format's rounding.
template <Form form, class T>
std::string multiplied(T (*convert)(double, Rounding), bool whole, double tolerance) {
  constexpr int k = depth<form>;
  std::vector<uint16_t> a(16 * k), b(k * 8);
  std::vector<float> c(16 * 8), want(16 * 8);
  const auto number = [whole](int i) { return whole ? i % 9 - 4 : std::sin(i * 1.7) * 2; };
  for (int i = 0; i < 16 * k; ++i) a[i] = convert(number(i * 7 + i / 5), Rounding::nearest).bits;
  for (int i = 0; i < k * 8; ++i) b[i] = convert(number(i * 5 + i / 3 + 1), Rounding::nearest).bits;
  for (int i = 0; i < 16 * 8; ++i) c[i] = value(convert(number(i * 11 + 2), Rounding::nearest));
  Buffer<uint16_t> device_a(a), device_b(b);
  Buffer<float> device_c(c), d(16 * 8);
  multiply<form><<<1, 32>>>(device_a.data(), device_b.data(), device_c.data(), d.data());
  const std::vector<float> got = d.host();
  for (int row = 0; row < 16; ++row) {
    for (int column = 0; column < 8; ++column) {
      double sum = c[row * 8 + column];
      for (int i = 0; i < k; ++i) sum += double(value(T{a[row * k + i]})) * value(T{b[i * 8 + column]});
      const float have = got[row * 8 + column];
      if (!(std::fabs(have - sum) <= (whole ? 0 : tolerance))) {
        return joined({"[", std::to_string(row), ", ", std::to_string(column), "] is ", std::to_string(have),
                       ", not ", std::to_string(sum)});
      }
    }
  }
  return "";
}
std::string matrix_products() {
  std::string wrong;
  for (const bool whole : {true, false}) {
    wrong += multiplied<Form::bf16_16, bf16>(to_bf16, whole, 2e-5);
    wrong += multiplied<Form::f16_16, f16>(to_f16, whole, 2e-5);
    wrong += multiplied<Form::bf16_8, bf16>(to_bf16, whole, 2e-5);
    wrong += multiplied<Form::f16_8, f16>(to_f16, whole, 2e-5);
    wrong += multiplied<Form::f16_into_f16_16, f16>(to_f16, whole, 3e-2);
  }
  return wrong;
}
KERNEL_CASE(matrix_products)

}  // namespace
}  // namespace gpusim::selfcheck
