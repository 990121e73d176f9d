// One function of one tensor, for the families of elementwise ops.
#pragma once

#include "engine/core/tensor.h"
#include "engine/kernels/elementwise.h"

namespace mosaic {

// What a unary function's derivative is written in.
enum class Saves : uint8_t { nothing, input, result };

// The op `name` of kernels/scalar.h, recorded; a and b are the function's parameters.
Tensor unary(const char* name, kernels::UnaryOp op, const Tensor& x, Saves saves, double a = 0, double b = 0);

}  // namespace mosaic
