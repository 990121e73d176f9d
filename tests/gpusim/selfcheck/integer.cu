// Integer arithmetic.
#include "tests/gpusim/selfcheck/bits.h"
#include "tests/gpusim/selfcheck/instruction.cuh"

namespace gpusim::selfcheck {
namespace {

constexpr const char* family = "integer";

#define ARITHMETIC(T)                                                                           \
  PTX2("add." #T, T, T, T, wrapped<T>(u64(a) + u64(b)))                                         \
  PTX2("sub." #T, T, T, T, wrapped<T>(u64(a) - u64(b)))                                         \
  PTX2("mul.lo." #T, T, T, T, wrapped<T>(u64(a) * u64(b)))                                      \
  PTX2("mul.hi." #T, T, T, T, high(a, b))                                                       \
  PTX3("mad.lo." #T, T, T, T, T, wrapped<T>(u64(a) * u64(b) + u64(c)))                          \
  PTX3("mad.hi." #T, T, T, T, T, wrapped<T>(u64(high(a, b)) + u64(c)))                          \
  PTX2("min." #T, T, T, T, std::min(a, b))                                                      \
  PTX2("max." #T, T, T, T, std::max(a, b))                                                      \
  PTX3("sad." #T, T, T, T, T, wrapped<T>(u64(c) + (a < b ? u64(b) - u64(a) : u64(a) - u64(b)))) \
  PTX2("div." #T, T, T, T, divides(a, b) ? T(a / b) : unspecified<T>())                         \
  PTX2("rem." #T, T, T, T, divides(a, b) ? T(a % b) : unspecified<T>())

// The ISA leaves open what a division by zero gives, and one that overflows; neither may end the program.
template <class T>
bool divides(T a, T b) {
  return b != 0 && !(std::is_signed_v<T> && a == std::numeric_limits<T>::min() && b == T(-1));
}

ARITHMETIC(s16)
ARITHMETIC(u16)
ARITHMETIC(s32)
ARITHMETIC(u32)
ARITHMETIC(s64)
ARITHMETIC(u64)

#define SIGNED(T)                            \
  PTX1("neg." #T, T, T, wrapped<T>(-u64(a))) \
  PTX1("abs." #T, T, T, wrapped<T>(a < 0 ? -u64(a) : u64(a)))
SIGNED(s16)
SIGNED(s32)
SIGNED(s64)

PTX2("add.sat.s32", s32, s32, s32, clamped<s32>(s128(a) + b))
PTX2("sub.sat.s32", s32, s32, s32, clamped<s32>(s128(a) - b))
PTX3("mad.hi.sat.s32", s32, s32, s32, s32, clamped<s32>(s128(high(a, b)) + c))

PTX2("mul.wide.s16", s32, s16, s16, s32(a) * s32(b))
PTX2("mul.wide.u16", u32, u16, u16, u32(a) * u32(b))
PTX2("mul.wide.s32", s64, s32, s32, s64(a) * s64(b))
PTX2("mul.wide.u32", u64, u32, u32, u64(a) * u64(b))
PTX3("mad.wide.s16", s32, s16, s16, s32, wrapped<s32>(u64(s32(a) * s32(b)) + u64(c)))
PTX3("mad.wide.u16", u32, u16, u16, u32, wrapped<u32>(u64(a) * u64(b) + u64(c)))
PTX3("mad.wide.s32", s64, s32, s32, s64, wrapped<s64>(u64(s64(a) * s64(b)) + u64(c)))
PTX3("mad.wide.u32", u64, u32, u32, u64, u64(a) * u64(b) + c)

PTX2("mul24.lo.s32", s32, s32, s32, wrapped<s32>(u64(s64(low24(a)) * low24(b))))
PTX2("mul24.hi.s32", s32, s32, s32, wrapped<s32>(u64((s64(low24(a)) * low24(b)) >> 16)))
PTX2("mul24.lo.u32", u32, u32, u32, wrapped<u32>(u64(a & 0xffffff) * (b & 0xffffff)))
PTX2("mul24.hi.u32", u32, u32, u32, wrapped<u32>((u64(a & 0xffffff) * (b & 0xffffff)) >> 16))
PTX3("mad24.lo.s32", s32, s32, s32, s32, wrapped<s32>(u64(s64(low24(a)) * low24(b)) + u64(c)))
PTX3("mad24.lo.u32", u32, u32, u32, u32, wrapped<u32>(u64(a & 0xffffff) * (b & 0xffffff) + c))

PTX3("dp4a.u32.u32", u32, u32, u32, u32, dot_bytes<uint8_t, uint8_t>(a, b, c))
PTX3("dp4a.s32.s32", u32, u32, u32, u32, dot_bytes<int8_t, int8_t>(a, b, c))
PTX3("dp4a.s32.u32", u32, u32, u32, u32, dot_bytes<int8_t, uint8_t>(a, b, c))
PTX3("dp4a.u32.s32", u32, u32, u32, u32, dot_bytes<uint8_t, int8_t>(a, b, c))
PTX3("dp2a.lo.u32.u32", u32, u32, u32, u32, dot_halves<u16, uint8_t>(a, b, c, 0))
PTX3("dp2a.hi.s32.s32", u32, u32, u32, u32, dot_halves<s16, int8_t>(a, b, c, 2))

// Carries: the upper word of sums, differences and products of 64 and 128 bits.
TEXT4("add.cc.u32, addc.u32", "{ .reg .u32 low; add.cc.u32 low, %1, %3; addc.u32 %0, %2, %4; }", u32, u32,
      u32, u32, u32, u32(((u64(b) << 32 | a) + (u64(d) << 32 | c)) >> 32))
TEXT4("sub.cc.u32, subc.u32", "{ .reg .u32 low; sub.cc.u32 low, %1, %3; subc.u32 %0, %2, %4; }", u32, u32,
      u32, u32, u32, u32(((u64(b) << 32 | a) - (u64(d) << 32 | c)) >> 32))
TEXT4("add.cc.u64, addc.u64", "{ .reg .u64 low; add.cc.u64 low, %1, %3; addc.u64 %0, %2, %4; }", u64, u64,
      u64, u64, u64, b + d + (a + c < a))
TEXT4("addc.cc.u32",
      "{ .reg .u32 low, middle; add.cc.u32 low, %1, %2; addc.cc.u32 middle, %3, %4; addc.u32 %0, 0, 0; }",
      u32, u32, u32, u32, u32, u32((u64(c) + d + ((u64(a) + b) >> 32)) >> 32))
TEXT4("subc.cc.u32",
      "{ .reg .u32 low, middle; sub.cc.u32 low, %1, %2; subc.cc.u32 middle, %3, %4; subc.u32 %0, 0, 0; }",
      u32, u32, u32, u32, u32, u64(d) + (a < b) > c ? ~u32{0} : 0)
TEXT4("mad.lo.cc.u32, madc.hi.u32",
      "{ .reg .u32 low; mad.lo.cc.u32 low, %1, %2, %3; madc.hi.u32 %0, %1, %2, %4; }", u32, u32, u32, u32,
      u32, u32((u64(a) * b + (u64(d) << 32 | c)) >> 32))

}  // namespace
}  // namespace gpusim::selfcheck
