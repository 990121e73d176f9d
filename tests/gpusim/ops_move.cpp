// Copies: mov, to and from lists too; addresses between the spaces; selections.
#include "tests/gpusim/forms.h"

namespace gpusim {
namespace {

template <class T>
using Unsigned = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

// Elements of 8 bits lie in registers of 16.
template <int element_bits>
using Element = std::conditional_t<element_bits == 64, uint64_t,
                                   std::conditional_t<element_bits == 32, uint32_t, uint16_t>>;

// mov d, {a, b, ...}: the first element is the lowest.
template <class T, int parts>
void pack(Warp& warp, const Instruction& i, LaneMask lanes) {
  constexpr int bits = detail::bits_in<T>() / parts;
  constexpr uint64_t mask = (uint64_t{1} << bits) - 1;
  using Source = Lane<Element<bits>>;
  auto* d = Lane<T>::words(warp, i.d[0]);
  for_lanes(lanes, [&](int lane) {
    uint64_t value = 0;
    for (size_t k = 0; k < parts; ++k) {
      value |= (Source::get(Source::words(warp, i.s[k]), lane) & mask) << (bits * k);
    }
    Lane<T>::set(d, lane, static_cast<T>(value));
  });
}

// mov {a, b, ...}, s; destinations that are "_" stay out.
template <class T, int parts>
void unpack(Warp& warp, const Instruction& i, LaneMask lanes) {
  constexpr int bits = detail::bits_in<T>() / parts;
  constexpr uint64_t mask = (uint64_t{1} << bits) - 1;
  using Part = Element<bits>;
  const auto* s = Lane<T>::words(warp, i.s[0]);
  // The source may be one of the destinations.
  Unsigned<T> values[lanes_per_warp];
  for_lanes(lanes, [&](int lane) { values[lane] = Lane<T>::get(s, lane); });
  for (size_t k = 0; k < parts; ++k) {
    if (i.d[k] < 0) continue;
    auto* d = Lane<Part>::words(warp, i.d[k]);
    for_lanes(lanes, [&](int lane) {
      Lane<Part>::set(d, lane, static_cast<Part>((values[lane] >> (bits * k)) & mask));
    });
  }
}

template <class T, int parts>
std::optional<Form> list_form(bool packs) {
  constexpr int element = detail::bits_in<Element<detail::bits_in<T>() / parts>>();
  Form result;
  if (packs) {
    result = {&pack<T, parts>, {detail::bits_in<T>()}, 1};
    result.bits.insert(result.bits.end(), parts, element);
  } else {
    result.handler = &unpack<T, parts>;
    result.bits.assign(parts, element);
    result.bits.push_back(detail::bits_in<T>());
    result.destinations = parts;
  }
  return result;
}

template <class T>
std::optional<Form> mov_form(const OperandShape& shape) {
  const int sources = shape.count - shape.destinations;
  if (shape.destinations == 1 && sources == 1) return form<[](T a) { return a; }>();
  if (shape.destinations != 1 && sources != 1) return std::nullopt;
  const bool packs = sources > 1;
  const int parts = packs ? sources : shape.destinations;
  if (parts == 2) return list_form<T, 2>(packs);
  if constexpr (sizeof(T) >= 4) {
    if (parts == 4) return list_form<T, 4>(packs);
  }
  return std::nullopt;
}

void move_predicate(Warp& warp, const Instruction& i, LaneMask lanes) {
  set_predicate(warp, i.d[0], lanes, warp.predicates[i.s[0]]);
}

template <uint64_t window>
Form window_form(bool to) {
  return to ? form<[](uint64_t a) { return a - window; }>() : form<[](uint64_t a) { return a + window; }>();
}
// cvta: between an address of a space and a generic one.
std::optional<Form> address_form(Opcode& opcode) {
  const auto type = opcode.take_type();
  const bool to = opcode.take("to");
  if (type != Type::u64) return std::nullopt;
  if (opcode.take("global") || opcode.take("const")) return form<[](uint64_t a) { return a; }>();
  if (opcode.take("shared") || opcode.take("shared::cta")) return window_form<shared_window>(to);
  if (opcode.take("local")) return window_form<local_window>(to);
  if (opcode.take("param") || opcode.take("param::entry")) return window_form<parameter_window>(to);
  return std::nullopt;
}

template <class T>
std::optional<Form> by_sign_form(Type of_sign) {
  if (of_sign == Type::s32) return form<[](T a, T b, int32_t c) { return c >= 0 ? a : b; }>();
  if (of_sign == Type::f32) return form<[](T a, T b, float c) { return c >= 0 ? a : b; }>();
  return std::nullopt;
}

}  // namespace

std::optional<Form> move_form(Opcode& opcode, const OperandShape& shape) {
  if (opcode.is("cvta")) return address_form(opcode);
  if (opcode.is("slct")) {
    const auto of_sign = opcode.take_type(), type = opcode.take_type();
    if (!type || !of_sign) return std::nullopt;
    return with_bits(*type, [&]<class T>() { return by_sign_form<T>(*of_sign); });
  }
  if (!opcode.is("mov") && !opcode.is("selp")) return std::nullopt;
  const auto type = opcode.take_type();
  if (!type) return std::nullopt;
  if (opcode.is("selp")) {
    return with_bits(*type, []<class T>() -> std::optional<Form> {
      return form<[](T a, T b, bool p) { return p ? a : b; }>();
    });
  }
  if (*type == Type::pred) return Form{&move_predicate, {1, 1}};
  return with_bits(*type, [&]<class T>() { return mov_form<T>(shape); });
}

}  // namespace gpusim
