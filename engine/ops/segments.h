// Sequences of different lengths, one after another along an axis, without padding between them.
#pragma once

#include <memory>
#include <vector>

#include "engine/core/tensor.h"

namespace mosaic {

// A cheap value: copies share what they hold.
class Segments {
 public:
  Segments() = default;  // undefined
  // Sequence i has lengths[i] elements, none or more. ArgumentError for a negative length, or when all
  // together are more than an i32 counts.
  explicit Segments(std::vector<int64_t> lengths, Device device = cpu());

  bool defined() const { return parts_ != nullptr; }
  // The rest is for defined ones.
  int64_t count() const { return static_cast<int64_t>(parts_->lengths.size()); }
  const std::vector<int64_t>& lengths() const { return parts_->lengths; }
  int64_t elements() const { return parts_->elements; }
  int64_t longest() const { return parts_->longest; }
  // i32 {count + 1} on the device: where each sequence begins, and where the last one ends.
  const Tensor& begins() const { return parts_->begins; }

 private:
  struct Parts {
    std::vector<int64_t> lengths;
    int64_t elements = 0, longest = 0;
    Tensor begins;
  };
  std::shared_ptr<const Parts> parts_;
};

}  // namespace mosaic
