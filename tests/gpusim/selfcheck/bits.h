// Host arithmetic on whole numbers, without undefined overflow.
#pragma once

#include <algorithm>
#include <bit>
#include <limits>
#include <type_traits>

#include "tests/gpusim/selfcheck/number.h"

namespace gpusim::selfcheck {

using s128 = __int128;

template <class T>
inline constexpr int width = 8 * static_cast<int>(sizeof(T));

// Modulo 2^width.
template <class T>
T wrapped(u64 a) {
  return static_cast<T>(a);
}
template <class T>
T clamped(s128 a) {
  return static_cast<T>(std::clamp<s128>(a, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
}
// The upper half of a product.
template <class T>
T high(T a, T b) {
  return static_cast<T>((static_cast<s128>(a) * b) >> width<T>);
}
inline u64 high(u64 a, u64 b) {
  return static_cast<u64>((static_cast<unsigned __int128>(a) * b) >> 64);
}
template <class T>
T shift_left(T a, u32 by) {
  return by >= static_cast<u32>(width<T>) ? T(0) : wrapped<T>(static_cast<u64>(a) << by);
}
template <class T>
T shift_right(T a, u32 by) {
  return static_cast<T>(static_cast<s128>(a) >> std::min(by, static_cast<u32>(width<T>)));
}
inline s32 low24(s32 a) {
  return static_cast<s32>(static_cast<u32>(a) << 8) >> 8;
}

// Of the position of the highest bit that is not the sign; all ones when there is none.
template <class T>
u32 find_high(T a) {
  std::make_unsigned_t<T> bits = a;
  if constexpr (std::is_signed_v<T>) bits = a < 0 ? ~a : a;
  return bits == 0 ? ~u32{0} : static_cast<u32>(width<T> - 1 - std::countl_zero(bits));
}
template <class T>
T reverse(T a) {
  T r = 0;
  for (int i = 0; i < width<T>; ++i) r |= (a >> i & 1) << (width<T> - 1 - i);
  return r;
}

// `length` bits of a from `position` on; beyond its end the sign. Both count in their lowest byte.
template <class T>
T extract(T a, u32 position, u32 length) {
  const int first = static_cast<int>(position & 255), count = static_cast<int>(length & 255);
  const int last = std::min(first + count - 1, width<T> - 1);
  const bool negative = std::is_signed_v<T> && count > 0 && (a >> last & 1) != 0;
  u64 r = 0;
  for (int i = 0; i < width<T>; ++i) {
    const bool inside = i < count && first + i < width<T>;
    r |= static_cast<u64>(inside ? a >> (first + i) & 1 : negative) << i;
  }
  return wrapped<T>(r);
}
// b with `length` bits of a at `position`.
template <class T>
T insert(T a, T b, u32 position, u32 length) {
  const int first = static_cast<int>(position & 255), count = static_cast<int>(length & 255);
  for (int i = 0; i < count && first + i < width<T>; ++i) {
    const T bit = T(1) << (first + i);
    b = (a >> i & 1) != 0 ? b | bit : b & ~bit;
  }
  return b;
}

// High or low word of b:a shifted by n, by `wrap` (modulo 32) or clamped to 32.
inline u32 funnel_left(u32 a, u32 b, u32 n) {
  return static_cast<u32>((static_cast<u64>(b) << 32 | a) << n >> 32);
}
inline u32 funnel_right(u32 a, u32 b, u32 n) {
  return static_cast<u32>((static_cast<u64>(b) << 32 | a) >> n);
}

// Four bytes out of the eight of b:a; a selector's eighth bit takes the byte's sign instead.
inline u32 permute(u32 a, u32 b, const u32 (&selectors)[4]) {
  const u64 bytes = static_cast<u64>(b) << 32 | a;
  u32 r = 0;
  for (int i = 0; i < 4; ++i) {
    u32 byte = bytes >> (8 * (selectors[i] & 7)) & 255;
    if (selectors[i] & 8) byte = byte & 128 ? 255 : 0;
    r |= byte << (8 * i);
  }
  return r;
}

// The sum of products of the bytes of a and b (of halves of a and two bytes of b from `first` on), and c.
template <class A, class B>
u32 dot_bytes(u32 a, u32 b, u32 c) {
  for (int i = 0; i < 4; ++i) {
    c += static_cast<u32>(static_cast<A>(a >> (8 * i)) * static_cast<B>(b >> (8 * i)));
  }
  return c;
}
template <class A, class B>
u32 dot_halves(u32 a, u32 b, u32 c, int first) {
  for (int i = 0; i < 2; ++i) {
    c += static_cast<u32>(static_cast<A>(a >> (16 * i)) * static_cast<B>(b >> (8 * (i + first))));
  }
  return c;
}

}  // namespace gpusim::selfcheck
