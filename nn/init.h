// How a parameter starts, as a value that travels with its name and shape.
#pragma once

#include <cstdint>

#include "engine/core/random.h"
#include "engine/core/tensor.h"

namespace mosaic::nn {

struct Init {
  enum class Kind : uint8_t { constant, uniform, normal, identity };
  Kind kind = Kind::constant;
  double scale = 0;       // the constant, the bound of U(-scale, scale), the standard deviation, the diagonal
  int64_t zero_row = -1;  // this row of axis 0 is zero (padding); -1: none

  static Init constant(double value) { return {Kind::constant, value}; }
  static Init zeros() { return constant(0); }
  static Init ones() { return constant(1); }
  static Init uniform(double bound) { return {Kind::uniform, bound}; }
  static Init normal(double deviation) { return {Kind::normal, deviation}; }
  // Ones where row = column, zeros elsewhere, in matrices of any shape.
  static Init identity() { return {Kind::identity, 1}; }
  // Uniform with the bound sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010). The fans are given, not
  // taken from the shape, because packed matrices and expert stacks have other shapes than their fans say.
  static Init xavier(int64_t fan_in, int64_t fan_out);
  // U(-1/sqrt(fan_in), 1/sqrt(fan_in)), for weight and bias alike.
  static Init fan_in(int64_t fan_in);

  Init with_zero_row(int64_t row) const;
};

// A new tensor with these values; draws from rng.
Tensor make(const Init& init, const Shape& shape, Generator& rng, DType dtype = f32);

}  // namespace mosaic::nn
