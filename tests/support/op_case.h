// One entry per op; the harness derives the evidence.
//
// check_case runs, for every case:
// - value: f64 against `composed`, an independent definition from simpler ops
// - gradient: f64 against five-point differences with a random cotangent, and against composed's backward
// - layouts: transposed and column-sliced inputs (gradients inside the slice, zeros around it)
// - seed: an expanded (stride 0) incoming gradient
// - bits: f32 twice, and with one and two threads, identical; column slices equal dense copies
// - closeness: f32 against f64, bf16 and f16 against f32
// - quiet: nothing is recorded when nothing is tracked
// A failure prints the case's name, which is also its doctest subcase.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace mosaic::test {

using Tensors = std::vector<Tensor>;

struct OpCase {
  std::string name;                           // "layer_norm/odd"
  std::vector<Shape> inputs;                  // float inputs, drawn uniformly from [low, high]
  std::function<Tensor(const Tensors&)> run;  // must give the same result each time (fix generators inside)
  std::function<Tensor(const Tensors&)> composed = {};
  double low = -2, high = 2;
  double gap = 0;              // values nearer to zero than this are moved away (kinks, poles)
  bool differentiable = true;  // false: value, layouts and bits only
  bool layouts = true;
  double gradcheck_step = 1e-3;
  double f32_tolerance = 2e-5;  // relative to the largest result
  double half_roundings = 4;    // bf16 and f16 may differ by so many roundings of the largest result
};

// What a value of the largest size loses by one rounding to a half type.
constexpr double rounding_of(DType dtype) {
  return dtype == bf16 ? 0x1p-8 : 0x1p-11;
}

void check_case(const OpCase& op_case);
// Each case as a subcase named after it. In cuda_tests (tests/cuda/op_case.cpp) it compares devices instead.
void check_cases(const std::vector<OpCase>& cases);

// --- for the harnesses
// ----------------------------------------------------------------------------------------
Tensors make_inputs(const OpCase& op_case, DType dtype);
Tensor cotangent_for(const Tensor& y);

struct Outcome {
  Tensor y;
  Tensors gradients;
};
Outcome run_with_gradients(const std::function<Tensor(const Tensors&)>& f, const Tensors& inputs,
                           bool differentiable, const Tensor& seed = {});

// The same values, laid out as the transpose of a dense tensor.
Tensor transposed_copy(const Tensor& x);
// The same values as the leading block of a larger tensor; `base` receives that tensor.
Tensor sliced_copy(const Tensor& x, Tensor& base);
// The case on such views; the gradients are those inside them, and zero around them (checked).
Outcome run_on_slices(const OpCase& op_case, const Tensors& inputs);

// Largest |a - b| over max(1, largest |b|); infinite when shapes differ or a NaN meets a number.
double difference(const Tensor& a, const Tensor& b);
// The same shape and the same bytes in row-major order.
bool same_bits(const Tensor& a, const Tensor& b);

}  // namespace mosaic::test
