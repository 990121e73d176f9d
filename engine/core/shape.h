// Shape and strides by value: up to six sizes, never allocates, prints as {2, 3}.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <span>

namespace mosaic {

class Shape {
 public:
  static constexpr int max_rank = 6;

  Shape() = default;  // rank 0: one element
  Shape(std::initializer_list<int64_t> sizes)
      : Shape(std::span<const int64_t>(sizes.begin(), sizes.size())) {}
  explicit Shape(std::span<const int64_t> sizes);  // ShapeError on negative sizes or rank above six

  int rank() const { return rank_; }
  // Size along an axis; negative axes count from the end. ShapeError outside the rank.
  int64_t operator[](int axis) const { return sizes_[static_cast<size_t>(check_axis(axis))]; }
  int64_t numel() const;
  const int64_t* begin() const { return sizes_.data(); }
  const int64_t* end() const { return sizes_.data() + rank_; }

  // The axis as 0 <= a < rank.
  int check_axis(int axis) const;
  Shape with(int axis, int64_t size) const;      // one size replaced
  Shape without(int axis) const;                 // one axis removed
  Shape inserted(int axis, int64_t size) const;  // one axis put before `axis` (rank allowed)

  // NumPy's rule: sizes equal or one, aligned at the end. ShapeError naming both.
  static Shape broadcast(const Shape& a, const Shape& b);

  bool operator==(const Shape& other) const;

 private:
  std::array<int64_t, max_rank> sizes_{};
  int rank_ = 0;
};

std::ostream& operator<<(std::ostream& out, const Shape& shape);

// Elements (not bytes) from one index to the next along each axis.
using Strides = std::array<int64_t, Shape::max_rank>;
Strides dense_strides(const Shape& shape);

}  // namespace mosaic
