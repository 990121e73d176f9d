#include "tests/support/op_case.h"

#include <doctest/doctest.h>

namespace mosaic::test {
namespace {

void check_same_bits(const Outcome& a, const Outcome& b) {
  CHECK(same_bits(a.y, b.y));
  for (size_t i = 0; i < a.gradients.size(); ++i) {
    CAPTURE(i);
    CHECK(same_bits(a.gradients[i], b.gradients[i]));
  }
}

void check_close(const Outcome& a, const Outcome& b, double tolerance) {
  CHECK(difference(a.y, b.y) < tolerance);
  for (size_t i = 0; i < a.gradients.size(); ++i) {
    CAPTURE(i);
    CHECK(difference(a.gradients[i], b.gradients[i]) < tolerance);
  }
}

Tensors map(const Tensors& inputs, Tensor (*f)(const Tensor&)) {
  Tensors result;
  for (const Tensor& input : inputs) result.push_back(f(input));
  return result;
}

void check_f64(const OpCase& c) {
  const Tensors inputs = make_inputs(c, f64);
  const Outcome plain = run_with_gradients(c.run, inputs, c.differentiable);
  if (c.composed) {
    const Outcome oracle = run_with_gradients(c.composed, inputs, c.differentiable);
    check_close(plain, oracle, 1e-9);
  }
  if (!c.differentiable) return;
  const GradcheckResult result = gradcheck(c.run, inputs, {.step = c.gradcheck_step});
  CHECK_MESSAGE(result.ok, c.name, " gradcheck ", result);
  const Tensor flat = Tensor::full({}, 0.75, f64);
  const Tensor wide = expand(flat, plain.y.shape());
  check_close(run_with_gradients(c.run, inputs, true, wide),
              run_with_gradients(c.run, inputs, true, wide.dense()), 1e-12);
}

void check_f32(const OpCase& c) {
  const Tensors inputs = make_inputs(c, f32);
  const int before = threads();
  set_threads(2);
  const Outcome first = run_with_gradients(c.run, inputs, c.differentiable);
  check_same_bits(run_with_gradients(c.run, inputs, c.differentiable), first);
  set_threads(1);
  check_same_bits(run_with_gradients(c.run, inputs, c.differentiable), first);
  set_threads(before);

  Tensors precise = map(inputs, [](const Tensor& x) { return x.to(f64); });
  const Outcome reference = run_with_gradients(c.run, precise, c.differentiable,
                                               c.differentiable ? cotangent_for(first.y).to(f64) : Tensor());
  Outcome widened{first.y.dtype() == f32 ? first.y.to(f64) : first.y,
                  map(first.gradients, [](const Tensor& g) { return g.to(f64); })};
  check_close(widened, reference, c.f32_tolerance);

  if (c.layouts) {
    check_close(run_with_gradients(c.run, map(inputs, transposed_copy), c.differentiable), first,
                c.f32_tolerance);
    check_same_bits(run_on_slices(c, inputs), first);
  }
}

// Half types against f32 on the same values: results and gradients keep their type, and differ by roundings.
void check_half(const OpCase& c, DType dtype) {
  CAPTURE(dtype);
  const Tensors inputs = make_inputs(c, dtype);
  const Outcome half = run_with_gradients(c.run, inputs, c.differentiable);
  CHECK(half.y.dtype() != f64);
  for (const Tensor& gradient : half.gradients) CHECK(gradient.dtype() == dtype);
  const Outcome reference =
      run_with_gradients(c.run, map(inputs, [](const Tensor& x) { return x.to(f32); }), c.differentiable,
                         c.differentiable ? cotangent_for(half.y).to(f32) : Tensor());
  check_close(half, reference, c.half_roundings * rounding_of(dtype));
  // The same numbers; the sign of a gradient that vanishes is lost where it is added to zeros.
  if (c.layouts) check_close(run_on_slices(c, inputs), half, 1e-12);
}

}  // namespace

void check_case(const OpCase& c) {
  CAPTURE(c.name);
  const Tensor quiet = c.run(make_inputs(c, f32));
  CHECK_FALSE(quiet.tracked());
  check_f64(c);
  check_f32(c);
  for (const DType dtype : {bf16, f16}) check_half(c, dtype);
}

}  // namespace mosaic::test
