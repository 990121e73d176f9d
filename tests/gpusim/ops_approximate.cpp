// Instructions that the hardware approximates. Here they are as exact as the library of C, but where a rule
// of PTX says what is lost.
#include "tests/gpusim/real.h"

namespace gpusim {
namespace {

constexpr auto inverse = [](float a) { return 1.0F / a; };
constexpr auto inverse_root = [](float a) {
  return static_cast<float>(1.0 / std::sqrt(static_cast<double>(a)));
};
constexpr auto root = [](float a) { return std::sqrt(a); };
constexpr auto power_of_2 = [](float a) { return std::exp2(a); };
constexpr auto log_2 = [](float a) { return std::log2(a); };
constexpr auto sine = [](float a) { return std::sin(a); };
constexpr auto cosine = [](float a) { return std::cos(a); };
constexpr auto hyperbolic_tangent = [](float a) { return std::tanh(a); };
constexpr auto quotient = [](float a, float b) { return a / b; };
// div.approx multiplies by an inverse, which is subnormal and gets lost for |b| > 2^126.
constexpr auto rough_quotient = [](float a, float b) {
  if (std::fabs(b) > 0x1p126F && !std::isinf(b)) return a * std::copysign(0.0F, b);
  return a / b;
};

template <auto f>
Form unary_form(bool ftz) {
  return ftz ? form<[](float a) { return finished<f, true, false, float>(a); }>()
             : form<[](float a) { return finished<f, false, false, float>(a); }>();
}
template <auto f>
Form binary_form(bool ftz) {
  return ftz ? form<[](float a, float b) { return finished<f, true, false, float>(a, b); }>()
             : form<[](float a, float b) { return finished<f, false, false, float>(a, b); }>();
}

std::optional<Form> float_approximation(Opcode& opcode) {
  const bool ftz = opcode.take("ftz");
  if (opcode.is("div")) {
    if (opcode.take("full")) return binary_form<quotient>(ftz);
    if (opcode.take("approx")) return binary_form<rough_quotient>(ftz);
    return std::nullopt;
  }
  if (!opcode.take("approx")) return std::nullopt;
  if (opcode.is("rcp")) return unary_form<inverse>(ftz);
  if (opcode.is("rsqrt")) return unary_form<inverse_root>(ftz);
  if (opcode.is("sqrt")) return unary_form<root>(ftz);
  if (opcode.is("ex2")) return unary_form<power_of_2>(ftz);
  if (opcode.is("lg2")) return unary_form<log_2>(ftz);
  if (opcode.is("sin")) return unary_form<sine>(ftz);
  if (opcode.is("cos")) return unary_form<cosine>(ftz);
  if (opcode.is("tanh") && !ftz) return unary_form<hyperbolic_tangent>(false);
  return std::nullopt;
}

// rcp and rsqrt of doubles read and write the upper words only; the results' lower words are zero.
double upper_word(double a) {
  return std::bit_cast<double>(std::bit_cast<uint64_t>(a) & ~uint64_t{0xffffffff});
}
double rounded_to_upper_word(double a) {
  if (a != a) return std::bit_cast<double>(uint64_t{0x7fffffff} << 32);
  if (std::isinf(a)) return a;
  return upper_word(std::bit_cast<double>(std::bit_cast<uint64_t>(a) + 0x80000000U));
}
std::optional<Form> double_approximation(Opcode& opcode) {
  if (!opcode.take("approx")) return std::nullopt;
  if (!opcode.take("ftz")) {
    if (!opcode.is("rsqrt")) return std::nullopt;
    return form<[](double a) { return canonical(1.0 / std::sqrt(a)); }>();
  }
  if (opcode.is("rcp")) {
    return form<[](double a) {
      return rounded_to_upper_word(flushed<true>(1.0 / flushed<true>(upper_word(a))));
    }>();
  }
  if (opcode.is("rsqrt")) {
    return form<[](double a) {
      return rounded_to_upper_word(1.0 / std::sqrt(flushed<true>(upper_word(a))));
    }>();
  }
  return std::nullopt;
}

}  // namespace

std::optional<Form> approximation_form(Opcode& opcode) {
  for (const char* name : {"div", "rcp", "rsqrt", "sqrt", "ex2", "lg2", "sin", "cos", "tanh"}) {
    if (!opcode.is(name)) continue;
    const auto type = opcode.take_type();
    if (type == Type::f32) return float_approximation(opcode);
    if (type == Type::f64) return double_approximation(opcode);
    return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace gpusim
