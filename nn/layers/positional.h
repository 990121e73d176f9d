// Sinusoidal position vectors, shared by every model of one width.
#pragma once

#include <map>
#include <mutex>
#include <tuple>

#include "engine/core/tensor.h"

namespace mosaic::nn {

// A table that grows on demand. Channel i < width/2 of position p is sin(p w_i), channel width/2 + i is
// cos(p w_i), w_i = exp(-i ln(10000) / (width/2 - 1)). A narrower model takes the leading channels of this
// table, which are not a narrower sinusoid: all its sines and only some of its cosines.
class SinusoidalPositions {
 public:
  explicit SinusoidalPositions(int64_t width);  // ArgumentError unless even and at least 4

  // Rows of positions [first, first + length), leading `channels` columns: a view {length, channels}.
  Tensor rows(int64_t first, int64_t length, int64_t channels, DType dtype = f32,
              Device device = cpu()) const;
  int64_t width() const { return width_; }

 private:
  int64_t width_;
  mutable std::mutex mutex_;  // models on several threads share one table
  mutable std::map<std::tuple<DType, DeviceKind, int>, Tensor> tables_;  // {capacity, width}
};

}  // namespace mosaic::nn
