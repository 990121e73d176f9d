// cvt.
#include "tests/gpusim/real.h"

namespace gpusim {
namespace {

// ---- Between integers -------------------------------------------------------------------------------------

template <class F>
std::optional<Form> with_any_integer(Type type, F f) {
  if (type == Type::u8) return f.template operator()<uint8_t>();
  if (type == Type::s8) return f.template operator()<int8_t>();
  return with_integer(type, f);
}

// The register of an integer of so many bits, if the text does not say.
int register_bits(int seen, Type type) {
  return seen != 0 ? seen : std::max(bits_of(type), 16);
}

// f's integer in a register of so many bits, which may be wider: extended by its sign.
template <class Source, auto f>
std::optional<Form> extended_form(int to) {
  using N = decltype(f(Source{}));
  if (to == 64) return form<[](Source a) { return static_cast<uint64_t>(f(a)); }>();
  if constexpr (sizeof(N) <= 4) {
    if (to == 32) return form<[](Source a) { return static_cast<uint32_t>(f(a)); }>();
  }
  if constexpr (sizeof(N) <= 2) {
    if (to == 16) return form<[](Source a) { return static_cast<uint16_t>(f(a)); }>();
  }
  return std::nullopt;
}

// Integers' registers; those of 16 bits are read as those of 32.
struct Registers {
  int to, from;
};
template <auto f>
std::optional<Form> between_registers(Registers registers) {
  auto result = registers.from == 64 ? extended_form<uint64_t, [](uint64_t a) { return f(a); }>(registers.to)
                                     : extended_form<uint32_t, [](uint32_t a) { return f(a); }>(registers.to);
  if (result) result->bits = {registers.to, registers.from};
  return result;
}

std::optional<Form> wrapped_form(Type to, Type from, Registers registers) {
  // The narrower of the two decides, a widening the source.
  const bool widens = bits_of(to) > bits_of(from);
  // A sign that ends within the register.
  if (widens && is_signed(from) && !is_signed(to) && bits_of(to) < registers.to) return std::nullopt;
  return with_any_integer(widens ? from : to, [&]<class N>() {
    return between_registers<[](auto a) { return static_cast<N>(a); }>(registers);
  });
}

template <class To, class From>
To clamped(From a) {
  using Limits = std::numeric_limits<To>;
  if (std::cmp_less(a, Limits::min())) return Limits::min();
  if (std::cmp_greater(a, Limits::max())) return Limits::max();
  return static_cast<To>(a);
}
std::optional<Form> clamped_form(Type to, Type from, Registers registers) {
  return with_any_integer(to, [&]<class To>() {
    return with_any_integer(from, [&]<class From>() {
      return between_registers<[](auto a) { return clamped<To>(static_cast<From>(a)); }>(registers);
    });
  });
}

std::optional<Form> integers_form(Opcode& opcode, Type to, Type from, const OperandShape& shape) {
  const Registers registers{register_bits(shape.destination_bits, to),
                            register_bits(shape.source_bits, from)};
  if (registers.to < bits_of(to) || registers.from < bits_of(from)) return std::nullopt;
  return opcode.take("sat") ? clamped_form(to, from, registers) : wrapped_form(to, from, registers);
}

// ---- Real types: how a register is read and written -------------------------------------------------------

struct F32 {
  using Register = float;
  static float read(float a) { return a; }
};
struct F64 {
  using Register = double;
  static double read(double a) { return a; }
};
template <class Format>
struct Small {
  using Register = uint16_t;
  static float read(uint16_t a) { return Format::from_bits(a); }
  static uint16_t write(double a, Rounding rounding) { return Format::rounded(a, rounding); }
};

template <class F>
std::optional<Form> with_real(Type type, F f) {
  switch (type) {
    case Type::f32:
      return f.template operator()<F32>();
    case Type::f64:
      return f.template operator()<F64>();
    case Type::f16:
      return f.template operator()<Small<F16>>();
    case Type::bf16:
      return f.template operator()<Small<BF16>>();
    default:
      return std::nullopt;
  }
}

// .rni, .rzi, .rmi, .rpi
std::optional<Rounding> take_whole(Opcode& opcode) {
  if (opcode.take("rni")) return Rounding::nearest;
  if (opcode.take("rzi")) return Rounding::zero;
  if (opcode.take("rmi")) return Rounding::down;
  if (opcode.take("rpi")) return Rounding::up;
  return std::nullopt;
}
template <Rounding rounding, class T>
T whole(T a) {
  if constexpr (rounding == Rounding::nearest) return std::nearbyint(a);
  if constexpr (rounding == Rounding::zero) return std::trunc(a);
  if constexpr (rounding == Rounding::down) return std::floor(a);
  return std::ceil(a);
}

template <class F>
std::optional<Form> with_rounding(Rounding rounding, F f) {
  switch (rounding) {
    case Rounding::nearest:
      return f.template operator()<Rounding::nearest>();
    case Rounding::zero:
      return f.template operator()<Rounding::zero>();
    case Rounding::down:
      return f.template operator()<Rounding::down>();
    case Rounding::up:
      return f.template operator()<Rounding::up>();
  }
  return std::nullopt;
}

// ---- Real to integer --------------------------------------------------------------------------------------

// Clamped to the integer's range. NaN: zero, or the highest bit alone where 64 bits are involved.
template <class To, Rounding rounding, class T>
To integer_of(T a) {
  using Limits = std::numeric_limits<To>;
  if (a != a) {
    constexpr bool is_wide = sizeof(T) == 8 || sizeof(To) == 8;
    return is_wide ? static_cast<To>(To{1} << (8 * sizeof(To) - 1)) : To{0};
  }
  const T x = whole<rounding>(a);
  // 2^k, one more than the greatest value.
  const T end = std::ldexp(T{1}, Limits::digits);
  if (x >= end) return Limits::max();
  if (x < static_cast<T>(Limits::min())) return Limits::min();
  return static_cast<To>(x);
}

template <class R, Rounding rounding, bool ftz>
std::optional<Form> integer_of_form(Type to, int register_bits) {
  using T = typename R::Register;
  return with_any_integer(to, [&]<class To>() {
    return extended_form<T, [](T a) { return integer_of<To, rounding>(flushed<ftz>(R::read(a))); }>(
        register_bits);
  });
}

std::optional<Form> to_integer(Opcode& opcode, Type to, Type from, const OperandShape& shape) {
  opcode.take("sat");  // always so
  const bool ftz = opcode.take("ftz");
  const auto rounding = take_whole(opcode);
  const int bits = register_bits(shape.destination_bits, to);
  if (!rounding || (ftz && from != Type::f32) || bits < bits_of(to)) return std::nullopt;
  auto result = with_rounding(*rounding, [&]<Rounding r>() {
    if (ftz) return integer_of_form<F32, r, true>(to, bits);
    return with_real(from, [&]<class R>() { return integer_of_form<R, r, false>(to, bits); });
  });
  if (result) result->bits[0] = bits;
  return result;
}

// ---- To real types ----------------------------------------------------------------------------------------

// An integer in double, to odd where it does not fit, so that a rounding to 16 bits remains the only one.
template <class T>
double to_odd(T a) {
  if constexpr (sizeof(T) < 8) {
    return static_cast<double>(a);
  } else {
    const bool negative = a < 0;
    uint64_t size = negative ? 0 - static_cast<uint64_t>(a) : static_cast<uint64_t>(a);
    const int excess = 64 - 53 - std::countl_zero(size | 1);
    if (excess > 0) {
      const uint64_t lost = size & ((uint64_t{1} << excess) - 1);
      size = (size >> excess << excess) | (lost != 0 ? uint64_t{1} << excess : 0);
    }
    const auto value = static_cast<double>(size);
    return negative ? -value : value;
  }
}

// Unsigned numbers go through signed ones, which have an instruction that rounds once in every mode.
template <class To, class T>
To real_of(T a) {
  if constexpr (std::is_same_v<T, uint32_t>) return static_cast<To>(static_cast<int64_t>(a));
  return static_cast<To>(a);
}

template <class R, class From>
std::optional<Form> of_integer_form(Rounding rounding, bool sat) {
  using T = typename R::Register;
  // Registers of bytes have 16 bits.
  using Source = std::conditional_t<sizeof(From) == 1, uint16_t, From>;
  if constexpr (std::is_same_v<T, uint16_t>) {
    if (sat) return std::nullopt;
    return with_rounding(rounding, []<Rounding r>() -> std::optional<Form> {
      return form<[](Source a) { return R::write(to_odd(static_cast<From>(a)), r); }>();
    });
  } else {
    return sat ? rounded_form<[](Source a) { return saturated<true>(real_of<T>(static_cast<From>(a))); }>(
                     rounding)
               : rounded_form<[](Source a) { return real_of<T>(static_cast<From>(a)); }>(rounding);
  }
}

template <bool relu, class T>
T rectified(T a) {
  if constexpr (relu) return a != a ? a : a > T{0} ? a : T{0};
  return a;
}

template <class From, bool ftz, bool sat, bool relu>
auto input(typename From::Register a) {
  return rectified<relu>(saturated<sat>(flushed<ftz>(From::read(a))));
}

// Between real types of different names.
template <class To, class From, bool ftz, bool sat, bool relu>
std::optional<Form> real_form(Rounding rounding) {
  using S = typename From::Register;
  if constexpr (std::is_same_v<typename To::Register, uint16_t>) {
    return with_rounding(rounding, []<Rounding r>() -> std::optional<Form> {
      return form<[](S a) { return To::write(input<From, ftz, sat, relu>(a), r); }>();
    });
  } else {
    using T = typename To::Register;
    return rounded_form<[](S a) {
      return canonical(flushed<ftz>(static_cast<T>(input<From, ftz, sat, relu>(a))));
    }>(rounding);
  }
}

// To a whole number of the same type; or the same value.
template <class R, bool ftz, bool sat>
std::optional<Form> whole_form(std::optional<Rounding> rounding) {
  using T = typename R::Register;
  if constexpr (std::is_same_v<T, uint16_t>) {
    if (!rounding) return std::nullopt;
    return with_rounding(*rounding, []<Rounding r>() -> std::optional<Form> {
      return form<[](T a) { return R::write(saturated<sat>(whole<r>(R::read(a))), Rounding::nearest); }>();
    });
  } else {
    if (!rounding) return form<[](T a) { return canonical(saturated<sat>(flushed<ftz>(a))); }>();
    return with_rounding(*rounding, []<Rounding r>() -> std::optional<Form> {
      return form<[](T a) { return canonical(saturated<sat>(whole<r>(flushed<ftz>(a)))); }>();
    });
  }
}

template <class To, class From>
std::optional<Form> reals_form(Opcode& opcode) {
  const bool ftz = opcode.take("ftz"), sat = opcode.take("sat");
  if constexpr (std::is_same_v<To, From>) {
    const auto rounding = take_whole(opcode);
    if (ftz) return sat ? whole_form<To, true, true>(rounding) : whole_form<To, true, false>(rounding);
    return sat ? whole_form<To, false, true>(rounding) : whole_form<To, false, false>(rounding);
  } else {
    const bool relu = opcode.take("relu");
    const Rounding rounding = take_rounding(opcode).value_or(Rounding::nearest);
    if (relu) {
      if (ftz || sat) return std::nullopt;
      return real_form<To, From, false, false, true>(rounding);
    }
    if (ftz)
      return sat ? real_form<To, From, true, true, false>(rounding)
                 : real_form<To, From, true, false, false>(rounding);
    return sat ? real_form<To, From, false, true, false>(rounding)
               : real_form<To, From, false, false, false>(rounding);
  }
}

// Two floats to a pair: the first is the high one.
template <class Format, Rounding rounding, bool relu>
uint32_t pair_of(float high, float low) {
  return (static_cast<uint32_t>(Format::rounded(rectified<relu>(high), rounding)) << 16) |
         Format::rounded(rectified<relu>(low), rounding);
}
template <class Format>
std::optional<Form> pair_form(Opcode& opcode) {
  const bool relu = opcode.take("relu");
  const auto rounding = take_rounding(opcode);
  if (rounding == Rounding::nearest) {
    return relu ? form<pair_of<Format, Rounding::nearest, true>>()
                : form<pair_of<Format, Rounding::nearest, false>>();
  }
  if (rounding == Rounding::zero) {
    return relu ? form<pair_of<Format, Rounding::zero, true>>()
                : form<pair_of<Format, Rounding::zero, false>>();
  }
  return std::nullopt;
}

// A float with 10 bits of fraction, in a register of 32; halves away from zero.
std::optional<Form> tf32_form(Opcode& opcode) {
  if (!opcode.take("rna")) return std::nullopt;
  return form<[](float a) {
    if (a != a) return 0x7fffffffU;
    const auto bits = std::bit_cast<uint32_t>(a);
    return std::isinf(a) ? bits : (bits + 0x1000U) & ~0x1fffU;
  }>();
}

std::optional<Form> of_integer(Opcode& opcode, Type to, Type from) {
  const bool sat = opcode.take("sat");
  const auto rounding = take_rounding(opcode);
  if (!rounding) return std::nullopt;
  return with_real(to, [&]<class R>() {
    return with_any_integer(from, [&]<class From>() { return of_integer_form<R, From>(*rounding, sat); });
  });
}

// The width that the text shows, in place of the type's: only integers' registers may be wider.
std::optional<Form> with_wide_source(std::optional<Form> form, Type from, const OperandShape& shape) {
  // Registers of up to 32 bits are read alike.
  if (form && shape.source_bits == 32 && form->bits[1] == 16 && bits_of(from) <= 16) form->bits[1] = 32;
  return form;
}

}  // namespace

std::optional<Form> conversion_form(Opcode& opcode, const OperandShape& shape) {
  if (!opcode.is("cvt")) return std::nullopt;
  const auto from = opcode.take_type(), to = opcode.take_type();
  if (!from || !to) return std::nullopt;
  if (*to == Type::f16x2 && *from == Type::f32) return pair_form<F16>(opcode);
  if (*to == Type::bf16x2 && *from == Type::f32) return pair_form<BF16>(opcode);
  if (*to == Type::tf32 && *from == Type::f32) return tf32_form(opcode);
  if (is_float(*to) && is_float(*from)) {
    return with_real(*to, [&]<class To>() {
      return with_real(*from, [&]<class From>() { return reals_form<To, From>(opcode); });
    });
  }
  if (is_float(*to)) return with_wide_source(of_integer(opcode, *to, *from), *from, shape);
  if (is_float(*from)) return to_integer(opcode, *to, *from, shape);
  return integers_form(opcode, *to, *from, shape);
}

}  // namespace gpusim
