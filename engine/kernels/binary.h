// Functions of two operands and their gradients: what the kernels are told.
#pragma once

#include "engine/core/dtype.h"
#include "engine/kernels/loop.h"

namespace mosaic::kernels {

enum class BinaryOp : uint8_t { add, sub, mul, div, maximum, minimum };

// y (+)= a op b.
struct BinaryArgs {
  BinaryOp op;
  DType dtype;
  bool accumulate = false;
  const void* a;
  const void* b;
  void* y;
  Loop<3> loop;
};

// The gradients of both operands of mul, div, maximum and minimum, in one pass; da or db may be null. An
// operand that no wanted gradient is written in may be null too (mul needs the other factor, div always b);
// its strides are 0.
struct BinaryBackArgs {
  BinaryOp op;
  DType dtype;
  const void* a;
  const void* b;
  const void* dy;
  void* da;
  bool add_da;  // add to da instead of writing it
  void* db;
  bool add_db;
  Loop<5> loop;  // a, b, dy, da, db
};

// The same where one operand was repeated along the n of {outer, n, cols}: its gradient is summed over n,
// and the other operand's written, in one pass. With cols = 1, everything else is dense along n.
struct BinarySumArgs {
  BinaryOp op;
  DType dtype;
  bool repeats_first;    // the repeated operand is a, else b
  const void* repeated;  // {outer, cols} dense; may be null like an operand of BinaryBackArgs
  const void* other;
  const void* dy;
  void* sum;     // the repeated operand's gradient {outer, cols}, dense
  void* dother;  // the other's; null: not wanted
  bool add_dother;
  Loop<3> loop;  // other, dy, dother over the three axes {outer, n, cols}
};

}  // namespace mosaic::kernels
