// Comparisons: to predicates (setp, testp, isspacep) and to numbers (set).
#include <array>

#include "tests/gpusim/real.h"

namespace gpusim {
namespace {

constexpr auto lane_bits = [] {
  std::array<uint32_t, lanes_per_warp> bits{};
  for (size_t k = 0; k < bits.size(); ++k) bits[k] = 1U << k;
  return bits;
}();

// The lanes where f(a, b) holds; of all lanes, since those that are not asked for do no harm.
template <auto f, class... A, size_t... k>
LaneMask lanes_where(Warp& warp, const Instruction& i, bool (*)(A...), std::index_sequence<k...>) {
  const std::tuple<const typename Lane<A>::Word*...> s(Lane<A>::words(warp, i.s[k])...);
  LaneMask result = 0;
  for (int lane = 0; lane < lanes_per_warp; ++lane) {
    result |= f(Lane<A>::get(std::get<k>(s), lane)...) ? lane_bits[static_cast<size_t>(lane)] : 0U;
  }
  return result;
}
template <auto f>
[[gnu::noinline]] LaneMask evaluate(Warp& warp, const Instruction& i) {
  return lanes_where<f>(warp, i, +f, detail::arity<f>(+f));
}

uint16_t low_half(uint32_t pair) {
  return static_cast<uint16_t>(pair);
}
uint16_t high_half(uint32_t pair) {
  return static_cast<uint16_t>(pair >> 16);
}

enum class Logic { none, conjunction, disjunction, exclusion };

// p = f op c and q = !f op c, of which either may be "_"; of pairs, p is of the low halves and q of the high
// ones.
template <auto f, Logic logic, bool pairs>
void to_predicates(Warp& warp, const Instruction& i, LaneMask lanes) {
  LaneMask holds, other;
  if constexpr (pairs) {
    holds = evaluate<[](uint32_t a, uint32_t b) { return f(low_half(a), low_half(b)); }>(warp, i);
    other = evaluate<[](uint32_t a, uint32_t b) { return f(high_half(a), high_half(b)); }>(warp, i);
  } else {
    holds = evaluate<f>(warp, i);
    other = ~holds;
  }
  const LaneMask c = logic == Logic::none ? 0 : warp.predicates[i.s[2]];
  const auto joined = [&](LaneMask m) {
    if constexpr (logic == Logic::conjunction) return m & c;
    if constexpr (logic == Logic::disjunction) return m | c;
    if constexpr (logic == Logic::exclusion) return m ^ c;
    return m;
  };
  if (i.d[0] >= 0) set_predicate(warp, i.d[0], lanes, joined(holds));
  if (i.d[1] >= 0) set_predicate(warp, i.d[1], lanes, joined(other));
}

// set: a number that stands for true, or 0.
template <auto f, class T, uint32_t true_value>
void to_numbers(Warp& warp, const Instruction& i, LaneMask lanes) {
  const LaneMask holds = evaluate<f>(warp, i);
  auto* d = Lane<T>::words(warp, i.d[0]);
  for_lanes(lanes, [&](int lane) {
    Lane<T>::set(d, lane, static_cast<T>(((holds >> lane) & 1) != 0 ? true_value : 0));
  });
}

constexpr uint32_t true_f16 = 0x3c00, true_bf16 = 0x3f80;  // 1.0

// What the opcode does with a comparison.
struct Use {
  bool is_set = false;
  Type to = Type::pred;  // of set
  Logic logic = Logic::none;
  int destinations = 1;
  bool pairs = false;  // of 16-bit floats
};

template <auto f, class... A>
std::vector<int> source_bits(bool (*)(A...)) {
  return {detail::bits_in<A>()...};
}

template <auto f>
std::optional<Form> numbers_form(const Use& use) {
  if (use.logic != Logic::none || use.destinations != 1) return std::nullopt;
  Form result{nullptr, source_bits<f>(+f)};
  result.bits.insert(result.bits.begin(), bits_of(use.to));
  switch (use.to) {
    case Type::u32:
    case Type::s32:
      result.handler = &to_numbers<f, uint32_t, ~0U>;
      return result;
    case Type::u16:
    case Type::s16:
      result.handler = &to_numbers<f, uint16_t, 0xffff>;
      return result;
    case Type::f32:
      result.handler = &to_numbers<f, uint32_t, 0x3f800000>;
      return result;
    case Type::f16:
      result.handler = &to_numbers<f, uint16_t, true_f16>;
      return result;
    case Type::bf16:
      result.handler = &to_numbers<f, uint16_t, true_bf16>;
      return result;
    default:
      return std::nullopt;
  }
}

template <auto f, bool pairs>
Form predicates_form(const Use& use, std::vector<int> sources) {
  Form result{nullptr, std::move(sources), use.destinations};
  result.bits.insert(result.bits.begin(), static_cast<size_t>(use.destinations), 1);
  if (use.logic != Logic::none) result.bits.push_back(1);
  switch (use.logic) {
    case Logic::none:
      result.handler = &to_predicates<f, Logic::none, pairs>;
      break;
    case Logic::conjunction:
      result.handler = &to_predicates<f, Logic::conjunction, pairs>;
      break;
    case Logic::disjunction:
      result.handler = &to_predicates<f, Logic::disjunction, pairs>;
      break;
    case Logic::exclusion:
      result.handler = &to_predicates<f, Logic::exclusion, pairs>;
      break;
  }
  return result;
}

// A number of 16 bits that stands for true, or 0, for each half of a pair.
template <auto f, uint32_t true_value>
Form pair_of_numbers_form() {
  return form<[](uint32_t a, uint32_t b) {
    return (f(low_half(a), low_half(b)) ? true_value : 0U) |
           (f(high_half(a), high_half(b)) ? true_value << 16 : 0U);
  }>();
}

template <auto f>
std::optional<Form> pairs_form(const Use& use) {
  if (!use.is_set) return predicates_form<f, true>(use, {32, 32});
  if (use.logic != Logic::none) return std::nullopt;
  switch (use.to) {
    case Type::u32:
    case Type::s32:
      return pair_of_numbers_form<f, 0xffff>();
    case Type::f16x2:
      return pair_of_numbers_form<f, true_f16>();
    case Type::bf16x2:
      return pair_of_numbers_form<f, true_bf16>();
    default:
      return std::nullopt;
  }
}

constexpr bool is_of_halves(bool (*)(uint16_t, uint16_t)) {
  return true;
}
template <class F>
constexpr bool is_of_halves(F) {
  return false;
}

template <auto f>
std::optional<Form> used_form(const Use& use) {
  if constexpr (is_of_halves(+f)) {
    if (use.pairs) return pairs_form<f>(use);
  }
  if (use.is_set) return numbers_form<f>(use);
  return predicates_form<f, false>(use, source_bits<f>(+f));
}

template <class T>
std::optional<Form> integer_relation(Opcode& opcode, const Use& use) {
  if (opcode.take("eq")) return used_form<[](T a, T b) { return a == b; }>(use);
  if (opcode.take("ne")) return used_form<[](T a, T b) { return a != b; }>(use);
  if (opcode.take("lt") || opcode.take("lo")) return used_form<[](T a, T b) { return a < b; }>(use);
  if (opcode.take("le") || opcode.take("ls")) return used_form<[](T a, T b) { return a <= b; }>(use);
  if (opcode.take("gt") || opcode.take("hi")) return used_form<[](T a, T b) { return b < a; }>(use);
  if (opcode.take("ge") || opcode.take("hs")) return used_form<[](T a, T b) { return a >= b; }>(use);
  return std::nullopt;
}

// Values of registers T as numbers.
template <class F, bool ftz>
struct Number {
  using Register = uint16_t;
  static float of(uint16_t bits) {
    const float x = F::from_bits(bits);
    return ftz && std::fabs(x) < F::smallest_normal ? 0.0F : x;
  }
};
template <bool ftz>
struct Number<float, ftz> {
  using Register = float;
  static float of(float x) { return flushed<ftz>(x); }
};
template <bool ftz>
struct Number<double, ftz> {
  using Register = double;
  static double of(double x) { return x; }
};

// The names with a "u" hold also if one of the two is NaN; ne does not, neu does.
template <class N>
std::optional<Form> real_relation(Opcode& opcode, const Use& use) {
  using T = typename N::Register;
  if (opcode.take("eq")) return used_form<[](T a, T b) { return N::of(a) == N::of(b); }>(use);
  if (opcode.take("lt")) return used_form<[](T a, T b) { return N::of(a) < N::of(b); }>(use);
  if (opcode.take("le")) return used_form<[](T a, T b) { return N::of(a) <= N::of(b); }>(use);
  if (opcode.take("gt")) return used_form<[](T a, T b) { return N::of(b) < N::of(a); }>(use);
  if (opcode.take("ge")) return used_form<[](T a, T b) { return N::of(a) >= N::of(b); }>(use);
  if (opcode.take("ne")) {
    return used_form<[](T a, T b) { return N::of(a) < N::of(b) || N::of(b) < N::of(a); }>(use);
  }
  if (opcode.take("equ")) {
    return used_form<[](T a, T b) { return !(N::of(a) < N::of(b) || N::of(a) > N::of(b)); }>(use);
  }
  if (opcode.take("neu")) return used_form<[](T a, T b) { return !(N::of(a) == N::of(b)); }>(use);
  if (opcode.take("ltu")) return used_form<[](T a, T b) { return !(N::of(a) >= N::of(b)); }>(use);
  if (opcode.take("leu")) return used_form<[](T a, T b) { return !(N::of(a) > N::of(b)); }>(use);
  if (opcode.take("gtu")) return used_form<[](T a, T b) { return !(N::of(a) <= N::of(b)); }>(use);
  if (opcode.take("geu")) return used_form<[](T a, T b) { return !(N::of(a) < N::of(b)); }>(use);
  if (opcode.take("num"))
    return used_form<[](T a, T b) { return N::of(a) == N::of(a) && N::of(b) == N::of(b); }>(use);
  if (opcode.take("nan"))
    return used_form<[](T a, T b) { return N::of(a) != N::of(a) || N::of(b) != N::of(b); }>(use);
  return std::nullopt;
}

template <class F>
std::optional<Form> real_form(Opcode& opcode, const Use& use) {
  if constexpr (!std::is_same_v<F, double>) {
    if (opcode.take("ftz")) return real_relation<Number<F, true>>(opcode, use);
  }
  return real_relation<Number<F, false>>(opcode, use);
}

std::optional<Form> relation_form(Opcode& opcode, const OperandShape& shape) {
  const auto type = opcode.take_type();
  Use use;
  use.is_set = opcode.is("set");
  if (use.is_set) {
    const auto to = opcode.take_type();
    if (!to) return std::nullopt;
    use.to = *to;
  }
  use.logic = opcode.take("and")   ? Logic::conjunction
              : opcode.take("or")  ? Logic::disjunction
              : opcode.take("xor") ? Logic::exclusion
                                   : Logic::none;
  use.destinations = shape.destinations;
  use.pairs = type == Type::f16x2 || type == Type::bf16x2;
  if (!type || shape.destinations > 2) return std::nullopt;
  switch (*type) {
    case Type::f32:
      return real_form<float>(opcode, use);
    case Type::f64:
      return real_form<double>(opcode, use);
    case Type::f16:
    case Type::f16x2:
      return real_form<F16>(opcode, use);
    case Type::bf16:
    case Type::bf16x2:
      return real_form<BF16>(opcode, use);
    default:
      break;
  }
  if (is_float(*type)) return std::nullopt;
  const auto found = with_integer(*type, [&]<class T>() { return integer_relation<T>(opcode, use); });
  return found ? found : with_bits(*type, [&]<class T>() { return integer_relation<T>(opcode, use); });
}

template <class T>
std::optional<Form> class_form(Opcode& opcode) {
  const Use use;
  constexpr T smallest = std::numeric_limits<T>::min();
  if (opcode.take("finite")) return used_form<[](T a) { return std::isfinite(a); }>(use);
  if (opcode.take("infinite")) return used_form<[](T a) { return std::isinf(a); }>(use);
  if (opcode.take("number")) return used_form<[](T a) { return a == a; }>(use);
  if (opcode.take("notanumber")) return used_form<[](T a) { return a != a; }>(use);
  if (opcode.take("normal"))
    return used_form<[](T a) { return std::isfinite(a) && std::fabs(a) >= smallest; }>(use);
  if (opcode.take("subnormal")) return used_form<[](T a) { return a != 0 && std::fabs(a) < smallest; }>(use);
  return std::nullopt;
}

template <uint64_t window>
constexpr auto is_within = [](uint64_t address) { return address - window < window_bytes; };

std::optional<Form> space_form(Opcode& opcode) {
  const Use use;
  if (opcode.take("shared") || opcode.take("shared::cta")) return used_form<is_within<shared_window>>(use);
  if (opcode.take("local")) return used_form<is_within<local_window>>(use);
  if (opcode.take("global")) return used_form<[](uint64_t address) { return address < shared_window; }>(use);
  return std::nullopt;
}

}  // namespace

std::optional<Form> comparison_form(Opcode& opcode, const OperandShape& shape) {
  if (opcode.is("setp") || opcode.is("set")) return relation_form(opcode, shape);
  if (opcode.is("isspacep")) return space_form(opcode);
  if (!opcode.is("testp")) return std::nullopt;
  const auto type = opcode.take_type();
  if (type == Type::f32) return class_form<float>(opcode);
  if (type == Type::f64) return class_form<double>(opcode);
  return std::nullopt;
}

}  // namespace gpusim
