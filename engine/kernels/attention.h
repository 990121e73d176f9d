// Scaled dot-product attention: argument structs and the device interface.
#pragma once

#include <cstdint>

#include "engine/core/dtype.h"
#include "engine/kernels/drop.h"

namespace mosaic::kernels {

// One operand {batch, length, heads * width}: strides in elements, the last axis dense; head h owns the
// columns [h, h + 1) * width.
struct AttentionRows {
  void* data = nullptr;
  int64_t batch = 0, row = 0;
};

// What forward and backward share. Query i sees key j when mask[b, j] is set (mask null: always) and, if
// causal, j <= i + keys - queries. Probability (b, h, i, j) is element (b heads + h) queries keys + i keys +
// j of `drop`.
//
// With begins, a batch is sequences of different lengths one after another: b owns the rows [begins[b],
// begins[b + 1]) of its operands, whose batch strides are 0. `queries` and `keys` are the longest then, and
// stand for b's own in the rules above but in the size queries keys of a head; there is no mask.
struct AttentionShape {
  DType dtype;
  int64_t batch, heads, queries, keys, width;
  const uint8_t* mask;
  int64_t mask_batch;  // elements from one mask row to the next; keys are dense
  bool causal;
  double scale;  // of the products of queries and keys
  Drop drop;
  const int32_t* query_begins = nullptr;  // batch + 1, both or neither
  const int32_t* key_begins = nullptr;
  int64_t items() const { return batch * heads; }
};

struct AttentionArgs {
  AttentionShape shape;
  AttentionRows q, k, v, out;
  void* kept;  // for the gradient: items() * kept_size() values of accumulated(dtype); null: not wanted
};

// out: the forward's result. Targets may be null; *_add: add to what the target holds. They are written in
// the order dq, dk, dv within each (batch, head), so targets may be the same memory when the later ones add.
struct AttentionGradArgs {
  AttentionShape shape;
  AttentionRows q, k, v, out, dout, dq, dk, dv;
  bool dq_add, dk_add, dv_add;
  const void* kept;
};

struct Attention {
  // Values kept for each (batch, head).
  virtual int64_t kept_size(const AttentionShape&) const = 0;
  virtual void attention(const AttentionArgs&) const = 0;
  virtual void attention_grad(const AttentionGradArgs&) const = 0;

 protected:
  ~Attention() = default;
};

}  // namespace mosaic::kernels
