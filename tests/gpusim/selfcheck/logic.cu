// Bits: logic, shifts, fields, counts, permutations.
#include "tests/gpusim/selfcheck/bits.h"
#include "tests/gpusim/selfcheck/instruction.cuh"

namespace gpusim::selfcheck {
namespace {

constexpr const char* family = "logic";

#define LOGIC(bits, T)                             \
  PTX2("and.b" #bits, T, T, T, T(a& b))            \
  PTX2("or.b" #bits, T, T, T, T(a | b))            \
  PTX2("xor.b" #bits, T, T, T, T(a ^ b))           \
  PTX1("not.b" #bits, T, T, T(~a))                 \
  PTX1("cnot.b" #bits, T, T, T(a == 0))            \
  PTX1("mov.b" #bits, T, T, a)                     \
  PTX2("shl.b" #bits, T, T, u32, shift_left(a, b)) \
  PTX2("shr.b" #bits, T, T, u32, shift_right(a, b))
LOGIC(16, u16)
LOGIC(32, u32)
LOGIC(64, u64)

#define SHIFT(T) PTX2("shr." #T, T, T, u32, shift_right(a, b))
SHIFT(s16)
SHIFT(u16)
SHIFT(s32)
SHIFT(u32)
SHIFT(s64)
SHIFT(u64)

PTX3("shf.l.wrap.b32", u32, u32, u32, u32, funnel_left(a, b, c & 31))
PTX3("shf.r.wrap.b32", u32, u32, u32, u32, funnel_right(a, b, c & 31))
PTX3("shf.l.clamp.b32", u32, u32, u32, u32, c >= 32 ? a : funnel_left(a, b, c))
PTX3("shf.r.clamp.b32", u32, u32, u32, u32, funnel_right(a, b, std::min(c, 32u)))

PTX1("popc.b32", u32, u32, u32(std::popcount(a)))
PTX1("popc.b64", u32, u64, u32(std::popcount(a)))
PTX1("clz.b32", u32, u32, u32(std::countl_zero(a)))
PTX1("clz.b64", u32, u64, u32(std::countl_zero(a)))
PTX1("brev.b32", u32, u32, reverse(a))
PTX1("brev.b64", u64, u64, reverse(a))

#define FIND(T)                           \
  PTX1("bfind." #T, u32, T, find_high(a)) \
  PTX1("bfind.shiftamt." #T, u32, T, find_high(a) == ~u32{0} ? ~u32{0} : width<T> - 1 - find_high(a))
FIND(u32)
FIND(s32)
FIND(u64)
FIND(s64)

#define FIELD(T) PTX3("bfe." #T, T, T, u32, u32, extract(a, b, c))
FIELD(u32)
FIELD(s32)
FIELD(u64)
FIELD(s64)
PTX4("bfi.b32", u32, u32, u32, u32, u32, insert(a, b, c, d))
PTX4("bfi.b64", u64, u64, u64, u32, u32, insert(a, b, c, d))

PTX3("prmt.b32", u32, u32, u32, u32, permute(a, b, {c, c >> 4, c >> 8, c >> 12}))
#define PERMUTE(mode, s0, s1, s2, s3) \
  PTX3("prmt.b32." mode, u32, u32, u32, u32, permute(a, b, {(s0)&7, (s1)&7, (s2)&7, (s3)&7}))
PERMUTE("f4e", c % 4, c % 4 + 1, c % 4 + 2, c % 4 + 3)
PERMUTE("b4e", c % 4, c % 4 - 1, c % 4 - 2, c % 4 - 3)
PERMUTE("rc8", c % 4, c % 4, c % 4, c % 4)
PERMUTE("ecl", c % 4, std::max(c % 4, 1u), std::max(c % 4, 2u), 3)
PERMUTE("ecr", 0, std::min(c % 4, 1u), std::min(c % 4, 2u), c % 4)
PERMUTE("rc16", c % 2 * 2, c % 2 * 2 + 1, c % 2 * 2, c % 2 * 2 + 1)

// The truth table's columns: a 0xf0, b 0xcc, c 0xaa.
#define LOP3(table, ...) \
  TEXT3("lop3.b32 " #table, "lop3.b32 %0, %1, %2, %3, " #table ";", u32, u32, u32, u32, __VA_ARGS__)
LOP3(0x96, a ^ b ^ c)
LOP3(0x80, a& b& c)
LOP3(0xfe, a | b | c)
LOP3(0xe8, (a & b) | (a & c) | (b & c))
LOP3(0xca, (a & b) | (~a & c))
LOP3(0x1a, (~a & c) | (a & ~b & ~c))
LOP3(0x00, 0u & (a | b | c))
LOP3(0xff, ~0u | a | b | c)
LOP3(0x0c, ~a& b&(c | ~c))

// Moves between registers of different widths.
TEXT1("mov.b64 {low, high}", "{ .reg .b32 low, high; mov.b64 {low, high}, %1; mov.b64 %0, {high, low}; }",
      u64, u64, a << 32 | a >> 32)
TEXT1("mov.b32 {low, high}", "{ .reg .b16 low, high; mov.b32 {low, high}, %1; mov.b32 %0, {high, low}; }",
      u32, u32, a << 16 | a >> 16)
TEXT1("mov.b64 {four}", "{ .reg .b16 p, q, r, s; mov.b64 {p, q, r, s}, %1; mov.b64 %0, {s, r, q, p}; }", u64,
      u64, a << 48 | (a << 16 & 0xffff00000000) | (a >> 16 & 0xffff0000) | a >> 48)

}  // namespace
}  // namespace gpusim::selfcheck
