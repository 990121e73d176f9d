// Arithmetic of 16-bit floats, alone and in pairs; one rounding each, to the nearest.
#include "tests/gpusim/real.h"

namespace gpusim {
namespace {

// a b + c of 16-bit floats, rounded to odd in double: what is rounded to 16 bits afterwards has been rounded
// once. The product is exact, the error of the sum is known (Knuth's two-sum).
double fused_to_odd(double a, double b, double c) {
  const double product = a * b, sum = product + c;
  if (!std::isfinite(sum)) return sum;
  const double part = sum - product, error = (product - (sum - part)) + (c - part);
  const auto bits = std::bit_cast<uint64_t>(sum);
  if (error == 0 || (bits & 1) != 0) return sum;
  return std::bit_cast<double>((error > 0) == (sum > 0) ? bits + 1 : bits - 1);
}

struct Modes {
  bool ftz = false, sat = false, relu = false;
};
// Structural types for template arguments.
constexpr Modes plain{}, flushing{true, false, false}, saturating{false, true, false},
    rectifying{false, false, true}, flushing_saturating{true, true, false},
    flushing_rectifying{true, false, true};

template <class F, bool ftz>
float read(uint16_t bits) {
  const float x = F::from_bits(bits);
  return ftz && std::fabs(x) < F::smallest_normal ? std::copysign(0.0F, x) : x;
}
template <class F, Modes modes>
uint16_t write(double x) {
  if constexpr (modes.sat) x = saturated<true>(x);
  if constexpr (modes.relu) {
    if (x == x) x = x > 0 ? x : 0;
  }
  const uint16_t bits = F::rounded(x, Rounding::nearest);
  const bool subnormal = (bits & 0x7fff) != 0 && std::fabs(F::from_bits(bits)) < F::smallest_normal;
  return modes.ftz && subnormal ? static_cast<uint16_t>(bits & 0x8000) : bits;
}

constexpr auto sum = [](double a, double b) { return fused_to_odd(a, 1, b); };
constexpr auto difference = [](double a, double b) { return fused_to_odd(b, -1, a); };
constexpr auto product = [](double a, double b) { return a * b; };
constexpr auto power_of_2 = [](double a) { return std::exp2(a); };
constexpr auto hyperbolic_tangent = [](double a) { return std::tanh(a); };

// f of the bits of one element, or of both halves of a pair.
template <auto f, bool pairs, class... A>
auto of_elements(A... a) {
  if constexpr (pairs) {
    const uint32_t low = f(static_cast<uint16_t>(a)...), high = f(static_cast<uint16_t>(a >> 16)...);
    return low | (high << 16);
  } else {
    return f(a...);
  }
}
template <auto f, bool pairs>
Form elements_form(uint16_t (*)(uint16_t)) {
  using U = std::conditional_t<pairs, uint32_t, uint16_t>;
  return form<[](U a) { return of_elements<f, pairs>(a); }>();
}
template <auto f, bool pairs>
Form elements_form(uint16_t (*)(uint16_t, uint16_t)) {
  using U = std::conditional_t<pairs, uint32_t, uint16_t>;
  return form<[](U a, U b) { return of_elements<f, pairs>(a, b); }>();
}
template <auto f, bool pairs>
Form elements_form(uint16_t (*)(uint16_t, uint16_t, uint16_t)) {
  using U = std::conditional_t<pairs, uint32_t, uint16_t>;
  return form<[](U a, U b, U c) { return of_elements<f, pairs>(a, b, c); }>();
}
template <auto f, bool pairs>
Form elements_form() {
  return elements_form<f, pairs>(+f);
}

template <class F, bool pairs, auto f, Modes modes, class... U>
Form moded_form() {
  constexpr auto whole = [](U... a) { return write<F, modes>(f(read<F, modes.ftz>(a)...)); };
  return elements_form<whole, pairs>();
}
template <class F, bool pairs, auto f, class... U>
std::optional<Form> arithmetic_form(Opcode& opcode) {
  opcode.take("rn");
  const bool ftz = opcode.take("ftz"), sat = opcode.take("sat"), relu = opcode.take("relu");
  if (sat && relu) return std::nullopt;
  if (ftz && sat) return moded_form<F, pairs, f, flushing_saturating, U...>();
  if (ftz && relu) return moded_form<F, pairs, f, flushing_rectifying, U...>();
  if (ftz) return moded_form<F, pairs, f, flushing, U...>();
  if (sat) return moded_form<F, pairs, f, saturating, U...>();
  if (relu) return moded_form<F, pairs, f, rectifying, U...>();
  return moded_form<F, pairs, f, plain, U...>();
}

// min and max choose one of their arguments.
template <class F, bool pairs, bool ftz>
std::optional<Form> extreme_form(Opcode& opcode) {
  constexpr Modes modes = ftz ? flushing : plain;
  using U = uint16_t;
  const bool nan_wins = opcode.take("NaN");
  if (opcode.is("min")) {
    return nan_wins ? moded_form<F, pairs, smaller<true, float>, modes, U, U>()
                    : moded_form<F, pairs, smaller<false, float>, modes, U, U>();
  }
  return nan_wins ? moded_form<F, pairs, larger<true, float>, modes, U, U>()
                  : moded_form<F, pairs, larger<false, float>, modes, U, U>();
}

template <class F, bool pairs>
std::optional<Form> typed_form(Opcode& opcode) {
  using U = uint16_t;
  if (opcode.is("add")) return arithmetic_form<F, pairs, sum, U, U>(opcode);
  if (opcode.is("sub")) return arithmetic_form<F, pairs, difference, U, U>(opcode);
  if (opcode.is("mul")) return arithmetic_form<F, pairs, product, U, U>(opcode);
  if (opcode.is("fma")) return arithmetic_form<F, pairs, fused_to_odd, U, U, U>(opcode);
  const bool ftz = opcode.take("ftz");
  if (opcode.is("min") || opcode.is("max")) {
    return ftz ? extreme_form<F, pairs, true>(opcode) : extreme_form<F, pairs, false>(opcode);
  }
  if (opcode.is("neg") && !ftz) return elements_form<[](U a) { return static_cast<U>(a ^ 0x8000); }, pairs>();
  if (opcode.is("abs") && !ftz) return elements_form<[](U a) { return static_cast<U>(a & 0x7fff); }, pairs>();
  if (!opcode.take("approx")) return std::nullopt;
  if (opcode.is("ex2")) {
    return ftz ? moded_form<F, pairs, power_of_2, flushing, U>()
               : moded_form<F, pairs, power_of_2, plain, U>();
  }
  if (opcode.is("tanh") && !ftz) return moded_form<F, pairs, hyperbolic_tangent, plain, U>();
  return std::nullopt;
}

}  // namespace

std::optional<Form> half_form(Opcode& opcode) {
  for (const char* name : {"add", "sub", "mul", "fma", "neg", "abs", "min", "max", "ex2", "tanh"}) {
    if (!opcode.is(name)) continue;
    const auto type = opcode.take_type();
    if (type == Type::f16) return typed_form<F16, false>(opcode);
    if (type == Type::bf16) return typed_form<BF16, false>(opcode);
    if (type == Type::f16x2) return typed_form<F16, true>(opcode);
    if (type == Type::bf16x2) return typed_form<BF16, true>(opcode);
    return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace gpusim
