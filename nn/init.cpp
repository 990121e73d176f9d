#include "nn/init.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/autograd/node.h"
#include "engine/ops/ops.h"

namespace mosaic::nn {

namespace {

Tensor diagonal(double value, const Shape& shape, DType dtype) {
  check<ShapeError>(shape.rank() == 2, "identity", "needs a matrix, got ", shape);
  const int64_t rows = shape[0], cols = shape[1];
  std::vector<double> values(static_cast<size_t>(rows * cols));
  for (int64_t i = 0; i < std::min(rows, cols); ++i) values[static_cast<size_t>(i * cols + i)] = value;
  return Tensor::from(std::span<const double>(values), shape).to(dtype);
}

}  // namespace

Init Init::xavier(int64_t fan_in, int64_t fan_out) {
  check<ArgumentError>(fan_in > 0 && fan_out > 0, "xavier", "fans must be positive, got ", fan_in, " and ",
                       fan_out);
  return uniform(std::sqrt(6.0 / static_cast<double>(fan_in + fan_out)));
}

Init Init::fan_in(int64_t fan_in) {
  check<ArgumentError>(fan_in > 0, "fan_in", "the fan must be positive, got ", fan_in);
  return uniform(1 / std::sqrt(static_cast<double>(fan_in)));
}

Init Init::with_zero_row(int64_t row) const {
  Init changed = *this;
  changed.zero_row = row;
  return changed;
}

Tensor make(const Init& init, const Shape& shape, Generator& rng, DType dtype) {
  Tensor made;
  switch (init.kind) {
    case Init::Kind::constant:
      made = Tensor::full(shape, init.scale, dtype);
      break;
    case Init::Kind::uniform:
      made = uniform(shape, -init.scale, init.scale, rng, dtype);
      break;
    case Init::Kind::normal:
      made = normal(shape, 0, init.scale, rng, dtype);
      break;
    case Init::Kind::identity:
      made = diagonal(init.scale, shape, dtype);
      break;
  }
  if (init.zero_row >= 0) {
    const NoGrad quiet;
    fill_(slice(made, 0, init.zero_row, init.zero_row + 1), 0);
  }
  return made;
}

}  // namespace mosaic::nn
