// Logic, shifts, fields and counts of bits, bytes in a new order, sums with a carry.
#include <algorithm>
#include <bit>

#include "tests/gpusim/forms.h"

namespace gpusim {
namespace {

template <class T>
constexpr uint32_t width = 8 * sizeof(T);

// Shifts by the width or more give zero, or the sign.
template <class T>
T shift_left(T a, uint32_t by) {
  return by >= width<T> ? T{0} : static_cast<T>(static_cast<uint64_t>(a) << by);
}
template <class T>
T shift_right(T a, uint32_t by) {
  if constexpr (std::is_signed_v<T>) return static_cast<T>(a >> (by >= width<T> ? width<T> - 1 : by));
  return by >= width<T> ? T{0} : static_cast<T>(a >> by);
}

template <class T>
std::optional<Form> logic_form(Opcode& opcode) {
  if (opcode.is("and")) return form<[](T a, T b) { return static_cast<T>(a & b); }>();
  if (opcode.is("or")) return form<[](T a, T b) { return static_cast<T>(a | b); }>();
  if (opcode.is("xor")) return form<[](T a, T b) { return static_cast<T>(a ^ b); }>();
  if (opcode.is("not")) return form<[](T a) { return static_cast<T>(~a); }>();
  if (opcode.is("cnot")) return form<[](T a) { return static_cast<T>(a == 0); }>();
  if (opcode.is("shl")) return form<[](T a, uint32_t by) { return shift_left<T>(a, by); }>();
  return std::nullopt;
}

// Predicates: whole masks at once.
template <class F>
void each_predicate(Warp& warp, const Instruction& i, LaneMask lanes, F f) {
  const LaneMask a = warp.predicates[i.s[0]];
  const LaneMask b = i.s[1] >= 0 ? warp.predicates[i.s[1]] : 0;
  set_predicate(warp, i.d[0], lanes, f(a, b));
}
template <auto f>
void predicate_logic(Warp& warp, const Instruction& i, LaneMask lanes) {
  each_predicate(warp, i, lanes, f);
}
std::optional<Form> predicate_form(const Opcode& opcode) {
  if (opcode.is("and")) return Form{predicate_logic<[](LaneMask a, LaneMask b) { return a & b; }>, {1, 1, 1}};
  if (opcode.is("or")) return Form{predicate_logic<[](LaneMask a, LaneMask b) { return a | b; }>, {1, 1, 1}};
  if (opcode.is("xor")) return Form{predicate_logic<[](LaneMask a, LaneMask b) { return a ^ b; }>, {1, 1, 1}};
  if (opcode.is("not")) return Form{predicate_logic<[](LaneMask a, LaneMask) { return ~a; }>, {1, 1}};
  if (opcode.is("mov")) return Form{predicate_logic<[](LaneMask a, LaneMask) { return a; }>, {1, 1}};
  return std::nullopt;
}

// The highest bit that differs from the sign; all ones if there is none.
template <class T>
uint32_t highest_bit(T a) {
  using U = std::make_unsigned_t<T>;
  const U bits = a < 0 ? static_cast<U>(~a) : static_cast<U>(a);
  return static_cast<uint32_t>(static_cast<int>(width<U>) - 1 - std::countl_zero(bits));
}

template <class T>
std::optional<Form> count_form(Opcode& opcode) {
  using U = std::make_unsigned_t<T>;
  if (opcode.is("popc")) {
    return form<[](U a) { return static_cast<uint32_t>(std::popcount(a)); }>();
  }
  if (opcode.is("clz")) return form<[](U a) { return static_cast<uint32_t>(std::countl_zero(a)); }>();
  if (opcode.is("brev")) {
    return form<[](U a) {
      U result = 0;
      for (uint32_t k = 0; k < width<U>; ++k)
        result = static_cast<U>(result | static_cast<U>(((a >> k) & 1) << (width<U> - 1 - k)));
      return result;
    }>();
  }
  if (opcode.is("bfind")) {
    if (opcode.take("shiftamt")) {
      return form<[](T a) {
        const uint32_t bit = highest_bit<T>(a);
        return bit == ~0U ? bit : width<T> - 1 - bit;
      }>();
    }
    return form<[](T a) { return highest_bit<T>(a); }>();
  }
  return std::nullopt;
}

// Positions and lengths of fields count modulo 256.
template <class T>
T extract_field(T a, uint32_t position, uint32_t length) {
  using U = std::make_unsigned_t<T>;
  position &= 255;
  length &= 255;
  if (length == 0) return 0;
  const auto bits = static_cast<U>(a);
  const uint32_t last = std::min(position + length - 1, width<T> - 1);
  const U fill = std::is_signed_v<T> && ((bits >> last) & 1) != 0 ? ~U{0} : U{0};
  if (position >= width<T>) return static_cast<T>(fill);
  const U mask = length >= width<T> ? ~U{0} : (U{1} << length) - 1;
  const uint32_t known = width<T> - position;  // bits of the field that exist
  const U value = bits >> position;
  const U exists = known >= width<T> ? ~U{0} : (U{1} << known) - 1;
  return static_cast<T>((value & mask & exists) | (fill & ~(mask & exists)));
}
template <class U>
U insert_field(U a, U into, uint32_t position, uint32_t length) {
  position &= 255;
  length &= 255;
  if (position >= width<U> || length == 0) return into;
  const U mask = (length >= width<U> ? ~U{0} : (U{1} << length) - 1) << position;
  return (into & ~mask) | ((a << position) & mask);
}

// Of the 64 bits {b, a}, shifted.
uint32_t by_left(uint32_t a, uint32_t b, uint32_t by) {
  if (by == 32) return a;
  return static_cast<uint32_t>((((uint64_t{b} << 32) | a) << by) >> 32);
}
uint32_t by_right(uint32_t a, uint32_t b, uint32_t by) {
  return static_cast<uint32_t>(((uint64_t{b} << 32) | a) >> by);
}

std::optional<Form> funnel_form(Opcode& opcode) {
  const bool left = opcode.take("l");
  if (!left && !opcode.take("r")) return std::nullopt;
  const bool wraps = opcode.take("wrap");
  if (!wraps && !opcode.take("clamp")) return std::nullopt;
  using U = uint32_t;
  if (left) {
    return wraps ? form<[](U a, U b, U by) { return by_left(a, b, by & 31); }>()
                 : form<[](U a, U b, U by) { return by_left(a, b, std::min(by, 32U)); }>();
  }
  return wraps ? form<[](U a, U b, U by) { return by_right(a, b, by & 31); }>()
               : form<[](U a, U b, U by) { return by_right(a, b, std::min(by, 32U)); }>();
}

uint32_t permute(uint32_t a, uint32_t b, uint32_t selector) {
  const uint64_t bytes = (uint64_t{b} << 32) | a;
  uint32_t result = 0;
  for (int k = 0; k < 4; ++k) {
    const uint32_t choice = selector >> (4 * k);
    const auto byte = static_cast<uint8_t>(bytes >> (8 * (choice & 7)));
    const uint32_t value = (choice & 8) == 0 ? byte : (byte & 128) != 0 ? 255U : 0U;
    result |= value << (8 * k);
  }
  return result;
}
// prmt's modes: selectors that depend on the low two bits of c.
std::optional<Form> permute_form(Opcode& opcode) {
  using U = uint32_t;
  if (opcode.take("f4e"))
    return form<[](U a, U b, U c) { return permute(a, b, 0x3210U + (c & 3) * 0x1111U); }>();
  if (opcode.take("b4e")) {
    return form<[](U a, U b, U c) { return permute(a, b, (0x5670U + (c & 3) * 0x1111U) & 0x7777U); }>();
  }
  if (opcode.take("rc8")) return form<[](U a, U b, U c) { return permute(a, b, (c & 3) * 0x1111U); }>();
  if (opcode.take("ecl")) {
    return form<[](U a, U b, U c) {
      constexpr U selectors[4] = {0x3210, 0x3211, 0x3222, 0x3333};
      return permute(a, b, selectors[c & 3]);
    }>();
  }
  if (opcode.take("ecr")) {
    return form<[](U a, U b, U c) {
      constexpr U selectors[4] = {0x0000, 0x1110, 0x2210, 0x3210};
      return permute(a, b, selectors[c & 3]);
    }>();
  }
  if (opcode.take("rc16"))
    return form<[](U a, U b, U c) { return permute(a, b, (c & 1) != 0 ? 0x3232U : 0x1010U); }>();
  return form<[](U a, U b, U c) { return permute(a, b, c); }>();
}

uint32_t lookup3(uint32_t a, uint32_t b, uint32_t c, uint32_t table) {
  uint32_t result = 0;
  for (uint32_t k = 0; k < 8; ++k) {
    if (((table >> k) & 1) == 0) continue;
    result |= ((k & 4) != 0 ? a : ~a) & ((k & 2) != 0 ? b : ~b) & ((k & 1) != 0 ? c : ~c);
  }
  return result;
}

std::optional<Form> field_form(Opcode& opcode, Type type) {
  using U = uint32_t;
  if (opcode.is("bfe")) {
    return with_integer(type, []<class T>() -> std::optional<Form> {
      if constexpr (sizeof(T) < 4)
        return std::nullopt;
      else
        return form<[](T a, U position, U length) { return extract_field<T>(a, position, length); }>();
    });
  }
  return with_bits(type, []<class T>() -> std::optional<Form> {
    if constexpr (sizeof(T) < 4)
      return std::nullopt;
    else
      return form<[](T a, T b, U position, U length) { return insert_field<T>(a, b, position, length); }>();
  });
}

}  // namespace

std::optional<Form> bit_form(Opcode& opcode) {
  for (const char* name : {"and", "or", "xor", "not", "cnot", "shl", "shr", "popc", "clz", "brev", "bfind",
                           "bfe", "bfi", "shf", "prmt", "lop3"}) {
    if (!opcode.is(name)) continue;
    const auto type = opcode.take_type();
    if (!type || is_float(*type)) return std::nullopt;
    if (*type == Type::pred) return predicate_form(opcode);
    if (opcode.is("shr")) {
      const auto shift = []<class T>() -> std::optional<Form> {
        return form<[](T a, uint32_t by) { return shift_right<T>(a, by); }>();
      };
      return is_signed(*type) ? with_integer(*type, shift) : with_bits(*type, shift);
    }
    if (opcode.is("bfind")) return with_integer(*type, [&]<class T>() { return count_form<T>(opcode); });
    if (opcode.is("bfe") || opcode.is("bfi")) return field_form(opcode, *type);
    if (opcode.is("shf")) return funnel_form(opcode);
    if (opcode.is("prmt")) return permute_form(opcode);
    if (opcode.is("lop3")) {
      using U = uint32_t;
      return form<[](U a, U b, U c, U table) { return lookup3(a, b, c, table); }>();
    }
    if (auto result = with_bits(*type, [&]<class T>() { return logic_form<T>(opcode); })) return result;
    return with_bits(*type, [&]<class T>() { return count_form<T>(opcode); });
  }
  return std::nullopt;
}

}  // namespace gpusim
