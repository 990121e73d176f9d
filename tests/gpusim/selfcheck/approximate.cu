// Approximations within the error that the PTX ISA states, and CUDA's library functions within the units in
// the last place that the programming guide states.
#include "tests/gpusim/selfcheck/instruction.cuh"

namespace gpusim::selfcheck {
namespace {

constexpr const char* family = "approximate";
constexpr double least = std::numeric_limits<float>::min();  // what flushing may lose
constexpr double pi = 3.14159265358979323846;
constexpr double two_ulp = 0x1p-22, one_ulp = 0x1p-23;

APPROXIMATION1("rcp.approx.f32", f32, f32, one_ulp, 0x1p-148, 1.0 / a)
APPROXIMATION1("rcp.approx.ftz.f32", f32, f32, one_ulp, least, 1.0 / flush(a))
APPROXIMATION1("sqrt.approx.f32", f32, f32, one_ulp, 0, std::sqrt(double(a)))
APPROXIMATION1("sqrt.approx.ftz.f32", f32, f32, one_ulp, 0, std::sqrt(double(flush(a))))
APPROXIMATION1("rsqrt.approx.f32", f32, f32, 0x1.12p-23, 0, 1 / std::sqrt(double(a)))
APPROXIMATION1("rsqrt.approx.ftz.f32", f32, f32, 0x1.12p-23, 0, 1 / std::sqrt(double(flush(a))))
APPROXIMATION1("ex2.approx.f32", f32, f32, two_ulp, 0x1p-148, std::exp2(double(a)))
APPROXIMATION1("ex2.approx.ftz.f32", f32, f32, two_ulp, least, std::exp2(double(flush(a))))
APPROXIMATION1("lg2.approx.f32", f32, f32, two_ulp, two_ulp, std::log2(double(a)))
APPROXIMATION1("lg2.approx.ftz.f32", f32, f32, two_ulp, two_ulp, std::log2(double(flush(a))))
APPROXIMATION1("tanh.approx.f32", f32, f32, 0x1p-11, 0, std::tanh(double(a)))

// The stated error holds near zero; a larger one for a hundred half turns.
#define CIRCULAR(function)                                                             \
  APPROXIMATION1(#function ".approx.f32", f32, f32, 0, 0x1.6ap-21,                     \
                 std::fabs(a) > pi ? unspecified<double>() : std::function(double(a))) \
  APPROXIMATION1(#function ".approx.ftz.f32", f32, f32, 0, 0x1.4ep-15,                 \
                 std::fabs(a) > 100 * pi ? unspecified<double>() : std::function(double(flush(a))))
CIRCULAR(sin)
CIRCULAR(cos)

// Quotients near the ends of the range are left out: intermediate results leave it first.
template <class T>
double quotient(T a, T b, double largest_divisor) {
  const double q = double(a) / b;
  const bool plain = std::isnan(q) || b == 0 ||
                     (std::fabs(b) >= least && std::fabs(b) <= largest_divisor && std::fabs(q) < 1e38);
  return plain && !(std::isinf(a) && std::isfinite(b) && std::fabs(b) > largest_divisor)
             ? q
             : unspecified<double>();
}
APPROXIMATION2("div.approx.f32", f32, f32, f32, two_ulp, least, quotient(a, b, 0x1p126))
APPROXIMATION2("div.approx.ftz.f32", f32, f32, f32, two_ulp, least, quotient(flush(a), flush(b), 0x1p126))
APPROXIMATION2("div.full.f32", f32, f32, f32, two_ulp, least, quotient(a, b, 0x1p127))
APPROXIMATION2("div.full.ftz.f32", f32, f32, f32, two_ulp, least, quotient(flush(a), flush(b), 0x1p127))

// Of the upper 32 bits of the operand, into the upper 32 of the result.
inline double flushed(double a) {
  return std::fpclassify(a) == FP_SUBNORMAL ? std::copysign(0.0, a) : a;
}
APPROXIMATION1("rcp.approx.ftz.f64", f64, f64, 0x1p-18, std::numeric_limits<double>::min(), 1 / flushed(a))
APPROXIMATION1("rsqrt.approx.ftz.f64", f64, f64, 0x1p-18, 0, 1 / std::sqrt(flushed(a)))

APPROXIMATION1("ex2.approx.f16", f16, f16, 0x1.13p-10, 0x1p-24, std::exp2(double(value(a))))
APPROXIMATION1("tanh.approx.f16", f16, f16, 0, 0x1.03p-11, std::tanh(double(value(a))))
#define SECOND_HALF(name) \
  "{ .reg .b16 low; .reg .b32 pair; mov.b32 pair, {0, %1}; " name " pair, pair; mov.b32 {low, %0}, pair; }"
APPROXIMATION_TEXT1("ex2.approx.f16x2", SECOND_HALF("ex2.approx.f16x2"), f16, f16, 0x1.13p-10, 0x1p-24,
                    std::exp2(double(value(a))))
APPROXIMATION_TEXT1("tanh.approx.f16x2", SECOND_HALF("tanh.approx.f16x2"), f16, f16, 0, 0x1.03p-11,
                    std::tanh(double(value(a))))

constexpr double ulp = 0x1p-23, tiny = 0x1p-148;  // of single precision, relative
FUNCTION1(expf(a), f32, f32, 2 * ulp, tiny, std::exp(double(a)))
FUNCTION1(exp10f(a), f32, f32, 2 * ulp, tiny, std::pow(10.0, double(a)))
FUNCTION1(expm1f(a), f32, f32, 2 * ulp, tiny, std::expm1(double(a)))
FUNCTION1(logf(a), f32, f32, 2 * ulp, tiny, std::log(double(a)))
FUNCTION1(log1pf(a), f32, f32, 2 * ulp, tiny, std::log1p(double(a)))
FUNCTION1(sinf(a), f32, f32, 3 * ulp, tiny, std::sin(double(a)))
FUNCTION1(cosf(a), f32, f32, 3 * ulp, tiny, std::cos(double(a)))
FUNCTION1(tanf(a), f32, f32, 5 * ulp, tiny, std::tan(double(a)))
FUNCTION1(tanhf(a), f32, f32, 3 * ulp, tiny, std::tanh(double(a)))
FUNCTION1(erff(a), f32, f32, 3 * ulp, tiny, std::erf(double(a)))
FUNCTION1(cbrtf(a), f32, f32, 2 * ulp, tiny, std::cbrt(double(a)))
FUNCTION1(rsqrtf(a), f32, f32, 3 * ulp, tiny, 1 / std::sqrt(double(a)))
FUNCTION2(powf(a, b), f32, f32, f32, 8 * ulp, tiny, std::pow(double(a), double(b)))
FUNCTION2(atan2f(a, b), f32, f32, f32, 4 * ulp, tiny, std::atan2(double(a), double(b)))
FUNCTION2(fmodf(a, b), f32, f32, f32, tiny, tiny, std::fmod(double(a), double(b)))
FUNCTION2(hypotf(a, b), f32, f32, f32, 4 * ulp, tiny, std::hypot(double(a), double(b)))
FUNCTION2(__fdividef(a, b), f32, f32, f32, two_ulp, least, quotient(a, b, 0x1p126))

// In double precision the host's own functions are the reference: both may be off by a few units.
constexpr double ulp64 = 0x1p-52, tiny64 = 0x1p-1070;
FUNCTION1(exp(a), f64, f64, 3 * ulp64, tiny64, std::exp(a))
FUNCTION1(log(a), f64, f64, 3 * ulp64, tiny64, std::log(a))
FUNCTION1(sin(a), f64, f64, 4 * ulp64, tiny64, std::sin(a))
FUNCTION1(tanh(a), f64, f64, 4 * ulp64, tiny64, std::tanh(a))
FUNCTION1(erf(a), f64, f64, 4 * ulp64, tiny64, std::erf(a))
FUNCTION1(rsqrt(a), f64, f64, 4 * ulp64, tiny64, 1 / std::sqrt(a))
FUNCTION2(pow(a, b), f64, f64, f64, 4 * ulp64, tiny64, std::pow(a, b))
FUNCTION2(fmod(a, b), f64, f64, f64, tiny64, tiny64, std::fmod(a, b))

}  // namespace
}  // namespace gpusim::selfcheck
