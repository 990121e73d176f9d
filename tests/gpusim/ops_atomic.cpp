// atom and red.
#include <algorithm>
#include <bit>

#include "tests/gpusim/access.h"
#include "tests/gpusim/address.h"
#include "tests/gpusim/half.h"

namespace gpusim {
namespace {

// As the hardware does: compare and swap until nobody came between. Whole words only, so that it is
// lock-free.
template <class T, class Change>
T exchange_atomically(std::byte* at, Change change) {
  auto* const word = reinterpret_cast<T*>(at);
  T before = __atomic_load_n(word, __ATOMIC_SEQ_CST);
  for (;;) {
    const T after = change(before);
    if (__atomic_compare_exchange_n(word, &before, after, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
      return before;
  }
}

// f(what was there, s[0], s[1]), on the bits of a word.
template <class T, auto f>
void atomic(Warp& warp, const Instruction& i, LaneMask lanes) {
  WarpAccess access(warp, i, lanes, i.space, sizeof(T), Use::atomic);
  access.set_addresses(i.address, i.wide_address, i.offset);
  access.prepare();
  const auto* const first = Lane<T>::words(warp, i.s[0]);
  const auto* const second = Lane<T>::words(warp, std::max(i.s[1], 0));
  bool is_global = false;
  access.change([&](int lane, std::byte* at) {
    const T a = Lane<T>::get(first, lane), b = Lane<T>::get(second, lane);
    const T before = exchange_atomically<T>(at, [&](T now) { return f(now, a, b); });
    if (i.d[0] >= 0) Lane<T>::set(Lane<T>::words(warp, i.d[0]), lane, before);
    is_global |= access.space_of(lane) == Space::global;
  });
  if (is_global) warp.block->acquire_time = ++clock_of_events();
}

template <class T>
using Bits = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

// A function of numbers as one of their bits.
template <class T, T (*f)(T, T)>
Bits<T> of_bits(Bits<T> now, Bits<T> a, Bits<T>) {
  return std::bit_cast<Bits<T>>(f(std::bit_cast<T>(now), std::bit_cast<T>(a)));
}
template <class T>
T plus(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return a + b;
  else
    return static_cast<T>(static_cast<std::make_unsigned_t<T>>(a) + static_cast<std::make_unsigned_t<T>>(b));
}
template <class T>
T least(T a, T b) {
  return std::min(a, b);
}
template <class T>
T greatest(T a, T b) {
  return std::max(a, b);
}

template <class T>
Handler arithmetic(const std::string& operation) {
  if (operation == "add") return &atomic<Bits<T>, &of_bits<T, &plus<T>>>;
  if constexpr (!std::is_floating_point_v<T>) {
    if (operation == "min") return &atomic<Bits<T>, &of_bits<T, &least<T>>>;
    if (operation == "max") return &atomic<Bits<T>, &of_bits<T, &greatest<T>>>;
  }
  return nullptr;
}

template <class U>
Handler bitwise(const std::string& operation) {
  if (operation == "and") return &atomic<U, [](U now, U a, U) { return static_cast<U>(now & a); }>;
  if (operation == "or") return &atomic<U, [](U now, U a, U) { return static_cast<U>(now | a); }>;
  if (operation == "xor") return &atomic<U, [](U now, U a, U) { return static_cast<U>(now ^ a); }>;
  if (operation == "exch") return &atomic<U, [](U, U a, U) { return a; }>;
  if (operation == "cas") return &atomic<U, [](U now, U a, U b) { return now == a ? b : now; }>;
  return nullptr;
}

Handler round_the_clock(const std::string& operation) {
  using U = uint32_t;
  if (operation == "inc") return &atomic<U, [](U now, U a, U) { return (now >= a) ? U{0} : now + 1; }>;
  if (operation == "dec")
    return &atomic<U, [](U now, U a, U) { return (now == 0 || (now > a)) ? a : now - 1; }>;
  return nullptr;
}

template <class H>
uint32_t add_pairs(uint32_t now, uint32_t a, uint32_t) {
  const auto low = [](uint32_t x) { return H::from_bits(static_cast<uint16_t>(x)); };
  const auto high = [](uint32_t x) { return H::from_bits(static_cast<uint16_t>(x >> 16)); };
  return H::to_bits(low(now) + low(a)) | static_cast<uint32_t>(H::to_bits(high(now) + high(a))) << 16;
}
template <class H>
uint16_t add_halves(uint16_t now, uint16_t a, uint16_t) {
  return H::to_bits(H::from_bits(now) + H::from_bits(a));
}

Handler handler_of(Type type, const std::string& operation) {
  const bool adds = operation == "add";
  switch (type) {
    case Type::f32:
      return arithmetic<float>(operation);
    case Type::f64:
      return arithmetic<double>(operation);
    case Type::f16:
      return adds ? &atomic<uint16_t, &add_halves<Half>> : nullptr;
    case Type::bf16:
      return adds ? &atomic<uint16_t, &add_halves<BFloat>> : nullptr;
    case Type::f16x2:
      return adds ? &atomic<uint32_t, &add_pairs<Half>> : nullptr;
    case Type::bf16x2:
      return adds ? &atomic<uint32_t, &add_pairs<BFloat>> : nullptr;
    case Type::s32:
      return arithmetic<int32_t>(operation);
    case Type::s64:
      return arithmetic<int64_t>(operation);
    case Type::u32: {
      const Handler clock = round_the_clock(operation);
      return clock ? clock : arithmetic<uint32_t>(operation);
    }
    case Type::u64:
      return arithmetic<uint64_t>(operation);
    case Type::b16:
      return bitwise<uint16_t>(operation);
    case Type::b32:
      return bitwise<uint32_t>(operation);
    case Type::b64:
      return bitwise<uint64_t>(operation);
    default:
      return nullptr;
  }
}

}  // namespace

std::optional<Access> plain_access(Opcode& opcode, int register_bits);

std::optional<Access> access_form(Opcode& opcode, int register_bits) {
  const bool returns = opcode.is("atom");
  if (!returns && !opcode.is("red")) return plain_access(opcode, register_bits);
  Access a;
  a.kind = returns ? Access::Kind::atomic : Access::Kind::reduction;
  for (const char* word : {"relaxed", "acquire", "release", "acq_rel", "gpu", "sys", "cta", "noftz"})
    opcode.take(word);
  a.space = opcode.take("global")                                 ? Space::global
            : opcode.take("shared") || opcode.take("shared::cta") ? Space::shared
                                                                  : Space::generic;
  std::string operation;
  for (const char* word : {"add", "min", "max", "and", "or", "xor", "exch", "cas", "inc", "dec"})
    if (opcode.take(word)) operation = word;
  const auto type = opcode.take_type();
  if (!type || operation.empty()) return std::nullopt;
  a.handler = handler_of(*type, operation);
  if (!a.handler) return std::nullopt;
  a.element_bytes = bits_of(*type) / 8;
  a.value_bits = bits_of(*type);
  a.orders_matter = (is_float(*type) && operation == "add") || operation == "exch" || operation == "cas";
  return a;
}

}  // namespace gpusim
