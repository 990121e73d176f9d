// Matrix products written into given places, for ops and their derivatives.
#pragma once

#include "engine/core/tensor.h"

namespace mosaic {

// y (+)= a b for matrices in the last two axes, read in place where their layout allows it (a dense copy
// otherwise); leading axes of a and b broadcast to those of y, whose last axis is dense. Nothing is recorded.
void product(const Tensor& a, const Tensor& b, const Tensor& y, bool accumulate);

// db {n} (+)= the sums of the columns of x {rows, n}, whose rows are dense.
void column_sums(const Tensor& x, const Tensor& db, bool accumulate);

}  // namespace mosaic
