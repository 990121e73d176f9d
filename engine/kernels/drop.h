// Dropout inside fused kernels.
#pragma once

#include <cstdint>

#include "engine/core/random.h"

namespace mosaic::kernels {

// Which elements are zeroed: element i is dropped when word i % 4 of Philox block counter + i / 4 lies below
// `threshold` (probability threshold / 2^32), the others are multiplied by `scale`. Zero drops nothing.
struct Drop {
  PhiloxKey key;
  uint32_t threshold = 0;
  double scale = 1;
};

}  // namespace mosaic::kernels
