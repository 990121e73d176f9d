// Comparisons of the op checks (checks/) by their names in tests.
#pragma once

#include "apps/checks/op_runs.h"

namespace mosaic::test {

using checks::cotangent_for;
using checks::difference;
using checks::make_inputs;
using checks::OpCase;
using checks::same_bits;
using checks::sliced_copy;
using checks::Tensors;
using checks::transposed_copy;

}  // namespace mosaic::test
