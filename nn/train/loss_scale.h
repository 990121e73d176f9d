// Loss scaling for f16, whose smallest numbers are 6e-8: gradients are computed of scale * loss and divided
// by the scale before the update.
#pragma once

#include <cstdint>

namespace mosaic::nn {

// Dynamic (Micikevicius et al., "Mixed Precision Training", 2018): halved when a gradient is not finite,
// which costs that update; doubled after `patience` updates without. A value: what a checkpoint has to keep.
struct LossScale {
  double scale = 65536;
  int64_t good_updates = 0;  // since the last change
  static constexpr int64_t patience = 2000;
  static constexpr double smallest = 1, largest = 16777216;

  void grow_when_due() {
    if (++good_updates < patience) return;
    good_updates = 0;
    if (scale < largest) scale *= 2;
  }
  // False when it cannot be smaller: then the gradients are at fault, not the scale.
  bool shrink() {
    good_updates = 0;
    if (scale <= smallest) return false;
    scale /= 2;
    return true;
  }
};

}  // namespace mosaic::nn
