// PTX instructions as cases: each line of the CUDA files names an instruction, the types of its result and
// operands, and the host's expression of the operands a, b, c, d that it has to equal.
#pragma once

#include <cuda_runtime.h>

#include <utility>

#include "tests/gpusim/selfcheck/reference.h"

namespace gpusim::selfcheck {

template <class Op, class... A>
__global__ void map(typename Op::Result* result, int n, const A*... operands) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) result[i] = Op::device(operands[i]...);
}

template <class Op, class... A, size_t... I>
void launch(const void* const* operands, void* result, int n, std::index_sequence<I...>) {
  map<Op, A...><<<(n + 127) / 128, 128>>>(static_cast<typename Op::Result*>(result), n,
                                          static_cast<const A*>(operands[I])...);
}

template <class Op, class H, class... A, size_t... I>
void refer(const void* const* operands, void* result, bool* specified, int n, std::index_sequence<I...>) {
  for (int i = 0; i < n; ++i) {
    result_is_unspecified() = false;
    static_cast<H*>(result)[i] = Op::reference(static_cast<const A*>(operands[I])[i]...);
    specified[i] = !result_is_unspecified();
  }
}

template <class Op, class H, class... A>
Instruction describe(H (*)(A...)) {
  using Indices = std::index_sequence_for<A...>;
  return {{kind_of<A>...},
          kind_of<typename Op::Result>,
          Op::tolerance,
          [](const void* const* in, void* out, int n) { launch<Op, A...>(in, out, n, Indices()); },
          [](const void* const* in, void* out, bool* specified, int n) {
            refer<Op, H, A...>(in, out, specified, n, Indices());
          }};
}

template <class Op>
bool add_instruction(const char* family, const char* name) {
  return add_case(family, name, [] { return differences(describe<Op>(&Op::reference)); });
}

}  // namespace gpusim::selfcheck

// The letters by which inline PTX knows a type's registers.
#define REGISTER_s16(x) "h"(x)
#define REGISTER_u16(x) "h"(x)
#define REGISTER_s32(x) "r"(x)
#define REGISTER_u32(x) "r"(x)
#define REGISTER_s64(x) "l"(x)
#define REGISTER_u64(x) "l"(x)
#define REGISTER_f32(x) "f"(x)
#define REGISTER_f64(x) "d"(x)
#define REGISTER_f16(x) "h"(x.bits)
#define REGISTER_bf16(x) "h"(x.bits)
#define REGISTER_f16x2(x) "r"(x.bits)
#define REGISTER_bf16x2(x) "r"(x.bits)

#define CASE_JOIN_(a, b) a##b
#define CASE_JOIN(a, b) CASE_JOIN_(a, b)

// H: what the reference gives; double for approximations. The file says its family.
#define CASE_(id, name, R, H, allowed, parameters, inputs, text, ...) \
  struct CASE_JOIN(Case, id) {                                        \
    using Result = R;                                                 \
    static constexpr Tolerance tolerance = allowed;                   \
    static __device__ R device parameters {                           \
      R r;                                                            \
      asm volatile(text : "=" REGISTER_##R(r) : inputs);              \
      return r;                                                       \
    }                                                                 \
    static H reference parameters { return __VA_ARGS__; }             \
  };                                                                  \
  [[maybe_unused]] const bool CASE_JOIN(added, id) = add_instruction<CASE_JOIN(Case, id)>(family, name);

// The same of a C++ expression instead of PTX.
#define CODE_(id, name, R, H, allowed, parameters, code, ...) \
  struct CASE_JOIN(Case, id) {                                \
    using Result = R;                                         \
    static constexpr Tolerance tolerance = allowed;           \
    static __device__ R device parameters { return code; }    \
    static H reference parameters { return __VA_ARGS__; }     \
  };                                                          \
  [[maybe_unused]] const bool CASE_JOIN(added, id) = add_instruction<CASE_JOIN(Case, id)>(family, name);

#define INPUTS1(A) REGISTER_##A(a)
#define INPUTS2(A, B) REGISTER_##A(a), REGISTER_##B(b)
#define INPUTS3(A, B, C) REGISTER_##A(a), REGISTER_##B(b), REGISTER_##C(c)
#define INPUTS4(A, B, C, D) REGISTER_##A(a), REGISTER_##B(b), REGISTER_##C(c), REGISTER_##D(d)

// TEXT: PTX of one's own, %0 the result. The host's expression comes last.
#define TEXT1(name, text, R, A, ...) \
  CASE_(__COUNTER__, name, R, R, Tolerance{}, (A a), INPUTS1(A), text, __VA_ARGS__)
#define TEXT2(name, text, R, A, B, ...) \
  CASE_(__COUNTER__, name, R, R, Tolerance{}, (A a, B b), INPUTS2(A, B), text, __VA_ARGS__)
#define TEXT3(name, text, R, A, B, C, ...) \
  CASE_(__COUNTER__, name, R, R, Tolerance{}, (A a, B b, C c), INPUTS3(A, B, C), text, __VA_ARGS__)
#define TEXT4(name, text, R, A, B, C, D, ...) \
  CASE_(__COUNTER__, name, R, R, Tolerance{}, (A a, B b, C c, D d), INPUTS4(A, B, C, D), text, __VA_ARGS__)

// PTX: the instruction alone.
#define PTX1(name, R, A, ...) TEXT1(name, name " %0, %1;", R, A, __VA_ARGS__)
#define PTX2(name, R, A, B, ...) TEXT2(name, name " %0, %1, %2;", R, A, B, __VA_ARGS__)
#define PTX3(name, R, A, B, C, ...) TEXT3(name, name " %0, %1, %2, %3;", R, A, B, C, __VA_ARGS__)
#define PTX4(name, R, A, B, C, D, ...) TEXT4(name, name " %0, %1, %2, %3, %4;", R, A, B, C, D, __VA_ARGS__)

// APPROXIMATION: the host's expression is the exact value, a double.
#define APPROXIMATION1(name, R, A, relative, absolute, ...)                                                \
  CASE_(__COUNTER__, name, R, double, (Tolerance{relative, absolute}), (A a), INPUTS1(A), name " %0, %1;", \
        __VA_ARGS__)
#define APPROXIMATION2(name, R, A, B, relative, absolute, ...)                                    \
  CASE_(__COUNTER__, name, R, double, (Tolerance{relative, absolute}), (A a, B b), INPUTS2(A, B), \
        name " %0, %1, %2;", __VA_ARGS__)
#define APPROXIMATION_TEXT1(name, text, R, A, relative, absolute, ...) \
  CASE_(__COUNTER__, name, R, double, (Tolerance{relative, absolute}), (A a), INPUTS1(A), text, __VA_ARGS__)

// FUNCTION: a function of CUDA's library in place of an instruction.
#define FUNCTION1(code, R, A, relative, absolute, ...) \
  CODE_(__COUNTER__, #code, R, double, (Tolerance{relative, absolute}), (A a), code, __VA_ARGS__)
#define FUNCTION2(code, R, A, B, relative, absolute, ...) \
  CODE_(__COUNTER__, #code, R, double, (Tolerance{relative, absolute}), (A a, B b), code, __VA_ARGS__)
