#include <doctest/doctest.h>

#include "tests/support/op_case.h"

using namespace mosaic;
using mosaic::test::Tensors;

namespace {

// Values and gradients of f at sizes that do run on several threads (the cases of tests/op_cases mostly do
// not).
Tensors outcome(int count, const std::vector<Shape>& shapes, const std::function<Tensor(const Tensors&)>& f) {
  const int before = threads();
  set_threads(count);
  Generator rng(8);
  Tensors leaves;
  for (const Shape& shape : shapes) {
    leaves.push_back(normal(shape, 0, 1, rng));
    leaves.back().track();
  }
  const Tensor y = f(leaves);
  y.backward(normal(y.shape(), 0, 1, rng));
  Tensors results = {y.detach()};
  for (const Tensor& leaf : leaves) results.push_back(leaf.grad());
  set_threads(before);
  return results;
}

void check_threads(const std::vector<Shape>& shapes, const std::function<Tensor(const Tensors&)>& f) {
  const Tensors one = outcome(1, shapes, f);
  for (const int count : {2, 3, 5}) {
    const Tensors many = outcome(count, shapes, f);
    for (size_t i = 0; i < one.size(); ++i) {
      CAPTURE(count);
      CAPTURE(i);
      CHECK(test::same_bits(one[i], many[i]));
    }
  }
}

}  // namespace

TEST_CASE("fused ops give the same bits on any number of threads") {
  SUBCASE("softmax") {
    check_threads({{700, 301}}, [](const Tensors& t) { return softmax(t[0]); });
  }
  SUBCASE("cross_entropy") {
    std::vector<int32_t> ids;
    for (int32_t i = 0; i < 500; ++i) ids.push_back(i % 5 == 0 ? 1 : i);
    const Tensor targets = Tensor::from(ids, {500});
    check_threads({{500, 2500}}, [=](const Tensors& t) { return cross_entropy(t[0], targets, 0.1, 1); });
  }
  SUBCASE("layer_norm") {
    check_threads({{3001, 70}, {70}, {70}}, [](const Tensors& t) { return layer_norm(t[0], t[1], t[2]); });
  }
  SUBCASE("add_layer_norm") {
    check_threads({{3001, 70}, {3001, 70}, {70}, {70}}, [](const Tensors& t) {
      Generator rng(6);
      return add_layer_norm(t[0], t[1], 0.2, &rng, t[2], t[3]);
    });
  }
  SUBCASE("attention") {
    const Shape q{37, 21, 48}, k{37, 30, 48};
    check_threads({q, k, k}, [](const Tensors& t) {
      Generator rng(6);
      return attention(t[0], t[1], t[2],
                       {.heads = 3, .causal = true, .key_mask = {}, .dropout = 0.1, .rng = &rng});
    });
  }
  SUBCASE("mix_experts") {
    const auto f = [](const Tensors& t) { return mix_experts(t[0], t[1]); };
    check_threads({{2}, {2, 700, 130}}, f);
    check_threads({{700, 2}, {2, 700, 130}}, f);
  }
  SUBCASE("gated linear units") {
    check_threads({{301, 2 * 333}}, [](const Tensors& t) { return glu(t[0], Gate::silu); });
  }
  SUBCASE("convolutions") {
    const auto f = [](const Tensors& t) {
      return conv2d(t[0], t[1], t[2], {.stride = {1, 2}, .padding = 1});
    };
    check_threads({{7, 6, 30, 33}, {10, 6, 3, 3}, {10}}, f);
    check_threads({{1, 24, 50, 51}, {40, 24, 3, 3}, {40}}, f);    // the product's own threads
    check_threads({{21, 70, 5, 6}, {64, 70, 2, 3}, {64}}, f);     // chunks of images
    check_threads({{2, 400, 3, 4}, {600, 400, 3, 3}, {600}}, f);  // one chunk
  }
  SUBCASE("depthwise convolutions") {
    check_threads({{7, 16, 30, 33}, {32, 1, 3, 3}, {32}},
                  [](const Tensors& t) { return conv2d(t[0], t[1], t[2], {.padding = 1, .groups = 16}); });
  }
  SUBCASE("pools") {
    check_threads({{7, 16, 30, 33}},
                  [](const Tensors& t) { return max_pool2d(t[0], {.kernel = 3, .stride = 2}); });
    check_threads({{7, 16, 30, 33}},
                  [](const Tensors& t) { return average_pool2d(t[0], {.kernel = 3, .stride = 2}); });
    check_threads({{7, 16, 30, 33}}, [](const Tensors& t) { return adaptive_average_pool2d(t[0], {4, 1}); });
  }
  SUBCASE("batch norm") {
    const auto f = [](const Tensors& t) { return batch_norm(t[0], t[1], t[2]).y; };
    check_threads({{7, 16, 30, 33}, {16}, {16}}, f);
    check_threads({{307, 160}, {160}, {160}}, f);
  }
}
