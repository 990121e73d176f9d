// ld and st.
#include <algorithm>
#include <type_traits>

#include "tests/gpusim/access.h"
#include "tests/gpusim/address.h"

namespace gpusim {
namespace {

using Pattern = WarpAccess::Pattern;

template <class E>
E element_at(const std::byte* from) {
  E element;
  std::memcpy(&element, from, sizeof(E));
  return element;
}

// One element a lane, the same for all or one after another.
template <class E, class R>
void load_at_once(Warp& warp, const Instruction& i, LaneMask lanes, WarpAccess& access) {
  const std::byte* const from = access.first_place();
  const size_t stride = access.pattern() == Pattern::uniform ? 0 : sizeof(E);
  auto* const words = Lane<R>::words(warp, i.d[0]);
  for_lanes(lanes, [&](int lane) {
    Lane<R>::set(words, lane, static_cast<R>(element_at<E>(from + static_cast<size_t>(lane) * stride)));
  });
}

// Vectors of elements E, each in a register R at least as wide: loads extend by E's sign, stores cut.
template <class E, class R>
void load(Warp& warp, const Instruction& i, LaneMask lanes) {
  WarpAccess access(warp, i, lanes, i.space, sizeof(E) * i.count, Use::read);
  access.set_addresses(i.address, i.wide_address, i.offset);
  access.prepare();
  if (i.count == 1 && i.d[0] >= 0 && access.pattern() != Pattern::scattered) {
    load_at_once<E, R>(warp, i, lanes, access);
    return;
  }
  access.read([&](int lane, const std::byte* from) {
    for (size_t k = 0; k < i.count; ++k) {
      if (i.d[k] < 0) continue;
      const auto element = element_at<E>(from + k * sizeof(E));
      Lane<R>::set(Lane<R>::words(warp, i.d[k]), lane, static_cast<R>(element));
    }
  });
}

template <class E, class R>
void store(Warp& warp, const Instruction& i, LaneMask lanes) {
  WarpAccess access(warp, i, lanes, i.space, sizeof(E) * i.count, Use::write);
  access.set_addresses(i.address, i.wide_address, i.offset);
  access.prepare();
  access.write([&](int lane, std::byte* to) {
    const size_t count = std::min<size_t>(i.count, 16 / sizeof(E));
    for (size_t k = 0; k < count; ++k) {
      const auto element = static_cast<E>(Lane<R>::get(Lane<R>::words(warp, i.s[k]), lane));
      std::memcpy(to + k * sizeof(E), &element, sizeof(E));
    }
  });
}

template <class E, class R>
Handler either(bool loads) {
  return loads ? &load<E, R> : &store<E, R>;
}

template <class E>
Handler with_register(int bits, bool loads) {
  using Small = std::conditional_t<std::is_signed_v<E>, int16_t, uint16_t>;
  using Middle = std::conditional_t<std::is_signed_v<E>, int32_t, uint32_t>;
  using Large = std::conditional_t<std::is_signed_v<E>, int64_t, uint64_t>;
  if (bits < static_cast<int>(8 * sizeof(E))) return nullptr;
  if constexpr (sizeof(E) <= 2) {
    if (bits == 16) return either<E, Small>(loads);
  }
  if constexpr (sizeof(E) <= 4) {
    if (bits == 32) return either<E, Middle>(loads);
  }
  return bits == 64 ? either<E, Large>(loads) : nullptr;
}

Handler handler_of(Type type, int register_bits, bool loads) {
  const bool sign = is_signed(type);
  switch (bits_of(type)) {
    case 8:
      return sign ? with_register<int8_t>(register_bits, loads)
                  : with_register<uint8_t>(register_bits, loads);
    case 16:
      return sign ? with_register<int16_t>(register_bits, loads)
                  : with_register<uint16_t>(register_bits, loads);
    case 32:
      return sign ? with_register<int32_t>(register_bits, loads)
                  : with_register<uint32_t>(register_bits, loads);
    case 64:
      return with_register<uint64_t>(register_bits, loads);
    default:
      return nullptr;
  }
}

std::optional<Space> take_space(Opcode& opcode) {
  if (opcode.take("global")) return Space::global;
  if (opcode.take("const")) return Space::constant;
  if (opcode.take("local")) return Space::local;
  for (const char* name : {"shared", "shared::cta"})
    if (opcode.take(name)) return Space::shared;
  for (const char* name : {"param", "param::entry", "param::func"})
    if (opcode.take(name)) return Space::parameter;
  return Space::generic;
}

// How memory is cached, ordered and hinted at: no affair of values here.
void take_manners(Opcode& opcode) {
  for (const char* word : {"volatile", "relaxed", "acquire", "release", "weak", "gpu", "sys", "cta", "nc",
                           "ca", "cg", "cs", "lu", "cv", "wb", "wt", "unified"})
    opcode.take(word);
  for (const char* prefix : {"L1::", "L2::"})
    while (!opcode.take_prefix(prefix).empty()) {
    }
}

}  // namespace

std::optional<Access> plain_access(Opcode& opcode, int register_bits) {
  const bool loads = opcode.is("ld") || opcode.is("ldu");
  if (!loads && !opcode.is("st")) return std::nullopt;
  Access a;
  a.kind = loads ? Access::Kind::load : Access::Kind::store;
  a.space = *take_space(opcode);
  take_manners(opcode);
  a.count = opcode.take("v2") ? 2 : opcode.take("v4") ? 4 : 1;
  const auto type = opcode.take_type();
  if (!type) return std::nullopt;
  a.element_bytes = bits_of(*type) / 8;
  // Bytes live in registers of 16 bits at least; a number is stored as wide as the type is.
  a.value_bits = register_bits != 0 ? register_bits : std::max(16, bits_of(*type));
  a.handler = handler_of(*type, a.value_bits, loads);
  if (!a.handler || (is_float(*type) && bits_of(*type) != a.value_bits && bits_of(*type) > 16))
    return std::nullopt;
  return a;
}

}  // namespace gpusim
