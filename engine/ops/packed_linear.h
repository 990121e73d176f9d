// linear() with a weight that is used again and again: it is kept packed in the order in which the CPU's
// products read it (engine/cpu/packed_table.h).
#pragma once

#include <memory>

#include "engine/ops/ops.h"

namespace mosaic {

// While one is alive on this thread, PackedWeights keep packs: for decoding, which multiplies few rows at a
// time. Nests.
class KeepPacked {
 public:
  KeepPacked();
  ~KeepPacked();
  KeepPacked(const KeepPacked&) = delete;
  KeepPacked& operator=(const KeepPacked&) = delete;

 private:
  bool before_;
};

// Belongs to one weight. Copies share the pack; may be used by several threads at once.
class PackedWeight {
 public:
  PackedWeight();

  // linear(x, weight, bias, activation), bit by bit. Under KeepPacked, without gradients and for f32 on the
  // CPU by a pack of the weight, which is made when there is none of these bytes (their storage, place and
  // version, so writes must be touched) and lives until another is made or the last copy of this dies.
  Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias,
                Activation activation = Activation::none) const;

 private:
  struct Pack;
  std::shared_ptr<Pack> pack_;
};

}  // namespace mosaic
