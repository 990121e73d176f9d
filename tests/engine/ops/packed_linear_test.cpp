// Products with kept packs: the bits of linear(), for every instruction set, and never of old weights.
#include <doctest/doctest.h>

#include "engine/autograd/node.h"
#include "engine/core/allocator.h"
#include "engine/core/parallel.h"
#include "engine/cpu/isa.h"
#include "engine/ops/packed_linear.h"
#include "tests/support/op_case.h"

using namespace mosaic;

namespace {

struct Settings {
  kernels::Isa isa = kernels::active_isa();
  int count = threads();
  ~Settings() {
    kernels::set_isa(isa);
    set_threads(count);
  }
};

void check_same(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation) {
  INFO(x.shape(), " x ", weight.shape(), ", bias ", bias.defined());
  const PackedWeight packed;
  const KeepPacked keep;
  const Tensor expected = linear(x, weight, bias, activation);
  CHECK(test::same_bits(packed.linear(x, weight, bias, activation), expected));
  CHECK(test::same_bits(packed.linear(x, weight, bias, activation), expected));
}

size_t current() {
  return allocator(cpu()).stats().current;
}

}  // namespace

TEST_CASE("packed products have the bits of linear") {
  const Settings settings;
  for (const kernels::Isa isa : {kernels::Isa::baseline, kernels::Isa::avx2, kernels::Isa::avx512}) {
    if (!kernels::isa_available(isa)) continue;
    kernels::set_isa(isa);
    INFO("instruction set ", kernels::isa_name());
    for (const int count : {1, 2}) {
      set_threads(count);
      Generator rng(3);
      for (const int64_t m : {1, 2, 3, 4, 5, 6, 7, 13, 15, 29, 64, 131}) {
        for (const auto& [n, k] : {std::pair<int64_t, int64_t>{1, 1},
                                   {7, 3},
                                   {16, 8},
                                   {33, 31},
                                   {150, 128},
                                   {257, 70},
                                   {40, 1100},
                                   {4000, 20}}) {
          const Tensor x = normal({m, k}, 0, 1, rng), w = normal({n, k}, 0, 1, rng),
                       b = normal({n}, 0, 1, rng);
          check_same(x, w, b, Activation::none);
          check_same(x, w, {}, Activation::relu);
        }
      }
    }
  }
}

TEST_CASE("packed products of slices, higher ranks and nothing") {
  Generator rng(4);
  const Tensor wide = normal({5, 3, 40}, 0, 1, rng), table = normal({50, 64}, 0, 1, rng),
               bias = normal({2, 50}, 0, 1, rng);
  check_same(slice(wide, 2, 8, 32), slice(table, 1, 4, 28),
             slice(bias, 0, 1, 2).dense().with_layout({50}, {1}, 0), Activation::relu);
  check_same(slice(wide, 1, 1, 2), slice(slice(table, 1, 0, 40), 0, 7, 50), {}, Activation::none);
  check_same(transpose(wide, 0, 1), slice(table, 1, 24, 64), {}, Activation::none);
  check_same(slice(transpose(wide, 1, 2), 2, 0, 3), transpose(slice(table, 0, 0, 3), 0, 1), {},
             Activation::none);
  check_same(slice(wide, 0, 0, 0), slice(table, 1, 0, 40), {}, Activation::none);
  check_same(wide.to(f64), slice(table, 1, 0, 40).to(f64), {}, Activation::none);
  const PackedWeight packed;
  const KeepPacked keep;
  CHECK_THROWS_AS(packed.linear(wide, table, {}), ShapeError);
  CHECK_THROWS_AS(packed.linear(wide, slice(table, 1, 0, 40), Tensor::zeros({49})), ShapeError);
}

TEST_CASE("a pack is made once, and again when the weight is written or another") {
  Generator rng(5);
  const Tensor x = normal({2, 64}, 0, 1, rng), first = normal({48, 64}, 0, 1, rng),
               second = normal({48, 64}, 0, 1, rng);
  const PackedWeight packed;
  const auto check_now = [&](const Tensor& weight) {
    CHECK(test::same_bits(packed.linear(x, weight, {}), linear(x, weight, {})));
  };
  const size_t before = current();
  packed.linear(x, first, {});
  CHECK(current() == before);  // nobody asked to keep any
  const KeepPacked keep;
  check_now(first);
  const size_t kept = current();
  CHECK(kept >= before + 48 * 64 * 4);
  check_now(first);
  CHECK(current() == kept);
  scale_(first, 2);
  check_now(first);
  check_now(second);
  check_now(slice(second, 0, 0, 32));
  const Tensor strided = slice(normal({48, 128}, 0, 1, rng), 1, 0, 64);
  check_now(strided);
  check_now(strided.dense());
  PackedWeight copy = packed;
  CHECK(test::same_bits(copy.linear(x, second, {}), linear(x, second, {})));
}

TEST_CASE("with gradients linear itself is used") {
  Generator rng(6);
  const Tensor x = normal({3, 8}, 0, 1, rng);
  Tensor weight = normal({5, 8}, 0, 1, rng);
  weight.track();
  const PackedWeight packed;
  const KeepPacked keep;
  const Tensor y = packed.linear(x, weight, {});
  REQUIRE(y.tracked());
  y.backward(Tensor::full({3, 5}, 1));
  CHECK(weight.has_grad());
  const NoGrad quiet;
  CHECK(test::same_bits(packed.linear(x, weight, {}), y.detach()));
}
