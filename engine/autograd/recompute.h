// Trading time for memory: a segment whose inner results are computed again during backward.
#pragma once

#include <functional>
#include <vector>

#include "engine/core/random.h"
#include "engine/core/tensor.h"

namespace mosaic {

// segment(inputs), without keeping what happens inside. During backward the segment runs again from the same
// inputs (and, when rng is given, from the same generator position, so dropout masks agree) and is swept.
// Tracked tensors that the segment captures get their gradients too, but then the result must depend on a
// tracked input as well. The segment must be a pure function of its inputs, captured tensors and rng.
Tensor recompute(const std::function<Tensor(const std::vector<Tensor>&)>& segment,
                 const std::vector<Tensor>& inputs, Generator* rng = nullptr);

}  // namespace mosaic
