// Element types and the dispatch from a run-time type to a template.
#pragma once

#include <cstdint>
#include <ostream>
#include <utility>

#include "engine/core/error.h"

namespace mosaic {

// f32 trains, f64 checks gradients, i32 holds ids, u8 masks. Half types arrive with the CUDA backend.
enum class DType : uint8_t { f32, f64, i32, u8 };
inline constexpr DType f32 = DType::f32, f64 = DType::f64, i32 = DType::i32, u8 = DType::u8;

constexpr int64_t size_of(DType dtype) {
  return dtype == f64 ? 8 : dtype == u8 ? 1 : 4;
}
constexpr const char* name_of(DType dtype) {
  return dtype == f32 ? "f32" : dtype == f64 ? "f64" : dtype == i32 ? "i32" : "u8";
}
constexpr bool is_float(DType dtype) {
  return dtype == f32 || dtype == f64;
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
template <class T>
inline constexpr DType dtype_of = dtype_of_t<T>::value;

// Calls f.template operator()<T>() with the C++ type of a float dtype; DtypeError for the others.
template <class F>
decltype(auto) visit_float(DType dtype, const char* op, F&& f) {
  check<DtypeError>(is_float(dtype), op, "needs f32 or f64, got ", dtype);
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
    default:
      return f.template operator()<uint8_t>();
  }
}

}  // namespace mosaic
