// GLUE's examples as ids, segments and labels, and the batches of an epoch.
#include "data/glue/batches.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "tests/support/mlm_text.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::data;
using namespace mosaic::test;
using Ids = std::vector<int32_t>;

namespace {

// [PAD], [UNK], [CLS], [SEP] and [MASK] are 0 to 4, "w0" is 5.
GlueData pairs(const std::vector<std::array<std::string, 3>>& rows) {
  GlueData data{.task = &glue_task("RTE"), .split = GlueSplit::train, .examples = {}, .report = {}};
  for (const auto& [first, second, label] : rows)
    data.examples.push_back(
        {.id = "0", .first = first, .second = second, .label = *data.task->label_id(label)});
  return data;
}

GlueData many(int count) {
  Generator random(4);
  std::vector<std::array<std::string, 3>> rows;
  for (int i = 0; i < count; ++i) {
    std::array<std::string, 3> row;
    for (size_t side = 0; side < 2; ++side)
      for (uint64_t word = 0; word <= random.below(12); ++word) row[side] += cat("w", random.below(50), " ");
    row[2] = random.below(2) ? "entailment" : "not_entailment";
    rows.push_back(row);
  }
  return pairs(rows);
}

Ids ids_of(const GlueInputs& inputs, int64_t index) {
  return {inputs.ids(index).begin(), inputs.ids(index).end()};
}

}  // namespace

TEST_CASE("examples become ids, segments and labels") {
  const GlueInputs inputs(pairs({{"w0 w1", "w2", "not_entailment"},
                                 {"w0 w1 w2 w3 w4 w5", "w6 w7", "entailment"},
                                 {"", "w1 [SEP]", "entailment"}}),
                          vocabulary(), 8);
  CHECK(inputs.size() == 3);
  CHECK(ids_of(inputs, 0) == Ids{2, 5, 6, 3, 7, 3});
  CHECK(inputs.first_length(0) == 4);
  // The longer text is cut first; a special token in a text is characters.
  CHECK(ids_of(inputs, 1) == Ids{2, 5, 6, 7, 3, 11, 12, 3});
  CHECK(inputs.first_length(1) == 5);
  CHECK(ids_of(inputs, 2) == Ids{2, 3, 6, 1, 1, 1, 3});
  CHECK(inputs.cut() == 1);
  CHECK(inputs.gold().labels == Ids{1, 0, 0});
  CHECK(inputs.tokens() == 21);

  const GlueBatch batch = make_glue_batch(inputs, {1, 0});
  CHECK(batch.rows == 2);
  CHECK(batch.length == 8);
  CHECK(batch.tokens == 14);
  CHECK(batch.ids == Ids{2, 5, 6, 7, 3, 11, 12, 3, 2, 5, 6, 3, 7, 3, 0, 0});
  CHECK(batch.types == Ids{0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0});
  CHECK(batch.labels == Ids{0, 1});
  CHECK(batch.scores.empty());
  CHECK_THROWS_AS(make_glue_batch(inputs, {}), ArgumentError);
  CHECK_THROWS_AS(make_glue_batch(inputs, {3}), ArgumentError);
  CHECK_THROWS_AS(GlueInputs(pairs({}), vocabulary(), 8), ArgumentError);
  CHECK_THROWS_AS(GlueInputs(pairs({{"w1", "w2", "entailment"}}), vocabulary(), 4), ArgumentError);
}

TEST_CASE("single sentences, scores and tests") {
  GlueData cola{.task = &glue_task("CoLA"), .split = GlueSplit::test, .examples = {}, .report = {}};
  cola.examples.push_back({.id = "0", .first = "w3", .second = ""});
  const GlueInputs single(cola, vocabulary(), 16);
  CHECK(ids_of(single, 0) == Ids{2, 8, 3});
  CHECK(single.first_length(0) == 3);
  CHECK(single.gold().size() == 0);
  const GlueBatch unlabelled = make_glue_batch(single, {0});
  CHECK(unlabelled.labels.empty());
  CHECK(unlabelled.scores.empty());

  GlueData sts{.task = &glue_task("STS-B"), .split = GlueSplit::dev, .examples = {}, .report = {}};
  sts.examples.push_back({.id = "0", .first = "w3", .second = "w4", .label = -1, .score = 2.5});
  CHECK(make_glue_batch(GlueInputs(sts, vocabulary(), 16), {0}).scores == std::vector<float>{2.5F});
}

TEST_CASE("inputs are the same for any number of threads, and their hash tells them apart") {
  const GlueData data = many(500);
  const int before = threads();
  set_threads(1);
  const GlueInputs one(data, vocabulary(), 16);
  set_threads(3);
  const GlueInputs three(data, vocabulary(), 16);
  set_threads(before);
  CHECK(one.hash() == three.hash());
  CHECK(one.hash() != GlueInputs(data, vocabulary(), 15).hash());
  GlueData other = data;
  other.examples.back().label ^= 1;
  CHECK(one.hash() != GlueInputs(other, vocabulary(), 16).hash());
}

TEST_CASE("every epoch has every example once, in an order of its own that depends on the seed only") {
  const GluePlan plan(103, 10, Generator(5));
  CHECK(plan.batches() == 11);
  std::vector<std::vector<int64_t>> epochs;
  DataPosition position;
  for (int64_t epoch = 0; epoch < 2; ++epoch) {
    std::vector<int64_t>& seen = epochs.emplace_back();
    for (int64_t i = 0; i < plan.batches(); ++i) {
      CHECK(position == DataPosition{epoch, i});
      const std::vector<int64_t> batch = plan.batch(position);
      CHECK(batch.size() == (i < 10 ? 10 : 3));
      // From anywhere the same goes on.
      CHECK(batch == GluePlan(103, 10, Generator(5)).batch({epoch, i}));
      seen.insert(seen.end(), batch.begin(), batch.end());
      position = plan.next(position);
    }
    CHECK(std::set<int64_t>(seen.begin(), seen.end()).size() == 103);
  }
  CHECK(epochs[0] != epochs[1]);
  CHECK(plan.batch({0, 0}) != GluePlan(103, 10, Generator(6)).batch({0, 0}));
  CHECK(GluePlan(3, 10, Generator(5)).batch({0, 0}).size() == 3);
  CHECK_THROWS_AS(plan.batch({0, 11}), ArgumentError);
  CHECK_THROWS_AS(GluePlan(0, 10, Generator(5)), ArgumentError);
  CHECK_THROWS_AS(GluePlan(3, 0, Generator(5)), ArgumentError);
}

TEST_CASE("for predictions examples go by length") {
  const GlueInputs inputs(many(25), vocabulary(), 30);
  std::set<int64_t> seen;
  size_t length = 0;
  for (const std::vector<int64_t>& batch : batches_by_length(inputs, 10)) {
    for (const int64_t index : batch) {
      CHECK(inputs.ids(index).size() >= length);
      length = inputs.ids(index).size();
      seen.insert(index);
    }
  }
  CHECK(seen.size() == 25);
}
