// The harness of the op table on CUDA: the CPU is the reference. For every case and float dtype, values and
// gradients are compared with the CPU's, for dense, transposed and sliced inputs, and a second run must give
// the same bits.
#include "tests/support/op_case.h"

#include <doctest/doctest.h>

namespace mosaic::test {
namespace {

const Device cuda{DeviceKind::cuda, 0};

Tensors moved(const Tensors& inputs) {
  Tensors result;
  for (const Tensor& input : inputs) result.push_back(input.to(cuda));
  return result;
}

void check_like(const Outcome& mine, const Outcome& reference, double tolerance) {
  CHECK(mine.y.device() == cuda);
  CHECK(mine.y.dtype() == reference.y.dtype());
  CHECK(difference(mine.y, reference.y) < tolerance);
  REQUIRE(mine.gradients.size() == reference.gradients.size());
  for (size_t i = 0; i < mine.gradients.size(); ++i) {
    CAPTURE(i);
    CHECK(mine.gradients[i].device() == cuda);
    CHECK(difference(mine.gradients[i], reference.gradients[i]) < tolerance);
  }
}

// Views of larger tensors: the values, and gradients that land inside the slice only.
void check_slices(const OpCase& c, const Tensors& inputs, const Outcome& reference, double tolerance) {
  Tensors bases, views;
  for (const Tensor& input : inputs) {
    Tensor base;
    sliced_copy(input, base);
    if (c.differentiable) base.track();
    bases.push_back(base);
    views.push_back(input.rank() == 0 ? base : leading(base, input.shape()));
  }
  const Tensor y = c.run(views);
  CHECK(difference(y, reference.y) < tolerance);
  if (!c.differentiable) return;
  y.backward(cotangent_for(y));
  for (size_t i = 0; i < bases.size(); ++i) {
    CAPTURE(i);
    if (!bases[i].has_grad()) continue;
    const Tensor inside = leading(bases[i].grad(), inputs[i].shape());
    CHECK(difference(inside, reference.gradients[i]) < tolerance);
    const double all = squared_norm(bases[i].grad()), own = squared_norm(inside);
    CHECK(all == doctest::Approx(own).epsilon(1e-12));  // zero outside the slice
  }
}

void check_dtype(const OpCase& c, DType dtype, double tolerance) {
  CAPTURE(dtype);
  const Tensors inputs = make_inputs(c, dtype), there = moved(inputs);
  const Outcome reference = run_with_gradients(c.run, inputs, c.differentiable);
  const Outcome first = run_with_gradients(c.run, there, c.differentiable);
  check_like(first, reference, tolerance);
  const Outcome second = run_with_gradients(c.run, there, c.differentiable);
  CHECK(same_bits(second.y, first.y));
  for (size_t i = 0; i < first.gradients.size(); ++i)
    CHECK(same_bits(second.gradients[i], first.gradients[i]));
  if (!c.layouts) return;
  Tensors turned;
  for (const Tensor& input : there) turned.push_back(transposed_copy(input));
  check_like(run_with_gradients(c.run, turned, c.differentiable), reference, tolerance);
  check_slices(c, there, reference, tolerance);
}

}  // namespace

void check_case(const OpCase& c) {
  CAPTURE(c.name);
  check_dtype(c, f32, c.f32_tolerance);
  check_dtype(c, f64, 1e-10);
  allocator(cuda).empty_cache();  // the next case meets fresh memory: what it does not write, it may not read
}

void check_cases(const std::vector<OpCase>& cases) {
  for (const OpCase& c : cases) {
    SUBCASE(c.name.c_str()) {
      check_case(c);
    }
  }
}

}  // namespace mosaic::test
