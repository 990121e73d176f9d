// Handlers made from functions of one lane, and what the decoder must know about an instruction's operands.
#pragma once

#include <cfenv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/gpusim/warp.h"

namespace gpusim {

// "add.rn.ftz.f32", of which every part must be taken by someone.
class Opcode {
 public:
  explicit Opcode(std::string_view text);
  const std::string& name() const { return parts_[0]; }
  bool is(std::string_view name) const { return parts_[0] == name; }
  bool take(std::string_view part);
  // Takes the first of the parts that begins with it, and returns the whole of it or "".
  std::string take_prefix(std::string_view prefix);
  // The type that stands last and is not taken.
  std::optional<Type> take_type();
  // Something is left: "rn.sat", or "".
  std::string left() const;

 private:
  std::vector<std::string> parts_;
  std::vector<bool> taken_;
};

enum class Rounding { nearest, zero, down, up };
// .rn, .rz, .rm or .rp; nullopt for none.
std::optional<Rounding> take_rounding(Opcode& opcode);

// A handler, and the bits of its destinations (first) and of its sources; 1: a predicate.
struct Form {
  Handler handler = nullptr;
  std::vector<int> bits;
  int destinations = 1;
};

// What the text shows of an instruction's operands, lists ({a, b}) and pairs (p|q) taken apart.
struct OperandShape {
  int destination_bits = 0, source_bits = 0;  // of the first of them; 0: a number or "_"
  int destinations = 1, count = 0;
};

// The instructions whose lanes are independent of each other. Each takes the parts that it understands;
// nullopt when the instruction is not of its kind.
std::optional<Form> integer_form(Opcode& opcode);
std::optional<Form> bit_form(Opcode& opcode);
std::optional<Form> carry_form(Opcode& opcode);
std::optional<Form> float_form(Opcode& opcode);
std::optional<Form> approximation_form(Opcode& opcode);
std::optional<Form> half_form(Opcode& opcode);
// mov, also with lists; cvta, selp, slct.
std::optional<Form> move_form(Opcode& opcode, const OperandShape& shape);
// setp with one or two destinations, set, testp, isspacep.
std::optional<Form> comparison_form(Opcode& opcode, const OperandShape& shape);
// cvt; the registers of integers may be wider than their types.
std::optional<Form> conversion_form(Opcode& opcode, const OperandShape& shape);
// The first of all these that knows the instruction with all of its parts, else the first that knows some.
std::optional<Form> lane_form(Opcode& opcode, const OperandShape& shape);

namespace detail {

template <class T>
constexpr int bits_in() {
  return std::is_same_v<T, bool> ? 1 : static_cast<int>(8 * sizeof(T));
}

template <auto f, class D, class... A, size_t... k>
inline void for_each_lane(Warp& warp, const Instruction& i, LaneMask lanes, D (*)(A...),
                          std::index_sequence<k...>) {
  auto* d = Lane<D>::words(warp, i.d[0]);
  const std::tuple<const typename Lane<A>::Word*...> s(Lane<A>::words(warp, i.s[k])...);
  for_lanes(lanes, [&](int lane) { Lane<D>::set(d, lane, f(Lane<A>::get(std::get<k>(s), lane)...)); });
}

template <auto f, class D, class... A>
constexpr auto arity(D (*)(A...)) {
  return std::index_sequence_for<A...>();
}

template <class D, class... A>
std::vector<int> bits_of_signature(D (*)(A...)) {
  return {bits_in<D>(), bits_in<A>()...};
}

}  // namespace detail

// d = f(a, b, ...) in each lane. The types of f say the widths of the registers.
template <auto f>
void each(Warp& warp, const Instruction& i, LaneMask lanes) {
  detail::for_each_lane<f>(warp, i, lanes, +f, detail::arity<f>(+f));
}

// The same with another rounding than to nearest.
template <auto f, int mode>
void each_rounded(Warp& warp, const Instruction& i, LaneMask lanes) {
  const int before = std::fegetround();
  std::fesetround(mode);
  asm volatile("" ::: "memory");  // no load or store, and so no arithmetic, moves across
  each<f>(warp, i, lanes);
  asm volatile("" ::: "memory");
  std::fesetround(before);
}

template <auto f>
Form form() {
  return {&each<f>, detail::bits_of_signature(+f)};
}

template <auto f>
Form rounded_form(Rounding rounding) {
  Form result = form<f>();
  switch (rounding) {
    case Rounding::nearest:
      break;
    case Rounding::zero:
      result.handler = &each_rounded<f, FE_TOWARDZERO>;
      break;
    case Rounding::down:
      result.handler = &each_rounded<f, FE_DOWNWARD>;
      break;
    case Rounding::up:
      result.handler = &each_rounded<f, FE_UPWARD>;
      break;
  }
  return result;
}

// Calls f.template operator()<T>() with the C++ type of an integer of 16 to 64 bits.
template <class F>
std::optional<Form> with_integer(Type type, F f) {
  switch (type) {
    case Type::u16:
      return f.template operator()<uint16_t>();
    case Type::s16:
      return f.template operator()<int16_t>();
    case Type::u32:
      return f.template operator()<uint32_t>();
    case Type::s32:
      return f.template operator()<int32_t>();
    case Type::u64:
      return f.template operator()<uint64_t>();
    case Type::s64:
      return f.template operator()<int64_t>();
    default:
      return std::nullopt;
  }
}

// The same for untyped bits.
template <class F>
std::optional<Form> with_bits(Type type, F f) {
  switch (bits_of(type)) {
    case 16:
      return f.template operator()<uint16_t>();
    case 32:
      return f.template operator()<uint32_t>();
    case 64:
      return f.template operator()<uint64_t>();
    default:
      return std::nullopt;
  }
}

}  // namespace gpusim
