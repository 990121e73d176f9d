// Comparisons, logic of predicates, selection.
#include "tests/gpusim/selfcheck/instruction.cuh"

namespace gpusim::selfcheck {
namespace {

constexpr const char* family = "compare";

#define PREDICATE(name, T, U, ...) \
  TEXT2(name, "{ .reg .pred p; " name " p, %1, %2; selp.u32 %0, 1, 0, p; }", u32, T, U, __VA_ARGS__)
#define COMPARISON(op, T, ...) PREDICATE("setp." #op "." #T, T, T, __VA_ARGS__)

#define EQUALITY(T)         \
  COMPARISON(eq, T, a == b) \
  COMPARISON(ne, T, a != b)
#define ORDER(T)            \
  EQUALITY(T)               \
  COMPARISON(lt, T, a < b)  \
  COMPARISON(le, T, a <= b) \
  COMPARISON(gt, T, a > b)  \
  COMPARISON(ge, T, a >= b)
#define UNSIGNED_ORDER(T)   \
  ORDER(T)                  \
  COMPARISON(lo, T, a < b)  \
  COMPARISON(ls, T, a <= b) \
  COMPARISON(hi, T, a > b)  \
  COMPARISON(hs, T, a >= b)
ORDER(s16)
ORDER(s32)
ORDER(s64)
UNSIGNED_ORDER(u16)
UNSIGNED_ORDER(u32)
UNSIGNED_ORDER(u64)
PREDICATE("setp.eq.b16", u16, u16, a == b)
PREDICATE("setp.ne.b32", u32, u32, a != b)
PREDICATE("setp.eq.b64", u64, u64, a == b)

#define FLOAT_ORDER(T)                                 \
  COMPARISON(eq, T, a == b)                            \
  COMPARISON(ne, T, a<b || a> b)                       \
  COMPARISON(lt, T, a < b)                             \
  COMPARISON(le, T, a <= b)                            \
  COMPARISON(gt, T, a > b)                             \
  COMPARISON(ge, T, a >= b)                            \
  COMPARISON(equ, T, !(a < b || a > b))                \
  COMPARISON(neu, T, a != b)                           \
  COMPARISON(ltu, T, !(a >= b))                        \
  COMPARISON(leu, T, !(a > b))                         \
  COMPARISON(gtu, T, !(a <= b))                        \
  COMPARISON(geu, T, !(a < b))                         \
  COMPARISON(num, T, !std::isnan(a) && !std::isnan(b)) \
  COMPARISON(nan, T, std::isnan(a) || std::isnan(b))
FLOAT_ORDER(f32)
FLOAT_ORDER(f64)
PREDICATE("setp.eq.ftz.f32", f32, f32, flush(a) == flush(b))
PREDICATE("setp.lt.ftz.f32", f32, f32, flush(a) < flush(b))
PREDICATE("setp.gtu.ftz.f32", f32, f32, !(flush(a) <= flush(b)))

// With a third predicate, and the complement as second result.
#define COMBINED(op, third, ...)                                    \
  TEXT3("setp.lt." op ".s32 p|q, " third,                           \
        "{ .reg .pred p, q, r; .reg .u32 x; setp.gt.s32 r, %3, 0; " \
        "setp.lt." op ".s32 p|q, %1, %2, " third                    \
        "; selp.u32 x, 1, 0, p; selp.u32 %0, 2, 0, q; "             \
        "or.b32 %0, %0, x; }",                                      \
        u32, s32, s32, s32, [](bool is, bool r) {                   \
          const auto with = [r](bool p) { return __VA_ARGS__; };    \
          return u32(with(is)) + 2 * u32(with(!is));                \
        }(a<b, c> 0))
COMBINED("and", "r", p&& r)
COMBINED("or", "r", p || r)
COMBINED("xor", "r", p != r)
COMBINED("and", "!r", p && !r)
TEXT2("setp.le.s32 p|q",
      "{ .reg .pred p, q; .reg .u32 x; setp.le.s32 p|q, %1, %2; selp.u32 x, 1, 0, p; selp.u32 %0, 2, 0, q; "
      "or.b32 %0, %0, x; }",
      u32, s32, s32, a <= b ? 1 : 2)

#define LOGIC(op, ...)                                                           \
  TEXT2(#op ".pred",                                                             \
        "{ .reg .pred p, q, r; setp.gt.s32 p, %1, 0; setp.gt.s32 q, %2, 0; " #op \
        ".pred r, p, q; "                                                        \
        "selp.u32 %0, 1, 0, r; }",                                               \
        u32, s32, s32, __VA_ARGS__)
LOGIC(and, a > 0 && b > 0)
LOGIC(or, a > 0 || b > 0)
LOGIC(xor, (a > 0) != (b > 0))
TEXT1("not.pred", "{ .reg .pred p, q; setp.gt.s32 p, %1, 0; not.pred q, p; selp.u32 %0, 1, 0, q; }", u32, s32,
      a <= 0)
TEXT1("mov.pred", "{ .reg .pred p, q; setp.gt.s32 p, %1, 0; mov.pred q, p; selp.u32 %0, 1, 0, q; }", u32, s32,
      a > 0)
TEXT2("@p and @!p",
      "{ .reg .pred p; setp.lt.s32 p, %1, %2; mov.u32 %0, 7; @p add.u32 %0, %0, 1; @!p add.u32 %0, %0, 2; }",
      u32, s32, s32, a < b ? 8 : 9)

PTX2("set.lt.u32.s32", u32, s32, s32, a < b ? ~0u : 0u)
PTX2("set.ge.s32.u32", s32, u32, u32, a >= b ? -1 : 0)
PTX2("set.lt.f32.s32", f32, s32, s32, a < b ? 1.0f : 0.0f)
PTX2("set.gt.u32.f32", u32, f32, f32, a > b ? ~0u : 0u)
PTX2("set.neu.f32.f32", f32, f32, f32, a != b ? 1.0f : 0.0f)
PTX2("set.le.u32.f64", u32, f64, f64, a <= b ? ~0u : 0u)

#define SELECT(type, T)                                                                                  \
  TEXT3("selp." #type, "{ .reg .pred p; setp.gt.s32 p, %3, 0; selp." #type " %0, %1, %2, p; }", T, T, T, \
        s32, c > 0 ? a : b)                                                                              \
  PTX3("slct." #type ".s32", T, T, T, s32, c >= 0 ? a : b)                                               \
  PTX3("slct." #type ".f32", T, T, T, f32, c >= 0 ? a : b)
SELECT(b16, u16)
SELECT(b32, u32)
SELECT(b64, u64)
SELECT(s32, s32)
SELECT(u64, u64)
SELECT(f32, f32)
SELECT(f64, f64)

}  // namespace
}  // namespace gpusim::selfcheck
