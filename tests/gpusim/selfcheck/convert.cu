// Conversions: widths, saturation, every rounding mode.
#include "tests/gpusim/selfcheck/bits.h"
#include "tests/gpusim/selfcheck/instruction.cuh"

namespace gpusim::selfcheck {
namespace {

constexpr const char* family = "convert";
using s8 = int8_t;
using u8 = uint8_t;
constexpr Rounding rn = Rounding::nearest, rz = Rounding::zero, rm = Rounding::down, rp = Rounding::up;
constexpr Rounding rni = rn, rzi = rz, rmi = rm, rpi = rp;

// Whole numbers. Registers may be wider than the types of the instruction.
#define RESIZE(to, from, R, A) PTX1("cvt." #to "." #from, R, A, R(to(from(a))))
RESIZE(s32, s8, s32, u32)
RESIZE(u32, u8, u32, u32)
RESIZE(s16, s8, s16, u16)
RESIZE(u16, u8, u16, u16)
RESIZE(s64, s8, s64, u32)
RESIZE(u64, u8, u64, u64)
RESIZE(s32, s16, s32, s16)
RESIZE(u32, u16, u32, u16)
RESIZE(u32, u16, u32, u32)
RESIZE(u32, s16, u32, s16)
RESIZE(s64, s16, s64, s16)
RESIZE(u64, u16, u64, u16)
RESIZE(s64, s32, s64, s32)
RESIZE(u64, u32, u64, u32)
RESIZE(s64, u32, s64, u32)
RESIZE(u64, s32, u64, s32)
RESIZE(u16, u32, u16, u32)
RESIZE(s16, s32, s16, s32)
RESIZE(u16, u64, u16, u64)
RESIZE(u32, u64, u32, u64)
RESIZE(s32, s64, s32, s64)
RESIZE(u8, u32, u32, u32)
RESIZE(s8, s32, s32, s32)
RESIZE(u8, u16, u16, u16)
RESIZE(s8, s64, s32, s64)

#define SATURATE(to, from, R, A) PTX1("cvt.sat." #to "." #from, R, A, R(clamped<to>(from(a))))
SATURATE(s8, s32, s32, s32)
SATURATE(u8, s32, u32, s32)
SATURATE(u8, u32, u32, u32)
SATURATE(s8, s16, s16, s16)
SATURATE(s16, s32, s16, s32)
SATURATE(u16, s32, u16, s32)
SATURATE(u16, u32, u16, u32)
SATURATE(u32, s32, u32, s32)
SATURATE(s32, u32, s32, u32)
SATURATE(s32, s64, s32, s64)
SATURATE(u32, s64, u32, s64)
SATURATE(u32, u64, u32, u64)
SATURATE(u64, s64, u64, s64)
SATURATE(s64, u64, s64, u64)

// Whole to floating.
#define FROM_INTEGER(mode)                                      \
  PTX1("cvt." #mode ".f32.s32", f32, s32, narrow(s64(a), mode)) \
  PTX1("cvt." #mode ".f32.u32", f32, u32, narrow(s64(a), mode)) \
  PTX1("cvt." #mode ".f32.s64", f32, s64, narrow(s64(a), mode)) \
  PTX1("cvt." #mode ".f32.u64", f32, u64, narrow(u64(a), mode)) \
  PTX1("cvt." #mode ".f64.s64", f64, s64, widen(s64(a), mode))  \
  PTX1("cvt." #mode ".f64.u64", f64, u64, widen(u64(a), mode))  \
  PTX1("cvt." #mode ".f16.s32", f16, s32, to_f16(a, mode))      \
  PTX1("cvt." #mode ".f16.u32", f16, u32, to_f16(a, mode))
FROM_INTEGER(rn)
FROM_INTEGER(rz)
FROM_INTEGER(rm)
FROM_INTEGER(rp)
PTX1("cvt.rn.f64.s32", f64, s32, a)
PTX1("cvt.rn.f64.u32", f64, u32, a)
PTX1("cvt.rn.f32.s16", f32, s16, a)
PTX1("cvt.rn.f32.u16", f32, u16, a)
PTX1("cvt.rn.f64.u16", f64, u16, a)
PTX1("cvt.rn.f32.s8", f32, u32, s8(a))
PTX1("cvt.rn.f32.u8", f32, u32, u8(a))
PTX1("cvt.rn.f32.u8", f32, u16, u8(a))
PTX1("cvt.rn.f64.s8", f64, u32, s8(a))
PTX1("cvt.rn.f16.s16", f16, s16, to_f16(a))
PTX1("cvt.rn.f16.u16", f16, u16, to_f16(a))
PTX1("cvt.rn.f16.s64", f16, s64, to_f16(double(a)))

// Floating to whole: clamped to the range.
#define TO_INTEGER(mode, T)                                                   \
  PTX1("cvt." #mode "." #T ".f32", T, f32, to_integer<T>(a, mode))            \
  PTX1("cvt." #mode ".ftz." #T ".f32", T, f32, to_integer<T>(flush(a), mode)) \
  PTX1("cvt." #mode "." #T ".f64", T, f64, to_integer<T>(a, mode))
#define TO_INTEGERS(mode)                                                  \
  TO_INTEGER(mode, s32)                                                    \
  TO_INTEGER(mode, u32)                                                    \
  TO_INTEGER(mode, s64)                                                    \
  TO_INTEGER(mode, u64)                                                    \
  PTX1("cvt." #mode ".s16.f32", s16, f32, to_integer<s16>(a, mode))        \
  PTX1("cvt." #mode ".u16.f32", u16, f32, to_integer<u16>(a, mode))        \
  PTX1("cvt." #mode ".s32.f16", s32, f16, to_integer<s32>(value(a), mode)) \
  PTX1("cvt." #mode ".u32.f16", u32, f16, to_integer<u32>(value(a), mode)) \
  PTX1("cvt." #mode ".s16.f16", s16, f16, to_integer<s16>(value(a), mode))
TO_INTEGERS(rni)
TO_INTEGERS(rzi)
TO_INTEGERS(rmi)
TO_INTEGERS(rpi)
PTX1("cvt.rzi.s8.f32", s32, f32, to_integer<s8>(a, rzi))
PTX1("cvt.rzi.u8.f32", u32, f32, to_integer<u8>(a, rzi))
PTX1("cvt.rni.sat.u8.f32", u32, f32, to_integer<u8>(a, rni))

// Floating to floating.
#define NARROW(mode)                                                         \
  PTX1("cvt." #mode ".f32.f64", f32, f64, narrow(a, mode))                   \
  PTX1("cvt." #mode ".ftz.f32.f64", f32, f64, flush_result(narrow(a, mode))) \
  PTX1("cvt." #mode ".f16.f32", f16, f32, to_f16(a, mode))                   \
  PTX1("cvt." #mode ".f16.f64", f16, f64, to_f16(a, mode))
NARROW(rn)
NARROW(rz)
NARROW(rm)
NARROW(rp)
PTX1("cvt.f64.f32", f64, f32, a)
PTX1("cvt.ftz.f64.f32", f64, f32, flush(a))
PTX1("cvt.f32.f16", f32, f16, value(a))
PTX1("cvt.f64.f16", f64, f16, value(a))
PTX1("cvt.sat.f32.f32", f32, f32, saturate(a))
PTX1("cvt.sat.f32.f16", f32, f16, saturate(value(a)))
PTX1("cvt.rn.sat.f16.f32", f16, f32, to_f16(saturate(a)))

#define WHOLE(mode)                                                            \
  PTX1("cvt." #mode ".f32.f32", f32, f32, float(integral(a, mode)))            \
  PTX1("cvt." #mode ".ftz.f32.f32", f32, f32, float(integral(flush(a), mode))) \
  PTX1("cvt." #mode ".f64.f64", f64, f64, integral(a, mode))                   \
  PTX1("cvt." #mode ".f16.f16", f16, f16, to_f16(integral(value(a), mode)))
WHOLE(rni)
WHOLE(rzi)
WHOLE(rmi)
WHOLE(rpi)

// 16-bit formats: one, or two of which the first operand is the upper; .relu makes negative numbers zero, -0
// one zero or the other.
inline float positive(float a) {
  if (a == 0 && std::signbit(a)) return unspecified<float>();
  return a < 0 ? 0.0f : a;
}
template <class T>
uint32_t join(T upper, T lower) {
  return static_cast<uint32_t>(upper.bits) << 16 | lower.bits;
}
#define TO_HALF(type, mode)                                                                                 \
  PTX2("cvt." #mode "." #type "x2.f32", type##x2, f32, f32, {join(to_##type(a, mode), to_##type(b, mode))}) \
  PTX2("cvt." #mode ".relu." #type "x2.f32", type##x2, f32, f32,                                            \
       {join(to_##type(positive(a), mode), to_##type(positive(b), mode))})                                  \
  PTX1("cvt." #mode ".relu." #type ".f32", type, f32, to_##type(positive(a), mode))
TO_HALF(f16, rn)
TO_HALF(f16, rz)
TO_HALF(bf16, rn)
TO_HALF(bf16, rz)
PTX1("cvt.rn.bf16.f32", bf16, f32, to_bf16(a))
PTX1("cvt.rz.bf16.f32", bf16, f32, to_bf16(a, rz))

// Ten digits, halves away from zero.
PTX1("cvt.rna.tf32.f32", u32, f32,
     std::isfinite(a) ? (std::bit_cast<u32>(a) + 0x1000) & ~u32{0x1fff} : unspecified<u32>())

}  // namespace
}  // namespace gpusim::selfcheck
