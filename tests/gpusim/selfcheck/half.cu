// Arithmetic of the 16-bit formats, one and two at a time.
#include "tests/gpusim/selfcheck/instruction.cuh"

namespace gpusim::selfcheck {
namespace {

constexpr const char* family = "half";

// In double precision sums and products of halves are exact.
inline f16 sum(f16 a, f16 b) {
  return to_f16(double(value(a)) + value(b));
}
inline f16 less(f16 a, f16 b) {
  return to_f16(double(value(a)) - value(b));
}
inline f16 product(f16 a, f16 b) {
  return to_f16(double(value(a)) * value(b));
}
inline f16 flushed(f16 a) {
  return (a.bits & 0x7c00) == 0 ? f16{uint16_t(a.bits & 0x8000)} : a;
}
inline f16 flushed_result(f16 a) {
  return (a.bits & 0x7fff) == 0x0400 ? unspecified<f16>() : flushed(a);
}
inline f16 clamped(f16 a) {
  return to_f16(saturate(value(a)));
}
template <class T>
T negative(T a) {
  return {uint16_t(a.bits ^ 0x8000)};
}
template <class T>
T magnitude(T a) {
  return {uint16_t(a.bits & 0x7fff)};
}
template <class T>
T positive(T a) {
  if (a.bits == 0x8000) return unspecified<T>();  // which zero it becomes
  return (a.bits & 0x8000) != 0 && !std::isnan(value(a)) ? T{0} : a;
}
inline f16 encoded(float a, f16) {
  return to_f16(a);
}
inline bf16 encoded(float a, bf16) {
  return to_bf16(a);
}
template <class T>
T least_of(T a, T b) {
  return encoded(smaller(value(a), value(b)), a);
}
template <class T>
T greatest_of(T a, T b) {
  return encoded(larger(value(a), value(b)), a);
}
template <class T>
T least_or_nan(T a, T b) {
  return encoded(smaller_or_nan(value(a), value(b)), a);
}
template <class T>
T greatest_or_nan(T a, T b) {
  return encoded(larger_or_nan(value(a), value(b)), a);
}
template <class T>
T fma_of(T a, T b, T c) {
  return fused(a, b, c);
}

// Of one and of two numbers.
#define EITHER2(name, T, function)    \
  PTX2(name, T, T, T, function(a, b)) \
  PTX2(name "x2", T##x2, T##x2, T##x2, pairwise([](T x, T y) { return function(x, y); }, a, b))
EITHER2("add.f16", f16, sum)
EITHER2("sub.f16", f16, less)
EITHER2("mul.f16", f16, product)
EITHER2("min.f16", f16, least_of)
EITHER2("max.f16", f16, greatest_of)
EITHER2("min.NaN.f16", f16, least_or_nan)
EITHER2("max.NaN.f16", f16, greatest_or_nan)
EITHER2("min.bf16", bf16, least_of)
EITHER2("max.bf16", bf16, greatest_of)
EITHER2("min.NaN.bf16", bf16, least_or_nan)
EITHER2("max.NaN.bf16", bf16, greatest_or_nan)
PTX2("add.rn.f16", f16, f16, f16, sum(a, b))
PTX2("sub.rn.f16x2", f16x2, f16x2, f16x2, pairwise(less, a, b))
PTX2("mul.rn.f16x2", f16x2, f16x2, f16x2, pairwise(product, a, b))
PTX2("add.ftz.f16", f16, f16, f16, flushed_result(sum(flushed(a), flushed(b))))
PTX2("mul.ftz.f16", f16, f16, f16, flushed_result(product(flushed(a), flushed(b))))
PTX2("add.sat.f16", f16, f16, f16, clamped(sum(a, b)))
PTX2("mul.sat.f16x2", f16x2, f16x2, f16x2,
     pairwise([](f16 x, f16 y) { return clamped(product(x, y)); }, a, b))

#define EITHER1(name, T, function) \
  PTX1(name, T, T, function(a))    \
  PTX1(name "x2", T##x2, T##x2, pairwise([](T x) { return function(x); }, a))
EITHER1("neg.f16", f16, negative)
EITHER1("abs.f16", f16, magnitude)
EITHER1("neg.bf16", bf16, negative)
EITHER1("abs.bf16", bf16, magnitude)

#define EITHER3(name, T, function)            \
  PTX3(name, T, T, T, T, function(a, b, c))   \
  PTX3(name "x2", T##x2, T##x2, T##x2, T##x2, \
       pairwise([](T x, T y, T z) { return function(x, y, z); }, a, b, c))
#define POSITIVE_FMA(x, y, z) positive(fused(x, y, z))
#define CLAMPED_FMA(x, y, z) clamped(fused(x, y, z))
EITHER3("fma.rn.f16", f16, fma_of)
EITHER3("fma.rn.bf16", bf16, fma_of)
EITHER3("fma.rn.relu.f16", f16, POSITIVE_FMA)
EITHER3("fma.rn.relu.bf16", bf16, POSITIVE_FMA)
EITHER3("fma.rn.sat.f16", f16, CLAMPED_FMA)
PTX3("fma.rn.ftz.f16", f16, f16, f16, f16, flushed_result(fused(flushed(a), flushed(b), flushed(c))))

#define HALF_COMPARISON(op, ...)                                                                             \
  TEXT2("setp." #op ".f16", "{ .reg .pred p; setp." #op ".f16 p, %1, %2; selp.u32 %0, 1, 0, p; }", u32, f16, \
        f16, holds(value(a), value(b), [](float x, float y) { return __VA_ARGS__; }))                        \
  PTX2("set." #op ".f16x2.f16x2", f16x2, f16x2, f16x2,                                                       \
       pairwise(                                                                                             \
           [](f16 s, f16 t) {                                                                                \
             return to_f16(holds(value(s), value(t), [](float x, float y) { return __VA_ARGS__; }));         \
           },                                                                                                \
           a, b))                                                                                            \
  PTX2("set." #op ".u32.f16x2", f16x2, f16x2, f16x2,                                                         \
       pairwise(                                                                                             \
           [](f16 s, f16 t) {                                                                                \
             const bool is = holds(value(s), value(t), [](float x, float y) { return __VA_ARGS__; });        \
             return f16{uint16_t(is ? 0xffff : 0)};                                                          \
           },                                                                                                \
           a, b))
template <class F>
bool holds(float a, float b, const F& f) {
  return f(a, b);
}
HALF_COMPARISON(eq, x == y)
HALF_COMPARISON(ne, x<y || x> y)
HALF_COMPARISON(lt, x < y)
HALF_COMPARISON(le, x <= y)
HALF_COMPARISON(gt, x > y)
HALF_COMPARISON(ge, x >= y)
HALF_COMPARISON(neu, !(x == y))
HALF_COMPARISON(ltu, !(x >= y))
HALF_COMPARISON(nan, std::isnan(x) || std::isnan(y))
TEXT2("setp.lt.f16x2 p|q",
      "{ .reg .pred p, q; .reg .u32 x; setp.lt.f16x2 p|q, %1, %2; selp.u32 x, 1, 0, p; selp.u32 %0, 2, 0, q; "
      "add.u32 %0, %0, x; }",
      u32, f16x2, f16x2,
      (value(f16{uint16_t(a.bits)}) < value(f16{uint16_t(b.bits)}) ? 1 : 0) +
          (value(f16{uint16_t(a.bits >> 16)}) < value(f16{uint16_t(b.bits >> 16)}) ? 2 : 0))

}  // namespace
}  // namespace gpusim::selfcheck
