// Remembered scores: each computed once, over restarts too; damaged or foreign files are refused.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "engine/core/file.h"
#include "nas_support.h"

using namespace mosaic;
using namespace mosaic::nas;
using mosaic::mos::Space;
using mosaic::mos::space_named;

TEST_CASE("a score is computed once and survives a restart") {
  const TestFolder folder("evaluator");
  const Space space = space_named("nano");
  const auto file = folder / "deep/scores.jsonl";
  int calls = 0;
  const auto function = [&](const mos::Arch& a) { return ++calls, landscape(space, a); };
  {
    Evaluator evaluator(space, function, {.identity = "checkpoint 1", .path = file});
    for (int round = 0; round < 2; ++round)
      for (mos::Count i = 0; i < 10; ++i) evaluator(space.nth(i));
    CHECK(calls == 10);
    CHECK(evaluator.computed() == 10);
    CHECK(evaluator.reused() == 10);
    CHECK(refusal([&] {
            Evaluator(space, function, {.identity = "checkpoint 1", .path = file});
          }).find("in use") != std::string::npos);
  }
  Evaluator again(space, function, {.identity = "checkpoint 1", .path = file});
  CHECK(again.size() == 10);
  for (mos::Count i = 0; i < 10; ++i) {
    const Score score = again(space.nth(i)), fresh = landscape(space, space.nth(i));
    CHECK(score.loss == fresh.loss);
    CHECK(score.measures == fresh.measures);
  }
  CHECK(calls == 10);
}

TEST_CASE("a torn last line is dropped, damage before it is refused") {
  const TestFolder folder("torn");
  const Space space = space_named("nano");
  const auto file = folder / "scores.jsonl";
  const auto function = [&](const mos::Arch& a) { return landscape(space, a); };
  {
    Evaluator evaluator(space, function, {.identity = "x", .path = file});
    for (mos::Count i = 0; i < 3; ++i) evaluator(space.nth(i));
  }
  const std::string whole = read_file(file);
  const size_t last = whole.rfind('\n', whole.size() - 2) + 1;
  for (size_t cut = last; cut < whole.size(); cut += 7) {
    write_file_atomic(file, std::string_view(whole).substr(0, cut));
    Evaluator evaluator(space, function, {.identity = "x", .path = file});
    CHECK(evaluator.size() == 2);
    evaluator(space.nth(2));
    CHECK(read_file(file) == whole);
  }
  std::string damaged = whole;
  damaged[whole.find('\n') + 5] = '}';
  write_file_atomic(file, damaged);
  CHECK(refusal([&] {
          Evaluator(space, function, {.identity = "x", .path = file});
        }).find("scores.jsonl:2") != std::string::npos);
}

TEST_CASE("scores of something else are refused") {
  const TestFolder folder("foreign");
  const Space space = space_named("nano");
  const auto function = [&](const mos::Arch& a) { return landscape(space, a); };
  const auto file = folder / "scores.jsonl";
  { Evaluator(space, function, {.identity = "x", .path = file})(space.nth(0)); }
  CHECK(refusal([&] {
          Evaluator(space, function, {.identity = "y", .path = file});
        }).find("something else") != std::string::npos);
  CHECK(!refusal([&] { Evaluator(space_named("tiny"), function, {.identity = "x", .path = file}); }).empty());
  CHECK(!refusal([&] { Evaluator(space, function, {.identity = "x", .path = folder / "."}); }).empty());
}

TEST_CASE("an unusable score is an error and is not remembered") {
  const Space space = space_named("nano");
  double value = NAN;
  Evaluator evaluator(space, [&](const mos::Arch&) { return Score{.loss = value, .measures = {}}; },
                      {.identity = "x", .path = {}});
  CHECK(!refusal([&] { evaluator(space.nth(0)); }).empty());
  value = 1;
  CHECK(evaluator(space.nth(0)).loss == 1);
  CHECK(!refusal([&] { evaluator(space_named("tiny").smallest()); }).empty());
}
