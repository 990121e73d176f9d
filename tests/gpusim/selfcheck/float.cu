// Arithmetic in single and double precision: every rounding mode, flushing, saturation, NaN and signed zeros.
#include "tests/gpusim/selfcheck/instruction.cuh"

namespace gpusim::selfcheck {
namespace {

constexpr const char* family = "float";
constexpr Rounding rn = Rounding::nearest, rz = Rounding::zero, rm = Rounding::down, rp = Rounding::up;

#define SINGLE(mode)                                                                                         \
  PTX2("add." #mode ".f32", f32, f32, f32, add(a, b, mode))                                                  \
  PTX2("add." #mode ".ftz.f32", f32, f32, f32, flush_result(add(flush(a), flush(b), mode)))                  \
  PTX2("add." #mode ".sat.f32", f32, f32, f32, saturate(add(a, b, mode)))                                    \
  PTX2("sub." #mode ".f32", f32, f32, f32, add(a, -b, mode))                                                 \
  PTX2("sub." #mode ".ftz.f32", f32, f32, f32, flush_result(add(flush(a), -flush(b), mode)))                 \
  PTX2("mul." #mode ".f32", f32, f32, f32, multiply(a, b, mode))                                             \
  PTX2("mul." #mode ".ftz.f32", f32, f32, f32, flush_result(multiply(flush(a), flush(b), mode)))             \
  PTX2("mul." #mode ".sat.f32", f32, f32, f32, saturate(multiply(a, b, mode)))                               \
  PTX3("fma." #mode ".f32", f32, f32, f32, f32, fused(a, b, c, mode))                                        \
  PTX3("fma." #mode ".ftz.f32", f32, f32, f32, f32, flush_result(fused(flush(a), flush(b), flush(c), mode))) \
  PTX3("fma." #mode ".sat.f32", f32, f32, f32, f32, saturate(fused(a, b, c, mode)))                          \
  PTX3("mad." #mode ".f32", f32, f32, f32, f32, fused(a, b, c, mode))                                        \
  PTX2("div." #mode ".f32", f32, f32, f32, divide(a, b, mode))                                               \
  PTX2("div." #mode ".ftz.f32", f32, f32, f32, flush_result(divide(flush(a), flush(b), mode)))               \
  PTX1("rcp." #mode ".f32", f32, f32, divide(1.0f, a, mode))                                                 \
  PTX1("rcp." #mode ".ftz.f32", f32, f32, flush_result(divide(1.0f, flush(a), mode)))                        \
  PTX1("sqrt." #mode ".f32", f32, f32, square_root(a, mode))                                                 \
  PTX1("sqrt." #mode ".ftz.f32", f32, f32, square_root(flush(a), mode))
SINGLE(rn)
SINGLE(rz)
SINGLE(rm)
SINGLE(rp)

#define DOUBLE(mode)                                                  \
  PTX2("add." #mode ".f64", f64, f64, f64, add(a, b, mode))           \
  PTX2("sub." #mode ".f64", f64, f64, f64, add(a, -b, mode))          \
  PTX2("mul." #mode ".f64", f64, f64, f64, multiply(a, b, mode))      \
  PTX3("fma." #mode ".f64", f64, f64, f64, f64, fused(a, b, c, mode)) \
  PTX2("div." #mode ".f64", f64, f64, f64, divide(a, b, mode))        \
  PTX1("rcp." #mode ".f64", f64, f64, divide(1.0, a, mode))           \
  PTX1("sqrt." #mode ".f64", f64, f64, square_root(a, mode))
DOUBLE(rn)
DOUBLE(rz)
DOUBLE(rm)
DOUBLE(rp)

// Without a mode: to nearest.
PTX2("add.f32", f32, f32, f32, a + b)
PTX2("sub.f32", f32, f32, f32, a - b)
PTX2("mul.f32", f32, f32, f32, a* b)
PTX2("add.ftz.sat.f32", f32, f32, f32, saturate(flush_result(flush(a) + flush(b))))
PTX2("add.f64", f64, f64, f64, a + b)
PTX2("mul.f64", f64, f64, f64, a* b)

#define EXTREMES(T)                       \
  PTX2("min." #T, T, T, T, smaller(a, b)) \
  PTX2("max." #T, T, T, T, larger(a, b))  \
  PTX1("neg." #T, T, T, -a)               \
  PTX1("abs." #T, T, T, std::fabs(a))     \
  PTX2("copysign." #T, T, T, T, std::copysign(b, a))
EXTREMES(f32)
EXTREMES(f64)
PTX2("min.NaN.f32", f32, f32, f32, smaller_or_nan(a, b))
PTX2("max.NaN.f32", f32, f32, f32, larger_or_nan(a, b))
PTX2("min.ftz.f32", f32, f32, f32, smaller(flush(a), flush(b)))
PTX2("max.ftz.f32", f32, f32, f32, larger(flush(a), flush(b)))
PTX2("max.ftz.NaN.f32", f32, f32, f32, larger_or_nan(flush(a), flush(b)))
PTX1("neg.ftz.f32", f32, f32, -flush(a))
PTX1("abs.ftz.f32", f32, f32, std::fabs(flush(a)))

#define TEST_PROPERTY(property, T, ...) \
  TEXT1("testp." #property "." #T,      \
        "{ .reg .pred p; testp." #property "." #T " p, %1; selp.u32 %0, 1, 0, p; }", u32, T, __VA_ARGS__)
#define TEST_PROPERTIES(T)                    \
  TEST_PROPERTY(finite, T, std::isfinite(a))  \
  TEST_PROPERTY(infinite, T, std::isinf(a))   \
  TEST_PROPERTY(number, T, !std::isnan(a))    \
  TEST_PROPERTY(notanumber, T, std::isnan(a)) \
  TEST_PROPERTY(normal, T, std::isnormal(a))  \
  TEST_PROPERTY(subnormal, T, std::fpclassify(a) == FP_SUBNORMAL)
TEST_PROPERTIES(f32)
TEST_PROPERTIES(f64)

}  // namespace
}  // namespace gpusim::selfcheck
