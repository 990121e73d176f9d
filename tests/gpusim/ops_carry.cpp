// Sums and products with a carry, from which wider integers are made.
#include "tests/gpusim/forms.h"

namespace gpusim {
namespace {

template <class T>
struct Sum {
  T value;
  bool carry;
};

template <class T>
Sum<T> add_carry(T a, T b, bool carry) {
  T partial = 0, value = 0;
  const bool first = __builtin_add_overflow(a, b, &partial);
  const bool second = __builtin_add_overflow(partial, static_cast<T>(carry), &value);
  return {value, first || second};
}
// The carry is a borrow.
template <class T>
Sum<T> subtract_carry(T a, T b, bool carry) {
  T partial = 0, value = 0;
  const bool first = __builtin_sub_overflow(a, b, &partial);
  const bool second = __builtin_sub_overflow(partial, static_cast<T>(carry), &value);
  return {value, first || second};
}

// T: the unsigned type; S: the same or the signed one, which the high half of a product depends on.
template <class T>
T low_product(T a, T b) {
  return static_cast<T>(a * b);
}
template <class S, class T>
T high_product(T a, T b) {
  using Wide = std::conditional_t<std::is_signed_v<S>, __int128, unsigned __int128>;
  const Wide product = static_cast<Wide>(static_cast<S>(a)) * static_cast<Wide>(static_cast<S>(b));
  return static_cast<T>(product >> (8 * sizeof(T)));
}

// d = f(a, b, ..., carry), which may read the carry of the lane and write it.
template <class T, auto f, bool reads, bool writes, int sources>
void with_carry(Warp& warp, const Instruction& i, LaneMask lanes) {
  auto* d = Lane<T>::words(warp, i.d[0]);
  const auto source = [&](size_t k, int lane) { return Lane<T>::get(Lane<T>::words(warp, i.s[k]), lane); };
  LaneMask carries = warp.carry;
  for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
    const int lane = std::countr_zero(rest);
    const LaneMask bit = LaneMask{1} << lane;
    const bool carry = reads && (warp.carry & bit) != 0;
    Sum<T> sum;
    if constexpr (sources == 2) {
      sum = f(source(0, lane), source(1, lane), carry);
    } else {
      sum = f(source(0, lane), source(1, lane), source(2, lane), carry);
    }
    Lane<T>::set(d, lane, sum.value);
    carries = sum.carry ? carries | bit : carries & ~bit;
  }
  if (writes) warp.carry = carries;
}

template <class T, auto f, int sources>
Form carried_form(bool reads, bool writes) {
  Form result;
  result.handler = !reads   ? &with_carry<T, f, false, true, sources>
                   : writes ? &with_carry<T, f, true, true, sources>
                            : &with_carry<T, f, true, false, sources>;
  result.bits.assign(sources + 1, detail::bits_in<T>());
  return result;
}

template <class S>
std::optional<Form> typed_form(Opcode& opcode, bool reads, bool writes) {
  using T = std::make_unsigned_t<S>;
  if (opcode.is("add") || opcode.is("addc")) return carried_form<T, add_carry<T>, 2>(reads, writes);
  if (opcode.is("sub") || opcode.is("subc")) return carried_form<T, subtract_carry<T>, 2>(reads, writes);
  if (opcode.take("lo")) {
    constexpr auto f = [](T a, T b, T c, bool carry) { return add_carry<T>(low_product<T>(a, b), c, carry); };
    return carried_form<T, f, 3>(reads, writes);
  }
  if (opcode.take("hi")) {
    constexpr auto f = [](T a, T b, T c, bool carry) {
      return add_carry<T>(high_product<S, T>(a, b), c, carry);
    };
    return carried_form<T, f, 3>(reads, writes);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Form> carry_form(Opcode& opcode) {
  const bool reads = opcode.is("addc") || opcode.is("subc") || opcode.is("madc");
  if (!reads && !opcode.is("add") && !opcode.is("sub") && !opcode.is("mad")) return std::nullopt;
  const bool writes = opcode.take("cc");
  const auto type = opcode.take_type();
  if (!type || (!reads && !writes)) return std::nullopt;
  return with_integer(*type, [&]<class S>() -> std::optional<Form> {
    if constexpr (sizeof(S) < 4) {
      return std::nullopt;
    } else {
      return typed_form<S>(opcode, reads, writes);
    }
  });
}

}  // namespace gpusim
