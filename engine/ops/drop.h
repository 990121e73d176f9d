// The arguments of a fused dropout.
#pragma once

#include <cstdint>

#include "engine/core/error.h"
#include "engine/core/random.h"
#include "engine/kernels/drop.h"

namespace mosaic {

// Sets aside the random words of n elements; nothing is drawn when p is 0. ArgumentError unless 0 <= p < 1,
// or when p > 0 and there is no generator.
inline kernels::Drop make_drop(const char* op, double p, Generator* rng, int64_t n) {
  check(p >= 0 && p < 1, op, "the dropout probability must lie in [0, 1), got ", p);
  if (p == 0) return {};
  check(rng != nullptr, op, "dropout of ", p, " needs a generator");
  return {.key = rng->reserve(n), .threshold = static_cast<uint32_t>(p * 0x1p32), .scale = 1 / (1 - p)};
}

}  // namespace mosaic
