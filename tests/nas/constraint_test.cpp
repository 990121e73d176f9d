// Limits written as text, the measures they name, and the diagnosis of limits that cannot be met.
#include <doctest/doctest.h>

#include "nas/search.h"
#include "nas_support.h"

using namespace mosaic;
using namespace mosaic::nas;
using mosaic::mos::Space;
using mosaic::mos::space_named;

TEST_CASE("limits are parsed and printed") {
  CHECK(Constraint::parse("latency_ms<=40").text() == "latency_ms<=40");
  CHECK(Constraint::parse(" parameters <= 5e6, flops>1 ").text() == "parameters<=5000000 and flops>1");
  CHECK(Constraint::parse("4e6<=parameters<5e6").text() == "parameters>=4000000 and parameters<5000000");
  CHECK(Constraint::parse("40 >= latency_ms and decoder.layers<2").text() ==
        "latency_ms<=40 and decoder.layers<2");
  CHECK(Constraint::parse("a<=1 && b>=2").terms().size() == 2);
  CHECK(Constraint::parse("").empty());
  CHECK(Constraint::parse("a<=1.5").terms()[0].limit == 1.5);
  for (const char* bad : {"latency_ms", "latency_ms<=", "<=40", "a<=4x", "a<=b", "1<=2", "a<=1,", "a=4",
                          "a<=nan", "a<=1 b<=2", "1<=a<=b", "a<=1e999", ","})
    CHECK_MESSAGE(!refusal([&] { Constraint::parse(bad); }).empty(), bad);
}

TEST_CASE("limits hold or break on measures of an architecture") {
  const Space space = space_named("wmt");
  const Measures measures = standard_measures(space);
  const auto largest = space.largest(), smallest = space.smallest();
  CHECK(measures.value("parameters", largest) == 70900992);
  CHECK(measures.value("decoder.layers", smallest) == 1);
  const Constraint c = Constraint::parse("parameters<=20e6");
  CHECK(c.holds(smallest, measures));
  CHECK(!c.holds(largest, measures));
  CHECK(c.broken(largest, measures)->name == "parameters");
  CHECK(Constraint::parse("parameters>=70900992").holds(largest, measures));
  CHECK(!Constraint::parse("parameters>70900992").holds(largest, measures));
  const std::string message = refusal([&] { measures.value("paramters", largest); });
  CHECK(message.find("did you mean parameters") != std::string::npos);
}

TEST_CASE("the extremes of a measure are found in large and in small spaces") {
  for (const char* name : {"wmt", "tiny", "nano", "quickstart"}) {
    const Space space = space_named(name);
    const Measures measures = standard_measures(space);
    for (const char* measure : {"parameters", "flops"}) {
      const auto value = [&](const mos::Arch& a) { return measures.value(measure, a); };
      CHECK(value(extreme_of(space, value, true)) == value(space.smallest()));
      CHECK(value(extreme_of(space, value, false)) == value(space.largest()));
    }
  }
}

TEST_CASE("a limit that no architecture meets is diagnosed before anything is scored") {
  const Space space = space_named("tiny");
  Measures measures = standard_measures(space);
  measures.add("latency_ms", [](const mos::Arch& a) { return 21 + 10 * a.value("decoder.layers"); });
  Evaluator evaluator(space,
                      [](const mos::Arch&) -> Score {
                        FAIL("scored");
                        return {};
                      },
                      {.identity = "t", .path = {}});
  const Constraint c = Constraint::parse("latency_ms<=20");
  const std::string message = refusal([&] { require_feasible({space, evaluator, c, measures}); });
  CHECK(message.find("smallest latency_ms") != std::string::npos);
  CHECK(message.find("31") != std::string::npos);
  CHECK(message.find("latency_ms<=20") != std::string::npos);
  const Constraint high = Constraint::parse("latency_ms>=52");
  CHECK_THROWS_AS(random_search({space, evaluator, high, measures}, {}), InfeasibleError);
}
