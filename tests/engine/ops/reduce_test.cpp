// Reductions: nothing, edges, the order of ties, long rows.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tests/support/op_case.h"

using namespace mosaic;
using namespace mosaic::test;

TEST_CASE("ops: reductions of nothing") {
  CHECK(sum(Tensor::zeros({0})).item<double>() == 0);
  CHECK(sum(Tensor::zeros({0, 3}), 0).values() == std::vector<double>(3, 0));
  CHECK(sum(Tensor::zeros({3, 0}), 1).values() == std::vector<double>(3, 0));
  CHECK(sum(Tensor::zeros({3, 0}), 0).numel() == 0);
  CHECK_THROWS_AS(max(Tensor::zeros({3, 0}), 1), ShapeError);
  CHECK_THROWS_AS(argmax(Tensor::zeros({3, 0}), 1), ShapeError);
  CHECK_THROWS_AS(sum(arange(3)), DtypeError);
}

TEST_CASE("ops: logsumexp at the edges") {
  const double inf = std::numeric_limits<double>::infinity();
  const Tensor x = Tensor::from(std::vector<double>{-inf, -inf, 1000, 1000, inf, 0, -inf, 2}, {4, 2}).track();
  const Tensor y = logsumexp(x, 1);
  CHECK(y.values()[0] == -inf);
  CHECK(y.values()[1] == doctest::Approx(1000 + std::log(2.0)));
  CHECK(y.values()[2] == inf);
  CHECK(y.values()[3] == 2);
  Tensor finite = Tensor::from(std::vector<float>{-1e30f, 5, 3, 3}, {2, 2}).track();
  sum(logsumexp(finite, 1)).backward();
  CHECK(finite.grad().values() == std::vector<double>{0, 1, 0.5, 0.5});
}

TEST_CASE("ops: the first maximum wins") {
  const Tensor x = Tensor::from(std::vector<float>{1, 3, 3, 0, 2, 2, 2, 1}, {2, 4}).track();
  CHECK(argmax(x, 1).values() == std::vector<double>{1, 0});
  CHECK(argmax(x, 0).values() == std::vector<double>{1, 0, 0, 1});
  sum(max(x, 1)).backward();
  CHECK(x.grad().values() == std::vector<double>{0, 1, 0, 0, 1, 0, 0, 0});
}

TEST_CASE("ops: maxima of columns are those of the rows of a transposed copy") {
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  Generator rng(3);
  for (const Shape& shape : {Shape{1, 5}, Shape{70, 300}, Shape{3, 65, 17}}) {
    const int axis = shape.rank() - 2;
    std::vector<double> values;  // few distinct ones: ties everywhere
    for (int64_t i = 0; i < shape.numel(); ++i) {
      const uint64_t draw = rng.below(9);
      values.push_back(draw == 0 ? nan : draw == 1 ? -inf : static_cast<double>(draw));
    }
    Tensor x = Tensor::from(values, shape), flipped = transpose(x).dense();
    x.track(), flipped.track();
    CHECK(same_bits(argmax(x, axis), argmax(flipped, -1)));
    const Tensor y = max(x, axis), same = max(flipped, -1), seed = normal(y.shape(), 0, 1, rng, f64);
    CHECK(same_bits(y, same));
    y.backward(seed), same.backward(seed);
    CHECK(same_bits(x.grad(), transpose(flipped.grad())));
    max(x, axis).backward(seed), max(flipped, -1).backward(seed);  // added
    CHECK(same_bits(x.grad(), transpose(flipped.grad())));
  }
  const Tensor none = Tensor::from(std::vector<double>{nan, nan, 1, nan, nan, nan}, {3, 2});
  CHECK(argmax(none, 0).values() == std::vector<double>{1, 0});
  CHECK(std::isnan(max(none, 0).values()[1]));
}

TEST_CASE("ops: argmax far into long rows") {
  for (const int64_t at : {0, 63, 64, 127, 500, 998}) {
    const Tensor x = Tensor::zeros({2, 999});
    fill_(slice(slice(x, 0, 1, 2), 1, at, at + 1), 7);
    CHECK(argmax(x, -1).values() == std::vector<double>{0, static_cast<double>(at)});
  }
}

TEST_CASE("ops: topk equals a stable sort") {
  Generator rng(5);
  for (const int64_t n : {1, 7, 64, 1000}) {
    // Few distinct values: ties everywhere.
    std::vector<float> values;
    for (int64_t i = 0; i < 3 * n; ++i) values.push_back(static_cast<float>(rng.below(n < 10 ? 3 : 40)));
    const Tensor x = Tensor::from(values, {3, n});
    for (const int64_t k : {int64_t{1}, std::min<int64_t>(5, n), n}) {
      const TopK got = topk(x, k);
      REQUIRE(got.values.shape() == Shape{3, k});
      for (int64_t r = 0; r < 3; ++r) {
        std::vector<int32_t> order(static_cast<size_t>(n));
        std::iota(order.begin(), order.end(), 0);
        const float* row = values.data() + r * n;
        std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return row[a] > row[b]; });
        for (int64_t i = 0; i < k; ++i) {
          const auto place = static_cast<size_t>(r * k + i);
          CHECK(got.indices.host<int32_t>()[place] == order[static_cast<size_t>(i)]);
          CHECK(got.values.host<float>()[place] == row[order[static_cast<size_t>(i)]]);
        }
      }
    }
  }
  CHECK_THROWS_AS(topk(Tensor::zeros({2, 3}), 4), ArgumentError);
  CHECK_THROWS_AS(topk(Tensor::zeros({2, 3}), 0), ArgumentError);
}

TEST_CASE("ops: squared_norm in double and in one order") {
  Generator rng(7);
  const Tensor x = normal({123, 457}, 0, 1, rng);
  double want = 0;
  for (const double value : x.values()) want += value * value;
  CHECK(squared_norm(x) == doctest::Approx(want).epsilon(1e-13));
  const int before = threads();
  set_threads(1);
  const double one = squared_norm(x);
  set_threads(2);
  CHECK(squared_norm(x) == one);
  set_threads(before);
  CHECK(squared_norm(transpose(x)) == doctest::Approx(want).epsilon(1e-13));
  CHECK(squared_norm(Tensor::zeros({0})) == 0);
}
