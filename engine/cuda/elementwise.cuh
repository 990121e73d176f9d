// The parts of the elementwise family (elementwise.cu) that are compiled on their own.
#pragma once

#include "engine/kernels/elementwise.h"

namespace mosaic::kernels::gpu {

void unary(const UnaryArgs& args);             // unary.cu
void unary_back(const UnaryBackArgs& args);    // unary_back.cu
void binary_back(const BinaryBackArgs& args);  // binary_back.cu, as the next
void binary_sum(const BinarySumArgs& args);

}  // namespace mosaic::kernels::gpu
