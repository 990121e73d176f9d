// The parts of the elementwise family (elementwise.cu) that are compiled on their own.
#pragma once

#include "engine/kernels/elementwise.h"

namespace mosaic::kernels::gpu {

void unary(const UnaryArgs& args);           // unary.cu
void unary_back(const UnaryBackArgs& args);  // unary_back.cu

}  // namespace mosaic::kernels::gpu
