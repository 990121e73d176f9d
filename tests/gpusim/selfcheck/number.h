// The types of PTX registers, as the cases spell them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gpusim::selfcheck {

using s16 = int16_t;
using u16 = uint16_t;
using s32 = int32_t;
using u32 = uint32_t;
using s64 = int64_t;
using u64 = uint64_t;
using f32 = float;
using f64 = double;
struct f16 {
  uint16_t bits;
};
struct bf16 {
  uint16_t bits;
};
struct f16x2 {
  uint32_t bits;
};
struct bf16x2 {
  uint32_t bits;
};

enum class Kind { s16, u16, s32, u32, s64, u64, f32, f64, f16, bf16, f16x2, bf16x2 };

template <class T>
inline constexpr Kind kind_of = Kind::s16;
template <>
inline constexpr Kind kind_of<u16> = Kind::u16;
template <>
inline constexpr Kind kind_of<s32> = Kind::s32;
template <>
inline constexpr Kind kind_of<u32> = Kind::u32;
template <>
inline constexpr Kind kind_of<s64> = Kind::s64;
template <>
inline constexpr Kind kind_of<u64> = Kind::u64;
template <>
inline constexpr Kind kind_of<f32> = Kind::f32;
template <>
inline constexpr Kind kind_of<f64> = Kind::f64;
template <>
inline constexpr Kind kind_of<f16> = Kind::f16;
template <>
inline constexpr Kind kind_of<bf16> = Kind::bf16;
template <>
inline constexpr Kind kind_of<f16x2> = Kind::f16x2;
template <>
inline constexpr Kind kind_of<bf16x2> = Kind::bf16x2;

size_t bytes_of(Kind kind);
// All pairs of the kind's special values (as the position-th of the operands), then random ones.
std::vector<std::byte> operand_values(Kind kind, size_t position, uint64_t seed);
// How many that are, for operands of these kinds.
size_t operand_count(const std::vector<Kind>& kinds);
// Same bits, but any NaN is the same as any other: the ISA leaves its payload open.
bool same(Kind kind, const std::byte* a, const std::byte* b);
// One after another. GCC 12 warns of a string literal + std::string where it inlines it.
std::string joined(const std::vector<std::string>& parts);
// Bits and value.
std::string describe(Kind kind, const std::byte* value);

}  // namespace gpusim::selfcheck
