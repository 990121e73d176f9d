// Exact arithmetic of floats and doubles, in all roundings.
#include "tests/gpusim/real.h"

namespace gpusim {
namespace {

template <class T>
using Bits = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

constexpr auto sum = [](auto a, auto b) { return a + b; };
constexpr auto difference = [](auto a, auto b) { return a - b; };
constexpr auto product = [](auto a, auto b) { return a * b; };
constexpr auto quotient = [](auto a, auto b) { return a / b; };
constexpr auto fused = [](auto a, auto b, auto c) { return std::fma(a, b, c); };
constexpr auto inverse = [](auto a) { return decltype(a){1} / a; };
constexpr auto root = [](auto a) { return std::sqrt(a); };

// std::fma is an instruction here, and not a call of the library.
template <auto f>
[[gnu::target("avx2,fma"), gnu::flatten]] void each_fused(Warp& warp, const Instruction& i, LaneMask lanes) {
  each<f>(warp, i, lanes);
}

template <auto f, bool ftz, bool sat, class T, class... A>
Form finished_form(Rounding rounding) {
  constexpr auto whole = [](A... a) { return finished<f, ftz, sat, T>(a...); };
  Form result = rounded_form<whole>(rounding);
  static const bool fast = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (sizeof...(A) == 3 && fast && rounding == Rounding::nearest) result.handler = &each_fused<whole>;
  return result;
}

// f(T, T, ...) with the modes that the opcode names.
template <auto f, class T, class... A>
std::optional<Form> arithmetic_form(Opcode& opcode) {
  const Rounding rounding = take_rounding(opcode).value_or(Rounding::nearest);
  if constexpr (sizeof(T) == 8) {
    return finished_form<f, false, false, T, A...>(rounding);
  } else {
    const bool ftz = opcode.take("ftz"), sat = opcode.take("sat");
    if (ftz) {
      return sat ? finished_form<f, true, true, T, A...>(rounding)
                 : finished_form<f, true, false, T, A...>(rounding);
    }
    return sat ? finished_form<f, false, true, T, A...>(rounding)
               : finished_form<f, false, false, T, A...>(rounding);
  }
}

// neg and abs change a bit, of NaNs too.
template <bool ftz, class T>
std::optional<Form> sign_form(const Opcode& opcode) {
  constexpr Bits<T> sign = Bits<T>{1} << (8 * sizeof(T) - 1);
  if (opcode.is("neg")) {
    return form<[](T a) { return std::bit_cast<T>(std::bit_cast<Bits<T>>(flushed<ftz>(a)) ^ sign); }>();
  }
  return form<[](T a) { return std::bit_cast<T>(std::bit_cast<Bits<T>>(flushed<ftz>(a)) & ~sign); }>();
}

template <bool ftz, class T>
std::optional<Form> extreme_form(Opcode& opcode) {
  const bool nan_wins = opcode.take("NaN");
  if (opcode.is("min")) {
    return nan_wins ? form<[](T a, T b) { return finished<smaller<true, T>, ftz, false, T>(a, b); }>()
                    : form<[](T a, T b) { return finished<smaller<false, T>, ftz, false, T>(a, b); }>();
  }
  return nan_wins ? form<[](T a, T b) { return finished<larger<true, T>, ftz, false, T>(a, b); }>()
                  : form<[](T a, T b) { return finished<larger<false, T>, ftz, false, T>(a, b); }>();
}

template <class T>
std::optional<Form> typed_form(Opcode& opcode) {
  if (opcode.is("add")) return arithmetic_form<sum, T, T, T>(opcode);
  if (opcode.is("sub")) return arithmetic_form<difference, T, T, T>(opcode);
  if (opcode.is("mul")) return arithmetic_form<product, T, T, T>(opcode);
  if (opcode.is("fma") || opcode.is("mad")) return arithmetic_form<fused, T, T, T, T>(opcode);
  if (opcode.is("copysign")) return form<[](T sign, T size) { return std::copysign(size, sign); }>();
  if (opcode.is("neg") || opcode.is("abs")) {
    if constexpr (sizeof(T) == 4) {
      if (opcode.take("ftz")) return sign_form<true, T>(opcode);
    }
    return sign_form<false, T>(opcode);
  }
  if (opcode.is("min") || opcode.is("max")) {
    if constexpr (sizeof(T) == 4) {
      if (opcode.take("ftz")) return extreme_form<true, T>(opcode);
    }
    return extreme_form<false, T>(opcode);
  }
  // Those that have approximations name a rounding.
  Opcode trial = opcode;
  if (!take_rounding(trial)) return std::nullopt;
  if (opcode.is("div")) return arithmetic_form<quotient, T, T, T>(opcode);
  if (opcode.is("rcp")) return arithmetic_form<inverse, T, T>(opcode);
  return arithmetic_form<root, T, T>(opcode);
}

}  // namespace

std::optional<Form> float_form(Opcode& opcode) {
  for (const char* name :
       {"add", "sub", "mul", "fma", "mad", "div", "rcp", "sqrt", "neg", "abs", "min", "max", "copysign"}) {
    if (!opcode.is(name)) continue;
    const auto type = opcode.take_type();
    if (type == Type::f32) return typed_form<float>(opcode);
    if (type == Type::f64) return typed_form<double>(opcode);
    return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace gpusim
