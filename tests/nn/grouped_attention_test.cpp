// Grouped-query attention against PyTorch, multi-head attention and itself token by token.
#include "nn/layers/grouped_attention.h"

#include "tests/nn/golden.h"
#include "tests/support/devices.h"
#include "tests/support/op_case.h"

using namespace mosaic;
using namespace mosaic::nn;
using namespace mosaic::nn::testing;

namespace {

Tensor random(const Shape& shape, uint64_t seed, DType dtype = f64) {
  Generator rng(seed);
  return normal(shape, 0, 1, rng, dtype);
}

Tensor bytes(std::initializer_list<uint8_t> values, const Shape& shape) {
  const std::vector<uint8_t> list(values);
  return Tensor::from(std::span<const uint8_t>(list), shape);
}

}  // namespace

TEST_CASE("grouped_attention equals PyTorch's, on every device") {
  const SafetensorsFile file = sequence_golden("attention");
  const Tensor mask = file.tensor("mask").to(u8);
  const auto compare = [&](Device device, const std::string& name, int64_t heads, int64_t groups) {
    CAPTURE(name);
    const auto golden = [&](const char* key) { return file.tensor(name + key).to(device); };
    for (const DType dtype : {f64, f32}) {
      const double tolerance = dtype == f64 ? 1e-12 : 5e-6;
      Tensor q = golden("q").to(dtype).track(), k = golden("k").to(dtype).track(),
             v = golden("v").to(dtype).track();
      const Tensor y =
          grouped_attention(q, k, v, groups, {.heads = heads, .causal = true, .key_mask = mask.to(device)});
      CHECK(relative_difference(y, golden("y")) < tolerance);
      y.backward(golden("cotangent").to(dtype));
      CHECK(relative_difference(q.grad(), golden("gradient.q")) < tolerance);
      CHECK(relative_difference(k.grad(), golden("gradient.k")) < tolerance);
      CHECK(relative_difference(v.grad(), golden("gradient.v")) < tolerance);
    }
  };
  test::for_each_device([&](Device device) {
    compare(device, "grouped.", 6, 2);
    compare(device, "single.", 4, 1);
  });
}

TEST_CASE("groups serve sequences one after another, also of one token in all") {
  Generator rng(5);
  for (const std::vector<int64_t>& lengths : {std::vector<int64_t>{3, 1, 5}, {1}}) {
    const Segments segments(lengths);
    const int64_t tokens = segments.elements();
    const Tensor q = normal({1, tokens, 16}, 0, 1, rng), k = normal({1, tokens, 8}, 0, 1, rng),
                 v = normal({1, tokens, 8}, 0, 1, rng);
    const Tensor all = grouped_attention(
        q, k, v, 2, {.heads = 4, .causal = true, .key_mask = {}, .queries = segments, .keys = segments});
    int64_t first = 0;
    for (const int64_t length : lengths) {
      const auto part = [&](const Tensor& x) { return slice(x, 1, first, first + length); };
      const Tensor one =
          grouped_attention(part(q), part(k), part(v), 2, {.heads = 4, .causal = true, .key_mask = {}});
      CHECK(largest_difference(part(all), one) < 1e-6);
      first += length;
    }
  }
}

TEST_CASE("with as many groups as heads it is SelfAttention, bit by bit") {
  for (const bool causal : {false, true}) {
    Generator a(3), b(3);
    SelfAttention whole({.width = 6, .channels = 8, .heads = 4, .causal = causal, .dropout = 0.2}, a);
    GroupedAttention grouped(
        {.width = 6, .channels = 8, .heads = 4, .groups = 4, .causal = causal, .dropout = 0.2}, b);
    const Tensor x = random({2, 5, 6}, 1, f32), mask = bytes({1, 1, 1, 1, 0, 1, 1, 1, 1, 1}, {2, 5});
    CHECK(test::same_bits(whole(x, mask), grouped(x, mask)));
    Generator draws(4), same(4);
    CHECK(test::same_bits(whole(x, mask, {.training = true, .rng = &draws}),
                          grouped(x, mask, {.training = true, .rng = &same})));
    CHECK(load(grouped, state_dict(whole)).missing.empty());
  }
}

TEST_CASE("gradients through grouped attention with rotary positions") {
  const Tensor mask = bytes({1, 1, 0, 1, 1, 1}, {2, 3});
  GroupedAttention grouped({.width = 5,
                            .channels = 16,
                            .heads = 4,
                            .groups = 2,
                            .causal = true,
                            .dropout = 0.2,
                            .rotary = RotaryPositions::Options{.width = 4, .dims = 2}});
  const GradcheckResult result = check_gradients(grouped, {random({2, 3, 5}, 1)}, [&](const auto& in) {
    Generator rng(9);
    return grouped(in[0], mask, {.training = true, .rng = &rng});
  });
  CHECK_MESSAGE(result.ok, result.where);
}

TEST_CASE("token by token with a cache, grouped attention gives what it gives at once") {
  for (const int64_t groups : {1, 2, 4}) {
    Generator rng(3);
    const GroupedAttention layer({.width = 6,
                                  .channels = 16,
                                  .heads = 4,
                                  .groups = groups,
                                  .causal = true,
                                  .rotary = RotaryPositions::Options{.width = 4}},
                                 rng);
    const NoGrad quiet;
    const Tensor x = random({3, 20, 6}, 1, f32), all = layer(x, {});
    KeyValueCache cache;
    for (int64_t t = 0; t < 20; ++t)
      CHECK(largest_difference(layer.step(slice(x, 1, t, t + 1), cache), slice(all, 1, t, t + 1)) < 1e-5);
    CHECK(cache.keys().shape() == Shape{3, 20, 4 * groups});
  }
}

TEST_CASE("grouped attention says what does not fit") {
  CHECK_THROWS_AS(GroupedAttention({.width = 6, .channels = 8, .heads = 3, .groups = 1}), ArgumentError);
  CHECK_THROWS_AS(GroupedAttention({.width = 6, .channels = 8, .heads = 4, .groups = 3}), ArgumentError);
  CHECK_THROWS_AS(GroupedAttention({.width = 6,
                                    .channels = 8,
                                    .heads = 2,
                                    .groups = 1,
                                    .rotary = RotaryPositions::Options{.width = 8}}),
                  ArgumentError);
  const Tensor q = Tensor::zeros({2, 3, 8}), k = Tensor::zeros({2, 3, 4});
  CHECK_THROWS_AS(grouped_attention(q, k, k, 3, {.heads = 4, .key_mask = {}}), ShapeError);
  CHECK_THROWS_AS(grouped_attention(q, q, q, 2, {.heads = 4, .key_mask = {}}), ShapeError);
  CHECK_THROWS_AS(grouped_attention(q, k, q, 2, {.heads = 4, .key_mask = {}}), ShapeError);
}
