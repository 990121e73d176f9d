// Elementwise kernels: what they are told. Sizes and strides travel in a Loop, the result is its last
// operand.
#pragma once

#include "engine/core/dtype.h"
#include "engine/kernels/binary.h"
#include "engine/kernels/gate.h"
#include "engine/kernels/loop.h"

namespace mosaic::kernels {

// y = f(x); a and b are the parameters of add, mul, pow, leaky_relu (a), clamp (a = low, b = high) and elu (a
// = alpha, b = scale).
enum class UnaryOp : uint8_t {
  neg,
  exp,
  log,
  sqrt,
  rsqrt,
  square,
  abs,
  sin,
  cos,
  tanh,
  sigmoid,
  relu,
  gelu,
  gelu_tanh,
  silu,
  mish,
  softplus,
  elu,
  leaky_relu,
  hard_sigmoid,
  hard_swish,
  add,
  mul,
  pow,
  clamp
};
enum class CompareOp : uint8_t { equal, less };

struct UnaryArgs {
  UnaryOp op;
  DType dtype;
  double a = 0, b = 0;
  bool accumulate = false;  // add to y instead of writing it
  const void* x;
  void* y;
  Loop<2> loop;
};

// dx = dy * f'; `saved` is x or y, whichever the derivative is written in (kernels/scalar.h says which).
struct UnaryBackArgs {
  UnaryOp op;
  DType dtype;
  double a = 0, b = 0;
  bool accumulate = false;
  const void* saved;
  const void* dy;
  void* dx;
  Loop<3> loop;
};

// y = mask ? a : b; mask u8, the rest any dtype.
struct WhereArgs {
  DType dtype;
  const void* mask;
  const void* a;
  const void* b;
  void* y;
  Loop<4> loop;
};

// y u8 of two operands of any dtype.
struct CompareArgs {
  CompareOp op;
  DType dtype;
  const void* a;
  const void* b;
  void* y;
  Loop<3> loop;
};

struct FiniteArgs {
  DType dtype;
  const void* x;
  void* y;  // u8
  Loop<2> loop;
};

// Converts: floats to integers truncate and saturate, NaN gives 0. Half types convert to and from f32 only.
struct CopyArgs {
  DType from, to;
  const void* x;
  void* y;
  Loop<2> loop;
};

struct FillArgs {
  DType dtype;
  double value;
  void* y;
  Loop<1> loop;
};

struct Elementwise {
  virtual void unary(const UnaryArgs& args) const = 0;
  virtual void unary_back(const UnaryBackArgs& args) const = 0;
  virtual void binary(const BinaryArgs& args) const = 0;
  virtual void binary_back(const BinaryBackArgs& args) const = 0;
  virtual void binary_sum(const BinarySumArgs& args) const = 0;
  virtual void gate(const GateArgs& args) const = 0;
  virtual void gate_back(const GateBackArgs& args) const = 0;
  virtual void where(const WhereArgs& args) const = 0;
  virtual void compare(const CompareArgs& args) const = 0;
  virtual void finite(const FiniteArgs& args) const = 0;
  virtual void copy(const CopyArgs& args) const = 0;
  virtual void fill(const FillArgs& args) const = 0;

 protected:
  ~Elementwise() = default;
};

}  // namespace mosaic::kernels
