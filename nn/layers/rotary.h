// Rotary positions: queries and keys turn by angles of their positions, so that their products depend on the
// distance between positions only (Su et al. 2021, "RoFormer: Enhanced Transformer with Rotary Position
// Embedding").
#pragma once

#include <memory>

#include "engine/ops/rotary.h"
#include "nn/module.h"

namespace mosaic::nn {

// No parameters; the table of angles grows on demand and is shared by copies on every thread.
class RotaryPositions final : public Layer {
 public:
  struct Options {
    int64_t width;             // of a head
    int64_t dims = 0;          // leading channels of a head that turn, even; 0: all
    double base = 10000;       // pair i of position p turns by p base^(-2i / dims)
    bool interleaved = false;  // pairs are channels 2i and 2i + 1, else i and i + dims / 2
  };
  // ArgumentError unless 0 < dims <= width, dims is even and base is above 1.
  explicit RotaryPositions(const Options& options);

  using Layer::operator();
  // x {..., length, heads * width}, its rows at positions first, first + 1, ... (`first` tokens are in a
  // cache, say) -> the shape of x. ShapeError when the channels are not whole heads.
  Tensor operator()(const Tensor& x, int64_t first) const;

  void visit(Visitor&) override {}
  std::string describe() const override;
  const Options& options() const { return options_; }

 private:
  struct Tables;
  Tensor forward(const Tensor& x, const Context&) const override { return (*this)(x, 0); }
  Options options_;
  std::shared_ptr<Tables> tables_;
};

}  // namespace mosaic::nn
