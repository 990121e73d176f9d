// Learning-rate schedules against their formulas.
#include "tests/nn/support.h"

using namespace mosaic;
using namespace mosaic::nn;

TEST_CASE("cosine after a linear warm-up") {
  const Schedule s{.shape = Schedule::Shape::cosine,
                   .peak = 1e-3,
                   .warmup_updates = 10'000,
                   .warmup_start = 1e-7,
                   .end = 1e-7,
                   .total_updates = 40'000};
  CHECK(s(0) == doctest::Approx(1e-7));
  CHECK(s(5'000) == doctest::Approx((1e-3 + 1e-7) / 2));
  CHECK(s(10'000) == doctest::Approx(1e-3));
  CHECK(s(25'000) == doctest::Approx((1e-3 + 1e-7) / 2));
  CHECK(s(17'500) == doctest::Approx(1e-7 + 0.5 * (1e-3 - 1e-7) * (1 + std::sqrt(0.5))));
  CHECK(s(40'000) == 1e-7);
  CHECK(s(50'000) == 1e-7);
}

TEST_CASE("inverse square root") {
  const Schedule s{.shape = Schedule::Shape::inverse_sqrt, .peak = 5e-3, .warmup_updates = 2000};
  CHECK(s(1000) == doctest::Approx(1e-7 + (5e-3 - 1e-7) / 2));
  CHECK(s(2000) == doctest::Approx(5e-3));
  CHECK(s(8000) == doctest::Approx(2.5e-3));
  const Schedule none{.shape = Schedule::Shape::inverse_sqrt, .peak = 1e-2};
  CHECK(none(0) == doctest::Approx(1e-2));
  CHECK(none(4) == doctest::Approx(5e-3));
}

TEST_CASE("linear and constant") {
  const Schedule linear{.shape = Schedule::Shape::linear,
                        .peak = 1,
                        .warmup_updates = 10,
                        .warmup_start = 0,
                        .total_updates = 110};
  CHECK(linear(5) == doctest::Approx(0.5));
  CHECK(linear(10) == doctest::Approx(1));
  CHECK(linear(60) == doctest::Approx(0.5));
  CHECK(linear(110) == 0);
  const Schedule constant{.shape = Schedule::Shape::constant, .peak = 0.1};
  CHECK(constant(0) == 0.1);
  CHECK(constant(1'000'000) == 0.1);
}

TEST_CASE("schedules as JSON") {
  const Schedule s{.shape = Schedule::Shape::linear,
                   .peak = 0.5,
                   .warmup_updates = 3,
                   .warmup_start = 0.1,
                   .end = 0.2,
                   .total_updates = 9};
  CHECK(Schedule::from_json(s.to_json(), "x") == s);
  const auto refused = [&](const char* key, const json& value) {
    json changed = s.to_json();
    changed[key] = value;
    CHECK_THROWS_AS(Schedule::from_json(changed, "x"), FormatError);
  };
  refused("shape", "cosin");
  refused("peak", 0);
  refused("peak", -1);
  refused("total_updates", 3);
  refused("warmup_start", 0.6);
  refused("unknown", 1);
}
