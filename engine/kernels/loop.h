// Several operands walked together over the same index space: how broadcasting and strided views reach
// kernels.
#pragma once

#include <cstdint>

namespace mosaic::kernels {

// Up to six axes, innermost last; strides in elements, 0 where an operand is broadcast. Made by make_loop
// (ops/loop.h), which merges axes wherever all operands allow it, so dense operands have one axis.
template <int Operands>
struct Loop {
  int rank = 1;
  int64_t sizes[6] = {1};
  int64_t strides[Operands][6] = {};
};

}  // namespace mosaic::kernels
