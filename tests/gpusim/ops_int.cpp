// Integer arithmetic.
#include <algorithm>
#include <limits>

#include "tests/gpusim/forms.h"

namespace gpusim {
namespace {

template <class T>
using Unsigned = std::make_unsigned_t<T>;

// Twice as wide, of the same sign.
template <class T>
struct WideOf;
template <>
struct WideOf<uint16_t> {
  using type = uint32_t;
};
template <>
struct WideOf<int16_t> {
  using type = int32_t;
};
template <>
struct WideOf<uint32_t> {
  using type = uint64_t;
};
template <>
struct WideOf<int32_t> {
  using type = int64_t;
};
template <>
struct WideOf<uint64_t> {
  using type = unsigned __int128;
};
template <>
struct WideOf<int64_t> {
  using type = __int128;
};
template <class T>
using Wide = typename WideOf<T>::type;

// All arithmetic wraps around; the unsigned types of C++ do, those of 64 bits without promotion to int.
template <class T>
T add(T a, T b) {
  return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
template <class T>
T subtract(T a, T b) {
  return static_cast<T>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
template <class T>
T multiply(T a, T b) {
  using U = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
  return static_cast<T>(static_cast<U>(a) * static_cast<U>(b));
}
template <class T>
T high_half(T a, T b) {
  return static_cast<T>((static_cast<Wide<T>>(a) * static_cast<Wide<T>>(b)) >> (8 * sizeof(T)));
}
template <class T>
Wide<T> full_product(T a, T b) {
  return static_cast<Wide<T>>(a) * static_cast<Wide<T>>(b);
}
// By zero: all ones, as the hardware gives.
template <class T>
T quotient(T a, T b) {
  if (b == 0) return static_cast<T>(-1);
  if constexpr (std::is_signed_v<T>) {
    if (b == -1) return subtract<T>(0, a);
  }
  return static_cast<T>(a / b);
}
template <class T>
T remainder(T a, T b) {
  if (b == 0) return a;
  if constexpr (std::is_signed_v<T>) {
    if (b == -1) return 0;
  }
  return static_cast<T>(a % b);
}

int32_t clamped(int64_t x) {
  using Limits = std::numeric_limits<int32_t>;
  return static_cast<int32_t>(std::clamp<int64_t>(x, Limits::min(), Limits::max()));
}

template <class T>
std::optional<Form> product_form(Opcode& opcode) {
  const bool accumulates = opcode.is("mad");
  if constexpr (std::is_same_v<T, int32_t>) {
    if (accumulates && opcode.take("sat")) {
      if (!opcode.take("hi")) return std::nullopt;
      return form<[](T a, T b, T c) { return clamped(int64_t{high_half<T>(a, b)} + c); }>();
    }
  }
  if (opcode.take("lo")) {
    return accumulates ? form<[](T a, T b, T c) { return add<T>(multiply<T>(a, b), c); }>()
                       : form<[](T a, T b) { return multiply<T>(a, b); }>();
  }
  if (opcode.take("hi")) {
    return accumulates ? form<[](T a, T b, T c) { return add<T>(high_half<T>(a, b), c); }>()
                       : form<[](T a, T b) { return high_half<T>(a, b); }>();
  }
  if constexpr (sizeof(T) < 8) {
    if (opcode.take("wide")) {
      return accumulates ? form<[](T a, T b, Wide<T> c) { return add<Wide<T>>(full_product<T>(a, b), c); }>()
                         : form<[](T a, T b) { return full_product<T>(a, b); }>();
    }
  }
  return std::nullopt;
}

template <class T>
T low24(T a) {
  return static_cast<T>(static_cast<T>(static_cast<uint32_t>(a) << 8) >> 8);
}

// mul24, mad24: of the low 24 bits, the product's low or high 32.
template <class T>
std::optional<Form> product24_form(Opcode& opcode) {
  if constexpr (sizeof(T) != 4) {
    return std::nullopt;
  } else {
    const bool accumulates = opcode.is("mad24");
    if (opcode.take("lo")) {
      return accumulates ? form<[](T a, T b, T c) { return add<T>(multiply<T>(low24(a), low24(b)), c); }>()
                         : form<[](T a, T b) { return multiply<T>(low24(a), low24(b)); }>();
    }
    if (opcode.take("hi")) {
      return accumulates
                 ? form<[](T a, T b, T c) {
                     return add<T>(static_cast<T>(full_product<T>(low24(a), low24(b)) >> 16), c);
                   }>()
                 : form<[](T a, T b) { return static_cast<T>(full_product<T>(low24(a), low24(b)) >> 16); }>();
    }
    return std::nullopt;
  }
}

template <class T>
std::optional<Form> sum_form(Opcode& opcode) {
  if constexpr (std::is_same_v<T, int32_t>) {
    if (opcode.take("sat")) {
      return opcode.is("add") ? form<[](T a, T b) { return clamped(int64_t{a} + b); }>()
                              : form<[](T a, T b) { return clamped(int64_t{a} - b); }>();
    }
  }
  return opcode.is("add") ? form<[](T a, T b) { return add<T>(a, b); }>()
                          : form<[](T a, T b) { return subtract<T>(a, b); }>();
}

template <class T>
std::optional<Form> typed_form(Opcode& opcode) {
  if (opcode.is("add") || opcode.is("sub")) return sum_form<T>(opcode);
  if (opcode.is("mul") || opcode.is("mad")) return product_form<T>(opcode);
  if (opcode.is("mul24") || opcode.is("mad24")) return product24_form<T>(opcode);
  if (opcode.is("div")) return form<[](T a, T b) { return quotient<T>(a, b); }>();
  if (opcode.is("rem")) return form<[](T a, T b) { return remainder<T>(a, b); }>();
  if (opcode.is("min")) return form<[](T a, T b) { return a < b ? a : b; }>();
  if (opcode.is("max")) return form<[](T a, T b) { return a < b ? b : a; }>();
  if (opcode.is("neg")) return form<[](T a) { return subtract<T>(0, a); }>();
  if (opcode.is("abs")) return form<[](T a) { return a < 0 ? subtract<T>(0, a) : a; }>();
  if (opcode.is("sad")) {
    return form<[](T a, T b, Unsigned<T> c) {
      return add<Unsigned<T>>(c, static_cast<Unsigned<T>>(a < b ? subtract<T>(b, a) : subtract<T>(a, b)));
    }>();
  }
  return std::nullopt;
}

// dp4a: the sum of the products of four bytes.
template <class A, class B>
constexpr auto dot4 = [](uint32_t a, uint32_t b, uint32_t c) {
  for (int k = 0; k < 4; ++k) {
    const auto x = static_cast<A>(a >> (8 * k));
    const auto y = static_cast<B>(b >> (8 * k));
    c += static_cast<uint32_t>(static_cast<int32_t>(x) * static_cast<int32_t>(y));
  }
  return c;
};

// dp2a: the sum of the products of two halves and two bytes, the lower or the upper ones.
template <class A, class B, int first_byte>
constexpr auto dot2 = [](uint32_t a, uint32_t b, uint32_t c) {
  for (int k = 0; k < 2; ++k) {
    const auto x = static_cast<A>(a >> (16 * k));
    const auto y = static_cast<B>(b >> (8 * (k + first_byte)));
    c += static_cast<uint32_t>(static_cast<int32_t>(x) * static_cast<int32_t>(y));
  }
  return c;
};

template <class Half, class FirstByte, class SecondByte>
std::optional<Form> typed_dot_form(Opcode& opcode) {
  if (opcode.is("dp4a")) return form<dot4<FirstByte, SecondByte>>();
  if (opcode.take("lo")) return form<dot2<Half, SecondByte, 0>>();
  if (opcode.take("hi")) return form<dot2<Half, SecondByte, 2>>();
  return std::nullopt;
}

std::optional<Form> dot_form(Opcode& opcode) {
  const auto second = opcode.take_type(), first = opcode.take_type();
  if (first == Type::u32 && second == Type::u32) return typed_dot_form<uint16_t, uint8_t, uint8_t>(opcode);
  if (first == Type::u32 && second == Type::s32) return typed_dot_form<uint16_t, uint8_t, int8_t>(opcode);
  if (first == Type::s32 && second == Type::u32) return typed_dot_form<int16_t, int8_t, uint8_t>(opcode);
  if (first == Type::s32 && second == Type::s32) return typed_dot_form<int16_t, int8_t, int8_t>(opcode);
  return std::nullopt;
}

}  // namespace

std::optional<Form> integer_form(Opcode& opcode) {
  if (opcode.is("dp4a") || opcode.is("dp2a")) return dot_form(opcode);
  for (const char* name :
       {"add", "sub", "mul", "mad", "mul24", "mad24", "div", "rem", "min", "max", "neg", "abs", "sad"}) {
    if (!opcode.is(name)) continue;
    Opcode trial = opcode;  // the type may be a float's
    const auto type = trial.take_type();
    if (!type || is_float(*type)) return std::nullopt;
    opcode = trial;
    return with_integer(*type, [&]<class T>() { return typed_form<T>(opcode); });
  }
  return std::nullopt;
}

}  // namespace gpusim
