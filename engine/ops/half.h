// Half types in ops whose kernels know none, on the CPU or anywhere: they run in f32, and the result is
// rounded once. The conversions are recorded, so gradients round where values do.
#pragma once

#include "engine/core/tensor.h"
#include "engine/kernels/kernels.h"
#include "engine/ops/check.h"

namespace mosaic {

// Whether x is of a half type that the kernels of its device do not take.
inline bool half_in_f32(const Tensor& x) {
  return x.defined() && is_half(x.dtype()) && !kernels::has_halves(x.device());
}

// x in f32 when it is of a half type; undefined and other tensors as they are.
inline Tensor widened(const Tensor& x) {
  return x.defined() && is_half(x.dtype()) ? x.to(f32) : x;
}

// A parameter beside activations of `dtype`: master weights in f32 may stand beside half activations.
inline bool is_master(const Tensor& parameter, DType dtype) {
  return parameter.defined() && is_half(dtype) && parameter.dtype() == f32;
}

// Such a parameter as the op multiplies with it: rounded to the activations' type; others as they are.
inline Tensor rounded_master(const Tensor& parameter, DType dtype) {
  return is_master(parameter, dtype) ? parameter.to(dtype) : parameter;
}

// check_float of x and its parameters, which may be undefined or masters.
inline void check_terms(const char* op, const Tensor& x, std::initializer_list<const Tensor*> terms) {
  check_float(op, {&x});
  for (const Tensor* term : terms) {
    if (!is_master(*term, x.dtype())) check_float(op, {&x, term});
  }
}

}  // namespace mosaic
