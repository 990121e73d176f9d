// Dropout, uniform and normal: distributions, reproducibility and the words they are made of.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/support/op_case.h"

using namespace mosaic;
using namespace mosaic::test;

TEST_CASE("ops: dropout keeps the share it should and moves the generator on") {
  Generator rng(1);
  const Tensor y = dropout(Tensor::full({100000}, 1), 0.25, rng);
  CHECK(rng.position() == 25000);
  double kept = 0;
  for (const double value : y.values()) {
    if (value != 0) CHECK(value == doctest::Approx(1 / 0.75));
    kept += value != 0;
  }
  CHECK(kept / 100000 == doctest::Approx(0.75).epsilon(0.01));
  CHECK_FALSE(same_bits(y, dropout(Tensor::full({100000}, 1), 0.25, rng)));
}

TEST_CASE("ops: uniform and normal are made of the generator's words") {
  Generator rng(123, 77);
  const Tensor u = uniform({10}, -1, 3, rng), g = normal({10}, 5, 2, rng, f64);
  CHECK(rng.position() == 77 + 3 + 3);
  for (int64_t i = 0; i < 10; ++i) {
    uint32_t words[4];
    philox4x32(123, static_cast<uint64_t>(77 + i / 4), words);
    CHECK(u.host<float>()[static_cast<size_t>(i)] ==
          doctest::Approx(-1 + 4 * static_cast<double>(words[i % 4]) * 0x1p-32).epsilon(1e-6));
    philox4x32(123, static_cast<uint64_t>(80 + i / 4), words);
    const double radius = std::sqrt(-2 * std::log((words[i % 4 / 2 * 2] + 0.5) * 0x1p-32));
    const double angle = 2 * M_PI * words[i % 4 / 2 * 2 + 1] * 0x1p-32;
    CHECK(g.host<double>()[static_cast<size_t>(i)] ==
          doctest::Approx(5 + 2 * radius * (i % 2 == 0 ? std::cos(angle) : std::sin(angle))).epsilon(1e-12));
  }
}

TEST_CASE("ops: moments of uniform and normal") {
  Generator rng(9);
  const Tensor u = uniform({200000}, 2, 4, rng), g = normal({200001}, 1, 3, rng);
  CHECK(mean(u).item<double>() == doctest::Approx(3).epsilon(0.005));
  CHECK(mean(square(u - 3.0)).item<double>() == doctest::Approx(1.0 / 3).epsilon(0.01));
  CHECK(mean(g).item<double>() == doctest::Approx(1).epsilon(0.05));
  CHECK(mean(square(g - 1.0)).item<double>() == doctest::Approx(9).epsilon(0.02));
  for (const double value : u.values()) {
    const bool inside = value >= 2 && value < 4;
    REQUIRE(inside);
  }
}

TEST_CASE("ops: random tensors do not depend on the number of threads") {
  const int before = threads();
  Tensors drawn;
  for (const int team : {1, 2}) {
    set_threads(team);
    Generator rng(4);
    drawn.push_back(normal({100003}, 0, 1, rng));
    drawn.push_back(uniform({100003}, 0, 1, rng));
    drawn.push_back(dropout(drawn[drawn.size() - 2], 0.1, rng));
  }
  set_threads(before);
  for (size_t i = 0; i < 3; ++i) CHECK(same_bits(drawn[i], drawn[i + 3]));
}

TEST_CASE("ops: dropout of nothing is the input, other rates than [0, 1) are refused") {
  Generator rng(17);
  const Tensor x = Tensor::full({3}, 2);
  CHECK(dropout(x, 0, rng).raw() == x.raw());
  CHECK(rng.position() == 0);
  CHECK_THROWS_AS(dropout(x, 1, rng), ArgumentError);
  CHECK_THROWS_AS(dropout(x, -0.1, rng), ArgumentError);
}
