// Learning-rate schedules against their formulas and PyTorch's.
#include "tests/nn/golden.h"

using namespace mosaic;
using namespace mosaic::nn;
using namespace mosaic::nn::testing;

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

TEST_CASE("schedules equal PyTorch's") {
  using Shape = Schedule::Shape;
  const SafetensorsFile file = sequence_golden("schedules");
  size_t compared = 0;
  const auto compare = [&](const std::string& name, Schedule s) {
    CAPTURE(name);
    s.peak = 0.8;
    s.validate();
    const std::vector<double> golden = file.tensor(name).values();
    for (size_t t = 0; t < golden.size(); ++t) {
      CAPTURE(t);
      CHECK(s(static_cast<int64_t>(t)) == doctest::Approx(golden[t]).epsilon(1e-12));
    }
    ++compared;
  };
  compare("linear", {.shape = Shape::linear, .end = 0.2, .total_updates = 30});
  compare("cosine", {.shape = Shape::cosine, .end = 0.1, .total_updates = 39});
  compare(
      "cosine.warm",
      {.shape = Shape::cosine, .warmup_updates = 5, .warmup_start = 0.08, .end = 0.1, .total_updates = 40});
  compare("polynomial", {.shape = Shape::polynomial, .total_updates = 30, .power = 2});
  compare("exponential", {.shape = Shape::exponential, .factor = 0.9});
  compare("exponential.warm",
          {.shape = Shape::exponential, .warmup_updates = 5, .warmup_start = 0.08, .factor = 0.9});
  compare("step", {.shape = Shape::step, .factor = 0.5, .step_updates = 7});
  compare(
      "step.warm",
      {.shape = Shape::step, .warmup_updates = 5, .warmup_start = 0.08, .factor = 0.5, .step_updates = 7});
  compare("multi_step", {.shape = Shape::multi_step, .factor = 0.3, .milestones = {4, 9, 30}});
  compare("restarts", {.shape = Shape::cosine_restarts, .end = 0.05, .cycle_updates = 6});
  compare("restarts.growing",
          {.shape = Shape::cosine_restarts, .end = 0.05, .cycle_updates = 3, .cycle_growth = 2});
  compare("one_cycle", {.shape = Shape::one_cycle,
                        .warmup_updates = 11,
                        .warmup_start = 0.04,
                        .end = 0.0008,
                        .total_updates = 40});
  CHECK(compared == file.entries().size());
}

TEST_CASE("the lowest rate of shapes that never end, and polynomials that do") {
  const Schedule decay{.shape = Schedule::Shape::exponential, .peak = 1, .end = 0.3, .factor = 0.5};
  CHECK(decay(1) == 0.5);
  CHECK(decay(2) == 0.3);
  CHECK(decay(int64_t{1} << 40) == 0.3);
  const Schedule root{.shape = Schedule::Shape::polynomial,
                      .peak = 1,
                      .warmup_updates = 4,
                      .warmup_start = 0,
                      .end = 0.2,
                      .total_updates = 20,
                      .power = 0.5};
  CHECK(root(2) == doctest::Approx(0.5));
  CHECK(root(4) == 1);
  CHECK(root(16) == doctest::Approx(0.2 + 0.8 * 0.5));
  CHECK(root(20) == 0.2);
  const Schedule cycles{
      .shape = Schedule::Shape::cosine_restarts, .peak = 1, .cycle_updates = 2, .cycle_growth = 3};
  CHECK(cycles(2) == 1);  // cycles begin at 0, 2, 8, 26
  CHECK(cycles(5) == doctest::Approx(0.5));
  CHECK(cycles(26) == 1);
  CHECK(cycles(std::numeric_limits<int64_t>::max()) <= 1);
}

TEST_CASE("every shape of schedule as JSON") {
  using Shape = Schedule::Shape;
  const std::vector<Schedule> all = {
      {.shape = Shape::polynomial, .total_updates = 9, .power = 3},
      {.shape = Shape::exponential, .factor = 0.99},
      {.shape = Shape::step, .factor = 0.5, .step_updates = 100},
      {.shape = Shape::multi_step, .warmup_updates = 2, .milestones = {3, 70}},
      {.shape = Shape::cosine_restarts, .cycle_updates = 5, .cycle_growth = 2},
      {.shape = Shape::one_cycle, .warmup_updates = 3, .total_updates = 9},
  };
  for (const Schedule& s : all) CHECK(Schedule::from_json(s.to_json(), "x") == s);
  const auto refused = [&](const Schedule& s, const char* key, const json& value) {
    json changed = s.to_json();
    changed[key] = value;
    CHECK_THROWS_AS(Schedule::from_json(changed, "x"), FormatError);
  };
  refused(all[0], "power", 0);
  refused(all[0], "total_updates", 0);
  refused(all[0], "factor", 0.5);  // another shape's
  refused(all[1], "factor", 0);
  refused(all[1], "factor", 1.5);
  refused(all[2], "step_updates", 0);
  refused(all[3], "milestones", json::array());
  refused(all[3], "milestones", json::array({5, 5}));
  refused(all[3], "milestones", json::array({2, 5}));  // not after the warm-up
  refused(all[4], "cycle_growth", 0);
  refused(all[5], "total_updates", 3);
  CHECK(Schedule::ends("one_cycle"));
  CHECK_FALSE(Schedule::ends("step"));
  CHECK_FALSE(Schedule::ends("cosin"));
}
