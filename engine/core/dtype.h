// Element types and the dispatch from a run-time type to a template.
#pragma once

#include <cstdint>
#include <ostream>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/half.h"

namespace mosaic {

// f32 trains, f64 checks gradients, i32 holds ids, u8 masks. bf16 and f16 hold activations: sums are carried
// in f32.
enum class DType : uint8_t { f32, f64, i32, u8, bf16, f16 };
inline constexpr DType f32 = DType::f32, f64 = DType::f64, i32 = DType::i32, u8 = DType::u8,
                       bf16 = DType::bf16, f16 = DType::f16;

constexpr bool is_half(DType dtype) {
  return dtype == bf16 || dtype == f16;
}
constexpr bool is_float(DType dtype) {
  return dtype == f32 || dtype == f64 || is_half(dtype);
}
constexpr int64_t size_of(DType dtype) {
  return dtype == f64 ? 8 : dtype == u8 ? 1 : is_half(dtype) ? 2 : 4;
}
constexpr const char* name_of(DType dtype) {
  constexpr const char* names[] = {"f32", "f64", "i32", "u8", "bf16", "f16"};
  return names[static_cast<uint8_t>(dtype)];
}
// What sums, statistics and losses of a float dtype are kept in: f32 for the half types, else itself.
constexpr DType accumulated(DType dtype) {
  return is_half(dtype) ? f32 : dtype;
}
inline std::ostream& operator<<(std::ostream& out, DType dtype) {
  return out << name_of(dtype);
}

template <class T>
struct dtype_of_t;
template <>
struct dtype_of_t<float> {
  static constexpr DType value = f32;
};
template <>
struct dtype_of_t<double> {
  static constexpr DType value = f64;
};
template <>
struct dtype_of_t<int32_t> {
  static constexpr DType value = i32;
};
template <>
struct dtype_of_t<uint8_t> {
  static constexpr DType value = u8;
};
template <>
struct dtype_of_t<BFloat16> {
  static constexpr DType value = bf16;
};
template <>
struct dtype_of_t<Half> {
  static constexpr DType value = f16;
};
template <class T>
inline constexpr DType dtype_of = dtype_of_t<T>::value;
template <class T>
inline constexpr bool is_float_type = is_float(dtype_of<T>);

// Calls f.template operator()<T>() with the C++ type of a float dtype; DtypeError for the others.
template <class F>
decltype(auto) visit_float(DType dtype, const char* op, F&& f) {
  check<DtypeError>(is_float(dtype), op, "needs a float dtype, got ", dtype);
  switch (dtype) {
    case f64:
      return f.template operator()<double>();
    case bf16:
      return f.template operator()<BFloat16>();
    case f16:
      return f.template operator()<Half>();
    default:
      return f.template operator()<float>();
  }
}

// The same of f32 and f64, for what computes half types in f32.
template <class F>
decltype(auto) visit_wide(DType dtype, const char* op, F&& f) {
  check<DtypeError>(dtype == f32 || dtype == f64, op, "needs f32 or f64, got ", dtype);
  return dtype == f32 ? f.template operator()<float>() : f.template operator()<double>();
}

// The same for every dtype.
template <class F>
decltype(auto) visit_any(DType dtype, F&& f) {
  switch (dtype) {
    case f32:
      return f.template operator()<float>();
    case f64:
      return f.template operator()<double>();
    case i32:
      return f.template operator()<int32_t>();
    case bf16:
      return f.template operator()<BFloat16>();
    case f16:
      return f.template operator()<Half>();
    default:
      return f.template operator()<uint8_t>();
  }
}

}  // namespace mosaic
