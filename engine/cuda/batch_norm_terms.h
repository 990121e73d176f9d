// What cuDNN's batch norm takes and gives, {channels} each, from and to our terms.
#pragma once

#include "engine/core/dtype.h"

namespace mosaic::kernels::gpu {

void fill_channels(DType dtype, void* values, int64_t channels, double value);
void scale_channels(DType dtype, void* values, int64_t channels, double factor);
// to = 1 / sqrt(variance + eps)
void inverse_deviations(DType dtype, const void* variance, double eps, void* to, int64_t channels);

}  // namespace mosaic::kernels::gpu
