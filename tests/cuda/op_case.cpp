// The harness of the op table on CUDA: the CPU is the reference. For every case and float dtype, values and
// gradients are compared with the CPU's, for dense, transposed and sliced inputs, and a second run must give
// the same bits. A case that reaches
// cuDNN goes through all of it a second time, by our own kernels.
#include "tests/support/op_case.h"

#include <doctest/doctest.h>

#include "tests/cuda/cudnn_switch.h"

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

void check_dtype(const OpCase& c, DType dtype, double tolerance, bool layouts) {
  CAPTURE(dtype);
  const Tensors inputs = make_inputs(c, dtype), there = moved(inputs);
  const Outcome reference = run_with_gradients(c.run, inputs, c.differentiable);
  const Outcome first = run_with_gradients(c.run, there, c.differentiable);
  check_like(first, reference, tolerance);
  const Outcome second = run_with_gradients(c.run, there, c.differentiable);
  CHECK(same_bits(second.y, first.y));
  for (size_t i = 0; i < first.gradients.size(); ++i)
    CHECK(same_bits(second.gradients[i], first.gradients[i]));
  if (!layouts) return;
  Tensors turned;
  for (const Tensor& input : there) turned.push_back(transposed_copy(input));
  check_like(run_with_gradients(c.run, turned, c.differentiable), reference, tolerance);
  check_like(run_on_slices(c, there), reference, tolerance);
}

void check_dtypes(const OpCase& c) {
  check_dtype(c, f32, c.f32_tolerance, c.layouts);
  check_dtype(c, f64, 1e-10, c.layouts);
  check_dtype(c, bf16, c.half_roundings * rounding_of(bf16), c.layouts);
  // The same instructions as bf16's but for conversions.
  check_dtype(c, f16, c.half_roundings * rounding_of(f16), false);
  allocator(cuda).empty_cache();  // the next case meets fresh memory: what it does not write, it may not read
}

}  // namespace

void check_case(const OpCase& c) {
  CAPTURE(c.name);
  const uint64_t before = cudnn_calls();
  check_dtypes(c);
  if (cudnn_calls() == before) return;
  INFO("without cuDNN");
  const WithoutCudnn off;
  check_dtypes(c);
}

}  // namespace mosaic::test
