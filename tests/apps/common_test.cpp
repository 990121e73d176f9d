#include <doctest/doctest.h>

#include "apps/common/config.h"
#include "apps/common/quickstart.h"
#include "apps/common/report.h"
#include "apps/common/settings.h"
#include "apps/common/text.h"

using namespace mosaic;
using namespace mosaic::apps;

TEST_SUITE("apps/common") {
  TEST_CASE("numbers and times") {
    CHECK(parse_integer("42", "x") == 42);
    CHECK(parse_integer("-3", "x") == -3);
    for (const char* bad : {"", "1e3", "3x", "+3", " 3", "3 ", "0x1", "9223372036854775808"})
      CHECK_THROWS_AS(parse_integer(bad, "x"), UsageError);
    CHECK(parse_number("1e-3", "x") == doctest::Approx(0.001));
    for (const char* bad : {"", "nan", "inf", "1,5", "0x1p3", "1e999"})
      CHECK_THROWS_AS(parse_number(bad, "x"), UsageError);
    CHECK(parse_duration("90", "x") == 90);
    CHECK(parse_duration("1.5h", "x") == 5400);
    for (const char* bad : {"", "m", "-1s", "0", "5d"}) CHECK_THROWS_AS(parse_duration(bad, "x"), UsageError);
    CHECK(with_thousands(-1234567) == "-1,234,567");
    CHECK(duration_text(3725) == "1h02m");
    CHECK(fixed(2.5, 2) == "2.50");
  }

  TEST_CASE("configurations are laid over one another") {
    json base = {{"a", 1}, {"b", {{"c", 2}, {"space", "nano"}}}};
    lay_over(base, parse_assignment("b.c=3"), "--set");
    lay_over(base, parse_assignment("b.space=tiny"), "--set");
    CHECK(base.dump() == R"({"a":1,"b":{"c":3,"space":"tiny"}})");
    lay_over(base, {{"b", {{"space", {{"anything", 1}}}}}}, "file");
    CHECK(base["b"]["space"]["anything"] == 1);
    CHECK_THROWS_WITH_AS(lay_over(base, {{"b", {{"d", 1}}}}, "file"), doctest::Contains("b.d"), FormatError);
    CHECK_THROWS_AS(lay_over(base, {{"b", 1}}, "file"), FormatError);
    CHECK(differences({{"x", {{"y", 1}}}}, {{"x", {{"y", 2}}}}) == std::vector<std::string>{"x.y: 1 -> 2"});
  }

  TEST_CASE("quickstart: fewer updates and pairs shrink what belongs to them") {
    const json planned = quickstart_plan("nano");  // 300 updates with 100 of warm-up, then 100
    json plan = planned;
    limit_updates(plan, 30);
    CHECK(plan["train"]["training"]["updates"] == 30);
    CHECK(plan["train"]["training"]["schedule"]["warmup_updates"] == 10);
    CHECK(plan["finetune"]["training"]["updates"] == 10);
    limit_updates(plan, 1);
    CHECK(plan["finetune"]["training"]["updates"] == 1);
    plan = planned;
    limit_pairs(plan, 500);
    CHECK(plan["corpus"]["max_train"] == 500);
    CHECK(plan["corpus"]["valid_size"] == 50);
    CHECK(plan["test_pairs"] == 50);
    CHECK(plan["search"]["valid_pairs"] == 50);
    CHECK(plan["train"]["batches"]["valid_pairs"] == 50);
    plan = planned;
    limit_pairs(plan, 1000000);
    CHECK(plan == planned);
    plan = quickstart_plan("default");  // of all pairs
    limit_pairs(plan, 5000);
    CHECK(plan["corpus"]["max_train"] == 5000);
  }

  TEST_CASE("every recipe and method is a readable configuration") {
    for (const std::string& name : recipe_names()) {
      const Task task = task_named(recipe(name).value("task", "translation"), name);
      json config = resolve_config(default_settings(task),
                                   {.recipe = name, .file = {}, .assignments = {"data=somewhere"}});
      CHECK_NOTHROW(read_settings(config, name, task));
    }
    for (const std::string& method : method_names()) {
      json config = resolve_config(default_settings(),
                                   {.recipe = "nano", .file = {}, .assignments = {"data=somewhere"}});
      lay_over(config, method_settings(method), method);
      INFO(method);
      CHECK_NOTHROW(read_settings(config, method));
    }
    CHECK_THROWS_WITH_AS(
        resolve_config(default_settings(), {.recipe = "bert-tiny", .file = {}, .assignments = {}}),
        "[recipe bert-tiny] is for \"masked-lm\", the data is for \"translation\"", FormatError);
    const json multi30k = resolve_config(default_settings(),
                                         {.recipe = "multi30k-tiny", .file = {}, .assignments = {"data=x"}});
    const TrainSettings settings = read_settings(multi30k, "multi30k-tiny");
    CHECK(settings.standalone);
    CHECK(mos::count_text(settings.space.count()) == "1");
  }

  TEST_CASE("charts are drawn from odd data too") {
    CHECK(draw({.title = "none", .x_label = "", .y_label = "", .series = {}}).find("nothing to show") !=
          std::string::npos);
    const std::string one = draw({.title = "a < b",
                                  .x_label = "",
                                  .y_label = "",
                                  .series = {{.name = "s", .x = {1, 2}, .y = {3, NAN}}}});
    CHECK(one.find("a &lt; b") != std::string::npos);
    CHECK(one.find("nan") == std::string::npos);
  }
}
