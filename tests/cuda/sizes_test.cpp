// Sizes at which the kernels of CUDA take other ways than at those of the op table: rows that blocks work on,
// rows that shared memory does not hold, packs in several rows, tiles, more ids than a block has threads.
#include <doctest/doctest.h>

#include "engine/ops/norm.h"
#include "engine/ops/pool.h"
#include "tests/cuda/cudnn_switch.h"
#include "tests/support/op_case.h"

using namespace mosaic;
using namespace mosaic::test;
using checks::Outcome;
using checks::run_with_gradients;

namespace {

const Device gpu{DeviceKind::cuda, 0};
using Op = std::function<Tensor(const Tensors&)>;

Tensors drawn(const std::vector<Shape>& shapes, DType dtype) {
  Generator rng(5);
  Tensors inputs;
  for (const Shape& shape : shapes) inputs.push_back(normal(shape, 0, 1, rng, dtype));
  return inputs;
}

// Values and gradients as on the CPU, and the same bits twice.
void check_alike(const std::vector<Shape>& shapes, const Op& f, double tolerance = 2e-5, DType dtype = f32) {
  CAPTURE(shapes[0]);
  const Tensors here = drawn(shapes, dtype);
  Tensors there;
  for (const Tensor& x : here) there.push_back(x.to(gpu));
  const Outcome expected = run_with_gradients(f, here, true), first = run_with_gradients(f, there, true),
                second = run_with_gradients(f, there, true);
  CHECK(difference(first.y, expected.y) < tolerance);
  CHECK(same_bits(second.y, first.y));
  for (size_t i = 0; i < here.size(); ++i) {
    CAPTURE(i);
    CHECK(difference(first.gradients[i], expected.gradients[i]) < tolerance);
    CHECK(same_bits(second.gradients[i], first.gradients[i]));
  }
}

Tensor residual(const Tensors& x) {
  Generator rng(3);
  return add_layer_norm(x[0], x[1], 0.2, &rng, x[2], x[3]);
}

}  // namespace

TEST_CASE("cuda: softmax of long rows, kept and not") {
  for (const int64_t cols : {1400, 3001, 30011}) {
    check_alike({{3, cols}}, [](const Tensors& x) { return softmax(x[0]); });
    check_alike({{3, cols}}, [](const Tensors& x) { return log_softmax(x[0]); });
    check_alike({{3, cols}}, [](const Tensors& x) { return logsumexp(x[0], 1); });
  }
  check_alike(
      {{2, 15013}}, [](const Tensors& x) { return softmax(x[0]); }, 1e-10, f64);
  Generator rng(4);
  const Tensor x = normal({2, 30011}, 0, 1, rng);
  CHECK(same_bits(topk(x.to(gpu), 3).indices, topk(x, 3).indices));
}

TEST_CASE("cuda: layer norm of rows for warps, for blocks, and too long to be kept") {
  for (const Shape& shape : {Shape{45, 513}, Shape{300, 1501}, Shape{37, 6007}}) {
    const Shape row{shape[1]};
    check_alike(
        {shape, row, row}, [](const Tensors& x) { return layer_norm(x[0], x[1], x[2]); }, 5e-5);
    check_alike({shape, shape, row, row}, residual, 5e-5);
  }
  check_alike(
      {{40, 30011}, {30011}}, [](const Tensors& x) { return rms_norm(x[0], x[1]); }, 5e-5);
  check_alike(
      {{40, 601}, {601}, {601}}, [](const Tensors& x) { return layer_norm(x[0], x[1], x[2]); }, 1e-10, f64);
}

TEST_CASE("cuda: broadcast rows are read once for several rows") {
  check_alike(
      {{1030, 512}, {512}}, [](const Tensors& x) { return x[0] * x[1] + x[0] * x[1]; }, 5e-4);
}

TEST_CASE("cuda: gradients that are summed, of rows for warps and for blocks, of columns, of views") {
  for (const Shape& matrix : {Shape{9, 700}, Shape{3, 5000}, Shape{300, 70}}) {
    const Shape row{matrix[1]}, column{matrix[0], 1};
    check_alike(
        {matrix, row}, [](const Tensors& x) { return x[0] * x[1] + x[0] / exp(x[1]); }, 2e-4);
    check_alike(
        {matrix, column}, [](const Tensors& x) { return maximum(x[0], x[1]) * x[1]; }, 2e-4);
    check_alike(
        {row, column}, [](const Tensors& x) { return x[0] * x[1]; }, 2e-4);
    check_alike(
        {matrix, row}, [](const Tensors& x) { return x[0].detach() * x[1]; }, 2e-4);
    check_alike(
        {matrix, row}, [](const Tensors& x) { return x[0] * x[1].detach(); }, 2e-4);
    check_alike(
        {matrix, row}, [](const Tensors& x) { return transpose(x[0]) * unsqueeze(x[1], 1); }, 2e-4);
  }
  check_alike(
      {{40, 6, 10}, {30}}, [](const Tensors& x) { return slice(x[0], 1, 1, 5) * slice(x[1], 0, 3, 13); },
      1e-10, f64);
  check_alike({{33, 33}}, [](const Tensors& x) { return minimum(x[0], transpose(x[0])); });
}

TEST_CASE("cuda: maxima of columns") {
  for (const Shape& shape : {Shape{5, 700}, Shape{300, 70}, Shape{3, 100, 9}}) {
    check_alike({shape}, [](const Tensors& x) { return max(x[0], x[0].rank() - 2); });
    check_alike({shape}, [](const Tensors& x) { return max(slice(x[0], -1, 1, 8), x[0].rank() - 2); });
  }
}

TEST_CASE("cuda: batch norm of channels for warps, for blocks, and too large to be kept") {
  const test::WithoutCudnn ours;
  for (const Shape& shape : {Shape{4, 3, 50}, Shape{4, 3, 1000}, Shape{2, 3, 3000, 4}, Shape{4, 2, 9001}}) {
    const Shape channels{shape[1]};
    check_alike(
        {shape, channels, channels}, [](const Tensors& x) { return batch_norm(x[0], x[1], x[2]).y; }, 2e-4);
    check_alike(
        {shape, channels, channels},
        [](const Tensors& x) {
          const Tensor ones = Tensor::full(x[1].shape(), 1, f32, x[1].device());
          return batch_norm(x[0], x[1], x[2], ones, ones);
        },
        2e-4);
  }
}

TEST_CASE("cuda: pools whose windows are tiles, and those that are nearly") {
  const test::WithoutCudnn ours;
  for (const DType dtype : {f32, f64}) {
    for (const Shape& image : {Shape{2, 3, 12, 16}, Shape{2, 3, 13, 16}, Shape{2, 3, 12, 18}}) {
      for (const Size2d kernel : {Size2d{2, 2}, Size2d{3, 4}, Size2d{1, 2}, Size2d{2, 3}}) {
        check_alike(
            {image}, [=](const Tensors& x) { return max_pool2d(x[0], {.kernel = kernel}); }, 1e-6, dtype);
        check_alike(
            {image}, [=](const Tensors& x) { return average_pool2d(x[0], {.kernel = kernel}); }, 1e-6, dtype);
      }
    }
  }
  // Dense, but not where packs begin.
  check_alike({{2, 3, 4, 8}}, [](const Tensors& x) {
    const Tensor odd = reshape(slice(reshape(x[0], {192}), 0, 1, 65), {1, 2, 4, 8});
    return max_pool2d(odd, {}) + average_pool2d(odd, {});
  });
}

TEST_CASE("cuda: packs begin on their boundaries or are not made") {
  for (const int64_t first : {0, 1, 4}) {
    for (const int64_t cols : {8, 9}) {
      check_alike({{6, 20}, {6, 20}}, [=](const Tensors& x) {
        const auto part = [=](const Tensor& t) { return slice(t, 1, first, first + cols); };
        return maximum(part(x[0]), part(x[1])) * part(x[0]);
      });
    }
    Generator rng(9);
    const Tensor x = normal({100}, 0, 1, rng), y = slice(x.to(gpu), 0, first, 97);
    const auto drop = [](const Tensor& t) {
      Generator own(7, 5);
      return dropout(t, 0.3, own);
    };
    CHECK(same_bits(drop(y), drop(slice(x, 0, first, 97))));
  }
}

TEST_CASE("cuda: transposed copies of every size of element") {
  Generator rng(6);
  const Tensor x = normal({3, 41, 5, 70}, 0, 100, rng);
  for (const DType dtype : {u8, i32, f32, f64, bf16, f16}) {
    const Tensor here = x.to(dtype), there = here.to(gpu);
    for (const auto& [a, b] : {std::pair{1, 3}, {0, 3}, {2, 3}, {1, 2}, {0, 1}}) {
      CHECK(same_bits(transpose(there, a, b).dense(), transpose(here, a, b).dense()));
    }
    CHECK(same_bits(transpose(slice(there, 1, 3, 38), 1, 3).dense(),
                    transpose(slice(here, 1, 3, 38), 1, 3).dense()));
  }
}

TEST_CASE("cuda: gradients of lookups by more ids than a block has threads") {
  Generator rng(8);
  std::vector<int32_t> ids;
  for (int i = 0; i < 2500; ++i) ids.push_back(static_cast<int32_t>(rng.below(rng.below(2300) + 1)));
  const Tensor at = Tensor::from(ids, {2500}), seed = normal({2500, 5}, 0, 1, rng);
  Tensor here = normal({2300, 5}, 0, 1, rng), there = here.to(gpu);
  here.track(), there.track();
  embedding(here, at, 2).backward(seed);
  embedding(there, at.to(gpu), 2).backward(seed.to(gpu));
  CHECK(same_bits(there.grad(), here.grad()));
}

TEST_CASE("cuda: mixtures of more experts than a pass takes") {
  const auto mix = [](const Tensors& x) { return mix_experts(x[0], x[1]); };
  check_alike({{11}, {11, 7, 33}}, mix);
  check_alike({{7, 11}, {11, 7, 33}}, mix);
}
