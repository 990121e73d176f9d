// The table of ops: one entry a case, from which its evidence is derived. `mosaic selftest` and the tests go
// through the same table with the same checks: on the CPU against differences and definitions, on another
// device against the CPU.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace mosaic::checks {

using Tensors = std::vector<Tensor>;

struct OpCase {
  std::string name;                           // "layer_norm/odd": the function's name, then which case of it
  std::vector<Shape> inputs;                  // float inputs, drawn uniformly from [low, high]
  std::function<Tensor(const Tensors&)> run;  // must give the same result each time (fix generators inside)
  std::function<Tensor(const Tensors&)> composed = {};  // an independent definition from simpler ops
  double low = -2, high = 2;
  double gap = 0;              // values nearer to zero than this are moved away (kinks, poles)
  bool differentiable = true;  // false: value, layouts and bits only
  bool layouts = true;
  double gradcheck_step = 1e-3;
  double f32_tolerance = 2e-5;  // relative to the largest result
  bool halves = true;           // false: f32 and f64 only
  double half_roundings = 4;    // bf16 and f16 may differ by so many roundings of the largest result
};

// What a value of the largest size loses by one rounding to a half type.
constexpr double rounding_of(DType dtype) {
  return dtype == bf16 ? 0x1p-8 : 0x1p-11;
}

// "layer_norm"
std::string op_of(const OpCase& op_case);
// Every case, those of one op in the order "plain first".
const std::vector<OpCase>& op_cases();

// quick: every op, dense inputs, the first cases of each; what a sanitizer of the whole process can bear.
// full: every case with odd sizes, empty inputs, transposed and sliced layouts.
enum class Level { quick, full };
// The cases of a level; those of one op only when `op` is not empty.
std::vector<const OpCase*> cases_of(Level level, const std::string& op = "");

// What was compared, how far it was off, and how far it may be.
struct Measure {
  std::string what;  // "gradient, f64"
  double error = 0, tolerance = 0;
};
struct CaseReport {
  std::vector<Measure> measures;  // one of a kind: the one nearest to its tolerance
  std::vector<std::string>
      failures;  // "values, f32, transposed: off by 3e-4, tolerance 1e-4"; empty: all held

  // Keeps the measure; a failure when error is not below the tolerance (NaN is not). `where`: of the failure.
  void near(const std::string& what, double error, double tolerance, const std::string& where = "");
  void holds(bool fact, const std::string& otherwise);
  // Takes over what another found; its failures begin with `name`.
  void absorb(const CaseReport& other, const std::string& name);
};

// On the CPU:
// - value: f64 against `composed`
// - gradient: f64 against five-point differences with a random cotangent, and against composed's backward
// - seed: an expanded (stride 0) incoming gradient
// - bits: f32 twice, and with one and two threads, identical; column slices equal dense copies
// - closeness: f32 against f64, bf16 and f16 against f32, and the instruction set in use against the baseline
// - layouts (level full): transposed and column-sliced inputs (gradients inside the slice, zeros around it)
// - memory: nothing is written before or after a block
// - quiet: nothing is recorded when nothing is tracked
// Never throws: what a case throws is a failure of it.
CaseReport check_on_cpu(const OpCase& op_case, Level level = Level::full, double gradient_tolerance = 1e-6);
// On another device: values and gradients beside the CPU's in every float dtype, of dense, transposed and
// sliced inputs; the same bits when run again, with bands around every block of memory that nobody may touch.
CaseReport check_on_device(const OpCase& op_case, Device device, Level level = Level::full);

}  // namespace mosaic::checks
