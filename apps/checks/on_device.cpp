#include <exception>

#include "apps/checks/guarded.h"
#include "apps/checks/op_runs.h"

namespace mosaic::checks {
namespace {

Outcome run(const OpCase& c, const Tensors& inputs) {
  return run_with_gradients(c.run, inputs, c.differentiable);
}

bool on(Device device, DType dtype, const Outcome& outcome) {
  bool all = outcome.y.device() == device && outcome.y.dtype() == dtype;
  for (const Tensor& gradient : outcome.gradients) all = all && gradient.device() == device;
  return all;
}

void check_dtype(const OpCase& c, Device device, DType dtype, double tolerance, Level level,
                 CaseReport& report) {
  const std::string what = cat(dtype);
  const Tensors inputs = make_inputs(c, dtype);
  const Outcome reference = run(c, inputs);
  Tensors there;
  for (const Tensor& input : inputs) there.push_back(input.to(device));
  const Outcome first = run(c, there);
  report.holds(on(device, reference.y.dtype(), first),
               cat(what, ": not on ", device, " or of another dtype"));
  report.near(what, difference(first, reference), tolerance);
  {
    const Guarded guarded(device);
    report.holds(same_bits(run(c, there), first), cat(what, ": a second run gives other bits"));
    for (const std::string& breach : guarded.breaches()) report.holds(false, cat(what, ": ", breach));
  }
  if (!c.layouts || level == Level::quick) return;
  Tensors turned;
  for (const Tensor& input : there) turned.push_back(transposed_copy(input));
  report.near(what, difference(run(c, turned), reference), tolerance, "transposed inputs");
  report.near(what, difference(run_on_slices(c, there), reference), tolerance, "sliced inputs");
}

}  // namespace

CaseReport check_on_device(const OpCase& c, Device device, Level level) {
  CaseReport report;
  try {
    check_dtype(c, device, f32, c.f32_tolerance, level, report);
    check_dtype(c, device, f64, 1e-10, level, report);
    if (c.halves) {
      check_dtype(c, device, bf16, c.half_roundings * rounding_of(bf16), level, report);
      // The same instructions as bf16's but for conversions.
      check_dtype(c, device, f16, c.half_roundings * rounding_of(f16), Level::quick, report);
    }
    // The next case meets fresh memory: what it does not write, it may not read.
    allocator(device).empty_cache();
  } catch (const std::exception& error) {
    report.holds(false, error.what());
  }
  return report;
}

}  // namespace mosaic::checks
