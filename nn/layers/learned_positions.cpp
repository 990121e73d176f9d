#include "nn/layers/learned_positions.h"

#include "engine/ops/ops.h"

namespace mosaic::nn {

LearnedPositions::LearnedPositions(const Options& options) : options_(options) {
  check<ArgumentError>(options.positions > 0 && options.width > 0, "LearnedPositions",
                       "sizes must be positive, got ", options.positions, " positions of width ",
                       options.width);
}

LearnedPositions::LearnedPositions(const Options& options, Generator& rng) : LearnedPositions(options) {
  initialise(*this, next_stream(rng));
}

Tensor LearnedPositions::rows(int64_t first, int64_t length) const {
  check<ArgumentError>(first >= 0 && length >= 0 && length <= options_.positions - first, "LearnedPositions",
                       "asked for ", length, " positions from ", first, " of ", options_.positions);
  return slice(weight_, 0, first, first + length);
}

Tensor LearnedPositions::operator()(const Tensor& x, int64_t first) const {
  const Scope scope(name());
  check<ShapeError>(x.rank() >= 2 && x.dim(-1) == options_.width, "LearnedPositions",
                    "needs x {..., length, ", options_.width, "}, got ", x.shape());
  return x + rows(first, x.dim(-2));
}

void LearnedPositions::visit(Visitor& v) {
  v.parameter("weight", weight_, {options_.positions, options_.width}, options_.init);
}

std::string LearnedPositions::describe() const {
  return cat("LearnedPositions ", options_.positions, " x ", options_.width);
}

}  // namespace mosaic::nn
