// PTX's types.
#pragma once

#include <optional>
#include <string_view>

namespace gpusim {

enum class Type {
  pred,
  b8,
  b16,
  b32,
  b64,
  b128,
  u8,
  u16,
  u32,
  u64,
  s8,
  s16,
  s32,
  s64,
  f16,
  f16x2,
  bf16,
  bf16x2,
  tf32,
  f32,
  f64,
};

std::optional<Type> type_named(std::string_view name);  // without the dot: "f32"
int bits_of(Type type);                                 // pred: 1
bool is_signed(Type type);                              // a signed integer
bool is_float(Type type);

}  // namespace gpusim
