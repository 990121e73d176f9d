#include "data/batch.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "engine/core/error.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::data;
using namespace mosaic::test;
using Ids = std::vector<int32_t>;
using Indices = std::vector<int64_t>;

namespace {

Example example(size_t source, size_t target) {
  Example e{Ids(source, 5), Ids(target, 6)};
  e.source.back() = e.target.back() = Subwords::eos;
  return e;
}

std::vector<Example> random_examples(int64_t n, uint64_t seed) {
  Generator random(seed);
  std::vector<Example> out;
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t source = 3 + random.below(30);
    out.push_back(example(source, source + random.below(7) - 2));
  }
  return out;
}

}  // namespace

TEST_CASE("a batch is padded on the right and its decoder input begins with eos") {
  const std::vector<Example> examples{{{5, 6, 2}, {7, 2}}, {{8, 2}, {9, 10, 11, 2}}, {{2}, {2}}};
  const Batch b = make_batch(examples, {1, 0});
  CHECK(b.rows == 2);
  CHECK(b.source_length == 3);
  CHECK(b.target_length == 4);
  CHECK(b.source == Ids{8, 2, 1, 5, 6, 2});
  CHECK(b.target == Ids{9, 10, 11, 2, 7, 2, 1, 1});
  CHECK(b.decoder_input == Ids{2, 9, 10, 11, 2, 7, 1, 1});
  CHECK(b.source_lengths == Ids{2, 3});
  CHECK(b.target_lengths == Ids{4, 2});
  CHECK(b.source_tokens == 5);
  CHECK(b.target_tokens == 6);
  CHECK(b.indices == Indices{1, 0});
  CHECK_THROWS_AS(make_batch(examples, {3}), ArgumentError);
  CHECK_THROWS_AS(make_batch(examples, {}), ArgumentError);
}

TEST_CASE("batches close by the token rule and in multiples of eight") {
  // Forty pairs of length 10 and room for 25 of them: 24 are given out, one stays for the next batch.
  const std::vector<Example> equal(40, example(10, 10));
  const BatchPlan plan(equal, {.max_tokens = 250}, Generator(1));
  REQUIRE(plan.batches() == 2);
  CHECK(plan.sorted()[0].size() == 24);
  CHECK(plan.sorted()[1].size() == 16);
  CHECK(plan.target_tokens() == 400);
  // Fewer than eight rows are given out as they are.
  CHECK(BatchPlan(equal, {.max_tokens = 59}, Generator(1)).sorted()[0].size() == 5);
  CHECK(BatchPlan(equal, {.max_tokens = 250, .row_multiple = 1}, Generator(1)).sorted()[0].size() == 25);
  CHECK(BatchPlan(equal, {.max_tokens = 250, .max_rows = 16}, Generator(1)).sorted()[0].size() == 16);
  // The longer side counts, the next example's too: eight of length 10, then one of length 100.
  std::vector<Example> jump(8, example(10, 10));
  jump.push_back(example(11, 100));
  const BatchPlan jumping(jump, {.max_tokens = 500}, Generator(1));
  REQUIRE(jumping.batches() == 2);
  CHECK(jumping.sorted()[0].size() == 8);
  CHECK(jumping.sorted()[1] == Indices{8});
}

TEST_CASE("every example is in one batch, sorted by source then target length") {
  const auto examples = random_examples(3000, 5);
  const BatchPlan plan(examples, {.max_tokens = 512}, Generator(9));
  std::vector<int64_t> seen;
  std::pair<size_t, size_t> last{0, 0};
  bool shuffled = false;
  for (const Indices& batch : plan.sorted()) {
    size_t longest = 0;
    for (const int64_t index : batch) {
      const Example& e = examples[static_cast<size_t>(index)];
      const std::pair lengths{e.source.size(), e.target.size()};
      CHECK(lengths >= last);
      if (lengths == last && !seen.empty()) shuffled |= index < seen.back();
      last = lengths;
      longest = std::max({longest, e.source.size(), e.target.size()});
      seen.push_back(index);
    }
    CHECK((batch.size() % 8 == 0 || batch.size() < 8 || &batch == &plan.sorted().back()));
    CHECK(batch.size() * longest <= 512);
  }
  CHECK(shuffled);  // equal lengths keep the random order
  std::sort(seen.begin(), seen.end());
  for (int64_t i = 0; i < 3000; ++i) REQUIRE(seen[static_cast<size_t>(i)] == i);
  CHECK(plan.examples() == 3000);
}

TEST_CASE("plans and orders depend on the seed only") {
  const auto examples = random_examples(1000, 6);
  const BatchPlan a(examples, {.max_tokens = 256}, Generator(3)),
      b(examples, {.max_tokens = 256}, Generator(3, 77));
  const BatchPlan c(examples, {.max_tokens = 256}, Generator(4));
  CHECK(a.sorted() == b.sorted());
  CHECK(a.sorted() != c.sorted());
  CHECK(a.order(0) == b.order(0));
  CHECK(a.order(0) != a.order(1));
  CHECK(a.order(0) != c.order(0));
  std::vector<int64_t> order = a.order(5);
  std::sort(order.begin(), order.end());
  for (size_t i = 0; i < order.size(); ++i) CHECK(order[i] == static_cast<int64_t>(i));
  CHECK_THROWS_AS(a.order(-1), ArgumentError);
}

TEST_CASE("updates gather batches up to a token count and resume anywhere") {
  const auto examples = random_examples(500, 7);
  const BatchPlan plan(examples, {.max_tokens = 256}, Generator(3));
  std::vector<Update> updates;
  DataPosition position;
  std::multiset<int64_t> first_epoch;
  int64_t batches = 0;
  while (position.epoch < 3) {
    const Update update = plan.update(position, 700);
    CHECK(update.target_tokens >= 700);
    int64_t tokens = 0;
    for (const Indices& batch : update.batches) {
      tokens += make_batch(examples, batch).target_tokens;
      if (batches++ < plan.batches()) first_epoch.insert(batch.begin(), batch.end());
    }
    CHECK(tokens == update.target_tokens);
    updates.push_back(update);
    position = update.next;
  }
  CHECK(first_epoch.size() == 500);
  CHECK(std::set<int64_t>(first_epoch.begin(), first_epoch.end()).size() == 500);
  // A trainer that stops after any update and comes back from its file goes on alike.
  for (size_t i = 0; i + 1 < updates.size(); ++i) {
    const DataPosition saved = data_position(parse_json(describe(updates[i].next).dump(), "x"), "x");
    CHECK(saved == updates[i].next);
    CHECK(plan.update(saved, 700).batches == updates[i + 1].batches);
  }
  CHECK(plan.update({}, 0).batches.size() == 1);
  CHECK_THROWS_AS(plan.update({0, plan.batches()}, 1), ArgumentError);
  CHECK_THROWS_AS(plan.update({-1, 0}, 1), ArgumentError);
  CHECK_THROWS_AS(data_position(parse_json(R"({"epoch":-1,"batch":0})", "x"), "x"), FormatError);
}

TEST_CASE("examples that are too long are refused, or dropped when asked") {
  std::vector<Example> examples(20, example(10, 10));
  examples[7] = example(10, 30);
  CHECK(contains(message_of<ArgumentError>([&] { BatchPlan(examples, {.max_positions = 20}, Generator(1)); }),
                 "example 7 has 30 tokens, more than the 20 allowed"));
  CHECK_THROWS_AS(BatchPlan(examples, {.max_tokens = 29}, Generator(1)), ArgumentError);
  const BatchPlan plan(examples, {.max_positions = 20, .drop_long = true}, Generator(1));
  CHECK(plan.dropped() == 1);
  CHECK(plan.examples() == 19);
  CHECK(contains(message_of<ArgumentError>(
                     [&] { BatchPlan(examples, {.max_positions = 5, .drop_long = true}, Generator(1)); }),
                 "all 20 are too long"));
  CHECK_THROWS_AS(BatchPlan({}, {}, Generator(1)), ArgumentError);
  CHECK_THROWS_AS(BatchPlan(examples, {.max_tokens = 0}, Generator(1)), ArgumentError);
  CHECK_THROWS_AS(BatchPlan(examples, {.row_multiple = 0}, Generator(1)), ArgumentError);
}
