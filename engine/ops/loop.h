// From tensors to the Loop a kernel walks: broadcasting by zero strides, mergeable axes merged.
#pragma once

#include <array>

#include "engine/core/tensor.h"
#include "engine/kernels/loop.h"

namespace mosaic {

// Every operand's shape must broadcast to `shape` (checked by the op); no axis of `shape` may be 0.
template <size_t Operands>
kernels::Loop<static_cast<int>(Operands)> make_loop(const Shape& shape,
                                                    const std::array<const Tensor*, Operands>& operands) {
  kernels::Loop<static_cast<int>(Operands)> loop;
  int rank = 0;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const int64_t size = shape[axis];
    if (size == 1) continue;
    std::array<int64_t, Operands> strides{};
    bool merges = rank > 0;
    for (size_t k = 0; k < Operands; ++k) {
      const Tensor& x = *operands[k];
      const int own = axis - (shape.rank() - x.rank());
      strides[k] = own < 0 || x.dim(own) == 1 ? 0 : x.stride(own);
      merges = merges && loop.strides[k][rank - 1] == strides[k] * size;
    }
    if (!merges) ++rank;
    loop.sizes[rank - 1] = merges ? loop.sizes[rank - 1] * size : size;
    for (size_t k = 0; k < Operands; ++k) loop.strides[k][rank - 1] = strides[k];
  }
  loop.rank = rank == 0 ? 1 : rank;
  return loop;
}

}  // namespace mosaic
