#include "engine/core/shape.h"

#include <algorithm>

#include "engine/core/error.h"

namespace mosaic {

Shape::Shape(std::span<const int64_t> sizes) {
  check<ShapeError>(sizes.size() <= max_rank, "shape", "at most ", max_rank, " axes, got ", sizes.size());
  for (const int64_t size : sizes) {
    check<ShapeError>(size >= 0, "shape", "sizes must not be negative, got ", size);
    sizes_[static_cast<size_t>(rank_++)] = size;
  }
}

int64_t Shape::numel() const {
  int64_t product = 1;
  for (const int64_t size : *this) {
    check<ShapeError>(!__builtin_mul_overflow(product, size, &product), "shape", *this, " overflows 64 bits");
  }
  return product;
}

int Shape::check_axis(int axis) const {
  const int positive = axis < 0 ? axis + rank_ : axis;
  check<ShapeError>(positive >= 0 && positive < rank_, "shape", "axis ", axis, " outside ", *this);
  return positive;
}

Shape Shape::with(int axis, int64_t size) const {
  Shape result = *this;
  result.sizes_[static_cast<size_t>(check_axis(axis))] = size;
  return result;
}

Shape Shape::without(int axis) const {
  const int gone = check_axis(axis);
  Shape result;
  for (int i = 0; i < rank_; ++i) {
    if (i != gone) result.sizes_[static_cast<size_t>(result.rank_++)] = sizes_[static_cast<size_t>(i)];
  }
  return result;
}

Shape Shape::inserted(int axis, int64_t size) const {
  const int at = axis < 0 ? axis + rank_ + 1 : axis;
  check<ShapeError>(at >= 0 && at <= rank_ && rank_ < max_rank, "shape", "cannot insert axis ", axis,
                    " into ", *this);
  Shape result = *this;
  std::copy_backward(result.sizes_.begin() + at, result.sizes_.begin() + rank_,
                     result.sizes_.begin() + rank_ + 1);
  result.sizes_[static_cast<size_t>(at)] = size;
  ++result.rank_;
  return result;
}

Shape Shape::broadcast(const Shape& a, const Shape& b) {
  const Shape& longer = a.rank() >= b.rank() ? a : b;
  const Shape& shorter = a.rank() >= b.rank() ? b : a;
  Shape result = longer;
  for (int i = 1; i <= shorter.rank(); ++i) {
    const int64_t x = longer[-i], y = shorter[-i];
    check<ShapeError>(x == y || x == 1 || y == 1, "broadcast", a, " and ", b, " differ at axis -", i);
    result = result.with(-i, x == 1 ? y : x);
  }
  return result;
}

bool Shape::operator==(const Shape& other) const {
  return std::equal(begin(), end(), other.begin(), other.end());
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  out << '{';
  for (int i = 0; i < shape.rank(); ++i) out << (i ? ", " : "") << shape[i];
  return out << '}';
}

Strides dense_strides(const Shape& shape) {
  Strides strides{};
  int64_t step = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    strides[static_cast<size_t>(axis)] = step;
    step *= shape[axis];
  }
  return strides;
}

}  // namespace mosaic
