// The elementwise family is compiled in three pieces.
#pragma once

#include "engine/kernels/elementwise.h"

namespace mosaic::kernels::gpu {

void unary(const UnaryArgs& args);           // unary.cu
void unary_back(const UnaryBackArgs& args);  // unary_back.cu
const Elementwise& elementwise();            // elementwise.cu

}  // namespace mosaic::kernels::gpu
