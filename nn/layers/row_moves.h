// Rearranging the rows of caches while decoding: rows are left out, repeated and reordered.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/tensor.h"

namespace mosaic::nn {

// Row i becomes what row from[i] was. On the CPU, where copies are what costs, moves that overwrite no row
// that is still to be read happen in place and touch only the rows that change; such moves may be applied to
// the same memory again (layers share masks). Others, and all on a device, where launches cost, make a new
// tensor.
class RowMoves {
 public:
  // `rows`: how many there are before. ArgumentError when `from` names others.
  RowMoves(std::span<const int32_t> from, int64_t rows, Device device);

  // x {rows, length, ...} -> {from.size(), length, ...}. In place only the first `used` of each row's
  // `length` are copied: what is behind keeps its old values. The result may share x's memory.
  Tensor operator()(const Tensor& x, int64_t used) const;
  Tensor operator()(const Tensor& x) const { return (*this)(x, x.dim(1)); }

  // Whether nothing but the rows moved() of x are written.
  bool in_place() const { return in_place_; }
  std::span<const int32_t> moved() const { return moved_; }  // rows that become others

 private:
  std::vector<int32_t> from_, moved_;
  int64_t rows_;
  bool in_place_ = false;
  Tensor indices_;  // `from` on the device
};

// Which rows to keep of those that `go_on`, so that few move: each in its place, but holes among the first
// ones are filled by the last ones.
std::vector<int32_t> kept_rows(std::span<const uint8_t> go_on);

}  // namespace mosaic::nn
