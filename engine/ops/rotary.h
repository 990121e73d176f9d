// Rotary positions (Su et al. 2021, "RoFormer: Enhanced Transformer with Rotary Position Embedding"); the
// rules of ops.h hold.
#pragma once

#include "engine/core/tensor.h"

namespace mosaic {

struct RotaryOptions {
  int64_t heads = 1;
  // Which channels of a head make pair i of p: 2i and 2i + 1 (the paper), or i and p + i (GPT-NeoX, LLaMA).
  bool interleaved = false;
};
// Turns the first 2p channels of every head, in pairs: pair i of row t by the angle whose cosine and sine are
// cosines[t, i] and sines[t, i]; the other channels are copied. x {..., length, heads * width}, cosines and
// sines {length, p} with 2p <= width -> the shape of x. No gradient for cosines and sines. The table is
// usually that of nn::RotaryPositions.
Tensor rotary(const Tensor& x, const Tensor& cosines, const Tensor& sines, const RotaryOptions& options = {});

}  // namespace mosaic
