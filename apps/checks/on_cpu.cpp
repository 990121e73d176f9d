#include <exception>

#include "apps/checks/guarded.h"
#include "apps/checks/op_runs.h"

namespace mosaic::checks {
namespace {

Tensors map(const Tensors& inputs, Tensor (*f)(const Tensor&)) {
  Tensors result;
  for (const Tensor& input : inputs) result.push_back(f(input));
  return result;
}

Outcome run(const OpCase& c, const Tensors& inputs) {
  return run_with_gradients(c.run, inputs, c.differentiable);
}

void check_f64(const OpCase& c, double gradient_tolerance, CaseReport& report) {
  const Tensors inputs = make_inputs(c, f64);
  const Outcome plain = run(c, inputs);
  if (c.composed)
    report.near("definition, f64",
                difference(plain, run_with_gradients(c.composed, inputs, c.differentiable)), 1e-9);
  if (!c.differentiable) return;
  const GradcheckResult result =
      gradcheck(c.run, inputs, {.step = c.gradcheck_step, .tolerance = gradient_tolerance});
  report.near("gradient, f64", result.worst, gradient_tolerance, result.where);
  report.holds(result.ok, cat("gradient, f64: ", result.where));
  const Tensor wide = expand(Tensor::full({}, 0.75, f64), plain.y.shape());
  report.near("expanded seed, f64",
              difference(run_with_gradients(c.run, inputs, true, wide),
                         run_with_gradients(c.run, inputs, true, wide.dense())),
              1e-12);
}

// The same bits again, in guarded memory, and with another number of threads.
void check_bits(const OpCase& c, const Tensors& inputs, const Outcome& first, CaseReport& report) {
  {
    const Guarded guarded(cpu());
    report.holds(same_bits(run(c, inputs), first), "f32: a second run gives other bits");
    for (const std::string& breach : guarded.breaches()) report.holds(false, "f32: " + breach);
  }
  set_threads(threads() == 1 ? 2 : 1);
  report.holds(same_bits(run(c, inputs), first), "f32: another number of threads gives other bits");
}

void check_f32(const OpCase& c, Level level, CaseReport& report) {
  const Tensors inputs = make_inputs(c, f32);
  const int before = threads();
  const Outcome first = run(c, inputs);
  check_bits(c, inputs, first, report);
  set_threads(before);

  const Tensors precise = map(inputs, [](const Tensor& x) { return x.to(f64); });
  const Outcome reference = run_with_gradients(c.run, precise, c.differentiable,
                                               c.differentiable ? cotangent_for(first.y).to(f64) : Tensor());
  report.near("f32 against f64", difference(first, reference), c.f32_tolerance);

  const kernels::Isa isa = kernels::active_isa();
  kernels::set_isa(kernels::Isa::baseline);
  const Outcome baseline = run(c, inputs);
  kernels::set_isa(isa);
  report.near("f32 against the baseline instruction set", difference(first, baseline), c.f32_tolerance);

  if (!c.layouts || level == Level::quick) return;
  report.near("f32, transposed", difference(run(c, map(inputs, transposed_copy)), first), c.f32_tolerance);
  report.holds(same_bits(run_on_slices(c, inputs), first), "f32: slices give other bits than dense copies");
}

// A half type against f32 on the same values: results and gradients keep their type, and differ by roundings.
void check_half(const OpCase& c, DType dtype, Level level, CaseReport& report) {
  const std::string what = cat(dtype);
  const Tensors inputs = make_inputs(c, dtype);
  const Outcome half = run(c, inputs);
  bool typed = half.y.dtype() != f64;
  for (const Tensor& gradient : half.gradients) typed = typed && gradient.dtype() == dtype;
  report.holds(typed, what + ": a result or gradient of another dtype");
  const Outcome reference =
      run_with_gradients(c.run, map(inputs, [](const Tensor& x) { return x.to(f32); }), c.differentiable,
                         c.differentiable ? cotangent_for(half.y).to(f32) : Tensor());
  report.near(what + " against f32", difference(half, reference), c.half_roundings * rounding_of(dtype));
  if (!c.layouts || level == Level::quick) return;
  // The same numbers; the sign of a gradient that vanishes is lost where it is added to zeros.
  report.near(what + ", sliced", difference(run_on_slices(c, inputs), half), 1e-12);
}

}  // namespace

CaseReport check_on_cpu(const OpCase& c, Level level, double gradient_tolerance) {
  CaseReport report;
  const int before = threads();
  const kernels::Isa isa = kernels::active_isa();
  try {
    report.holds(!c.run(make_inputs(c, f32)).tracked(), "something is recorded when nothing is tracked");
    check_f64(c, gradient_tolerance, report);
    check_f32(c, level, report);
    if (!c.halves) return report;
    for (const DType dtype : {bf16, f16}) check_half(c, dtype, level, report);
  } catch (const std::exception& error) {
    report.holds(false, error.what());
    set_threads(before);
    kernels::set_isa(isa);
  }
  return report;
}

}  // namespace mosaic::checks
