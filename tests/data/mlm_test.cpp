// Masks and the order of batches.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "data/masking.h"
#include "data/mlm_batches.h"
#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::data;
using namespace mosaic::test;
using Ids = std::vector<int32_t>;

namespace {

// Special tokens 0..4, words 5..104, continuations 105..204.
const WordPiece& vocabulary() {
  static const WordPiece wordpiece = [] {
    std::vector<std::string> tokens{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    for (int i = 0; i < 100; ++i) tokens.push_back(cat("w", i));
    for (int i = 0; i < 100; ++i) tokens.push_back(cat("##c", i));
    return WordPiece::from_tokens(tokens);
  }();
  return wordpiece;
}

Ids sentence(int64_t tokens, Generator random) {
  Ids ids{2};
  for (int64_t i = 0; i < tokens; ++i) ids.push_back(static_cast<int32_t>(5 + random.below(200)));
  ids.push_back(3);
  return ids;
}

// Not more than 4.5 standard deviations of a binomial count away from its mean.
bool is_share(int64_t count, int64_t n, double p) {
  const double mean = static_cast<double>(n) * p;
  return std::abs(static_cast<double>(count) - mean) < 4.5 * std::sqrt(mean * (1 - p));
}

}  // namespace

TEST_CASE("exactly 15 % of the tokens are guessed, 80/10/10 of them changed") {
  const Masking masking(vocabulary());
  int64_t guesses = 0, masked = 0, kept = 0, replaced = 0;
  std::vector<int64_t> at(128), random_ids(205);
  for (int64_t n = 0; n < 3000; ++n) {
    const Ids ids = sentence(126, Generator(static_cast<uint64_t>(n)));
    const MaskedSequence m = masking.train(ids, 0, n);
    REQUIRE(m.positions.size() == 19);  // 126 * 0.15 = 18.9
    REQUIRE(m.targets.size() == 19);
    REQUIRE(std::is_sorted(m.positions.begin(), m.positions.end()));
    REQUIRE(std::adjacent_find(m.positions.begin(), m.positions.end()) == m.positions.end());
    Ids restored = m.ids;
    for (size_t i = 0; i < 19; ++i) {
      const auto p = static_cast<size_t>(m.positions[i]);
      REQUIRE(m.targets[i] == ids[p]);
      ++guesses;
      ++at[p];
      masked += m.ids[p] == 4;
      kept += m.ids[p] == ids[p];
      if (m.ids[p] != 4 && m.ids[p] != ids[p]) {
        ++replaced;
        ++random_ids[static_cast<size_t>(m.ids[p])];
      }
      restored[p] = m.targets[i];
    }
    REQUIRE(restored == ids);  // nothing else was touched
  }
  CHECK(guesses == 57000);
  CHECK(is_share(masked, guesses, 0.8));
  // Of 200 replacements one is the token itself.
  CHECK(is_share(kept, guesses, 0.1 + 0.1 / 200));
  CHECK(is_share(replaced, guesses, 0.1 - 0.1 / 200));
  CHECK((at[0] == 0 && at[127] == 0));
  for (size_t p = 1; p < 127; ++p) CHECK(is_share(at[p], guesses, 1.0 / 126));
  for (size_t id = 0; id < 205; ++id)
    CHECK((id < 5 ? random_ids[id] == 0 : is_share(random_ids[id], replaced, 1.0 / 200)));
}

TEST_CASE("short and special sequences") {
  const Masking masking(vocabulary());
  const auto count = [&](int64_t n) {
    return masking.train(sentence(n, Generator(1)), 0, 0).positions.size();
  };
  CHECK(count(1) == 1);
  CHECK(count(3) == 1);
  CHECK(count(9) == 1);   // 1.35
  CHECK(count(10) == 2);  // 1.5 is rounded up
  CHECK(count(20) == 3);
  const MaskedSequence nothing = masking.train(Ids{2, 1, 1, 3, 1, 3, 0}, 0, 0);
  CHECK(nothing.positions.empty());
  CHECK(nothing.ids == Ids{2, 1, 1, 3, 1, 3, 0});
  for (int64_t n = 0; n < 50; ++n) {  // only token 7 may be guessed
    CHECK(masking.train(Ids{2, 1, 7, 4, 3, 0}, 0, n).positions == Ids{2});
  }
  CHECK_THROWS_AS(masking.train(Ids{205}, 0, 0), ArgumentError);
  CHECK_THROWS_AS(masking.train(Ids{-1}, 0, 0), ArgumentError);
  CHECK_THROWS_AS(masking.train(Ids{5}, -1, 0), ArgumentError);
  CHECK_THROWS_AS(masking.valid(Ids{5}, -1), ArgumentError);
  CHECK_THROWS_AS(Masking(vocabulary(), {.share = 0}), ArgumentError);
  CHECK_THROWS_AS(Masking(vocabulary(), {.masked = 0.8, .replaced = 0.3}), ArgumentError);
  CHECK_THROWS_AS(Masking(WordPiece::from_tokens({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"})),
                  ArgumentError);
}

TEST_CASE("masks depend on seed, epoch and sequence, validation on its own seed") {
  const Ids ids = sentence(126, Generator(8));
  const Masking a(vocabulary(), {.seed = 1}), b(vocabulary(), {.seed = 2});
  CHECK(a.train(ids, 3, 5).ids == Masking(vocabulary(), {.seed = 1}).train(ids, 3, 5).ids);
  CHECK(a.train(ids, 3, 5).positions != a.train(ids, 4, 5).positions);
  CHECK(a.train(ids, 3, 5).positions != a.train(ids, 3, 6).positions);
  CHECK(a.train(ids, 3, 5).positions != b.train(ids, 3, 5).positions);
  CHECK(a.valid(ids, 5).ids == b.valid(ids, 5).ids);
  CHECK(a.valid(ids, 5).positions != a.valid(ids, 6).positions);
  CHECK(a.valid(ids, 5).ids != Masking(vocabulary(), {.valid_seed = 7}).valid(ids, 5).ids);
  // Pinned: validation losses of other days must stay comparable. Token 6 is masked, token 8 is kept.
  const Ids fixed{2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 3};
  CHECK(a.valid(fixed, 0).positions == Ids{2, 4});
  CHECK(a.valid(fixed, 0).ids == Ids{2, 5, 4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 3});
  // Every token is guessed in some epoch.
  std::set<int32_t> seen;
  for (int64_t epoch = 0; epoch < 100; ++epoch) {
    const MaskedSequence m = a.train(ids, epoch, 0);
    seen.insert(m.positions.begin(), m.positions.end());
  }
  CHECK(seen.size() == 126);
}

TEST_CASE("independent draws") {
  const Masking masking(vocabulary(), {.count = MaskCount::independent});
  int64_t guesses = 0;
  std::set<size_t> sizes;
  for (int64_t n = 0; n < 2000; ++n) {
    const MaskedSequence m = masking.train(sentence(126, Generator(9)), 0, n);
    CHECK(std::is_sorted(m.positions.begin(), m.positions.end()));
    guesses += static_cast<int64_t>(m.positions.size());
    sizes.insert(m.positions.size());
    CHECK(masking.train(Ids{2, 7, 3}, 0, n).positions == Ids{1});
  }
  CHECK(is_share(guesses, 2000 * 126, 0.15));
  CHECK(sizes.size() > 20);
}

TEST_CASE("whole words are guessed together") {
  const Masking masking(vocabulary(), {.whole_words = true});
  std::vector<int64_t> at(128);
  for (int64_t n = 0; n < 4000; ++n) {
    // Words of one, two and three tokens in turn.
    Ids ids{2};
    for (int32_t i = 0; i < 126; ++i)
      ids.push_back(i % 6 == 0 || i % 6 == 1 || i % 6 == 3 ? 5 + i % 100 : 105 + i % 100);
    ids.push_back(3);
    const MaskedSequence m = masking.train(ids, 0, n);
    const std::set<int32_t> chosen(m.positions.begin(), m.positions.end());
    CHECK(chosen.size() == 19);
    for (const int32_t p : chosen) {
      ++at[static_cast<size_t>(p)];
      if (ids[static_cast<size_t>(p)] >= 105) CHECK(chosen.contains(p - 1));
      if (ids[static_cast<size_t>(p) + 1] >= 105) CHECK(chosen.contains(p + 1));
    }
  }
  for (size_t p = 1; p < 127; ++p) CHECK(at[p] > 300);  // of 4000 * 19 / 126 = 603
  // A word longer than all that may be guessed: taken when there is no other, else passed over.
  CHECK(masking.train(Ids{2, 5, 105, 106, 107, 3}, 0, 0).positions == Ids{1, 2, 3, 4});
  for (int64_t n = 0; n < 50; ++n)
    CHECK(masking.train(Ids{2, 5, 105, 106, 107, 6, 3}, 0, n).positions == Ids{5});
  // A continuation behind [CLS] (its word's beginning is in the sequence before) stands for itself.
  CHECK(masking.train(Ids{2, 105, 106, 3}, 0, 0).positions == Ids{1, 2});
}

TEST_CASE("random orders are permutations") {
  for (const int64_t size : {1, 2, 3, 4, 5, 7, 16, 17, 100, 1000, 4096, 5000}) {
    CAPTURE(size);
    std::vector<char> seen(static_cast<size_t>(size));
    const RandomOrder order(size, Generator(static_cast<uint64_t>(size)));
    for (int64_t i = 0; i < size; ++i) {
      const int64_t value = order(i);
      REQUIRE((value >= 0 && value < size));
      REQUIRE(!seen[static_cast<size_t>(value)]);
      seen[static_cast<size_t>(value)] = 1;
    }
    CHECK_THROWS_AS(order(size), ArgumentError);
    CHECK_THROWS_AS(order(-1), ArgumentError);
  }
  // Over many keys every place gets every value equally often.
  for (const int64_t size : {3, 10}) {
    std::vector<int64_t> counts(static_cast<size_t>(size * size));
    for (uint64_t key = 0; key < 6000; ++key) {
      const RandomOrder order(size, Generator(1).fork(key));
      for (int64_t i = 0; i < size; ++i) ++counts[static_cast<size_t>(i * size + order(i))];
    }
    for (const int64_t count : counts) CHECK(is_share(count, 6000, 1.0 / static_cast<double>(size)));
  }
  // Neighbours are not correlated.
  const RandomOrder order(100000, Generator(5));
  double sum = 0;
  for (int64_t i = 0; i + 1 < 100000; ++i)
    sum += (static_cast<double>(order(i)) / 1e5 - 0.5) * (static_cast<double>(order(i + 1)) / 1e5 - 0.5);
  CHECK(std::abs(sum * 12 / 1e5) < 4.5 / std::sqrt(1e5));
  CHECK_THROWS_AS(RandomOrder(0, Generator(1)), ArgumentError);
  CHECK(RandomOrder(int64_t{1} << 40, Generator(1))(12345) < int64_t{1} << 40);
}

TEST_CASE("plans give every sequence once an epoch and resume anywhere") {
  const MlmPlan plan(103, 10, Generator(4));
  CHECK(plan.batches() == 10);
  DataPosition position;
  std::set<int64_t> seen, left_out;
  std::vector<std::vector<int64_t>> batches;
  while (position.epoch < 40) {
    batches.push_back(plan.batch(position));
    CHECK(batches.back().size() == 10);
    for (const int64_t index : batches.back()) CHECK(seen.insert(index).second);
    position = data_position(parse_json(describe(plan.next(position)).dump(), "x"), "x");
    if (position.batch > 0) continue;
    CHECK(seen.size() == 100);
    for (int64_t i = 0; i < 103; ++i) {
      if (!seen.contains(i)) left_out.insert(i);
    }
    seen.clear();
  }
  CHECK(position == DataPosition{40, 0});
  CHECK(left_out.size() > 50);
  CHECK(batches[0] != batches[10]);
  CHECK(MlmPlan(103, 10, Generator(4, 99)).batch({7, 3}) == batches[73]);
  CHECK(MlmPlan(103, 10, Generator(5)).batch({0, 0}) != batches[0]);
  CHECK(MlmPlan(3, 10, Generator(4)).batch({0, 0}).size() == 3);
  CHECK(MlmPlan(3, 10, Generator(4)).rows() == 3);
  CHECK_THROWS_AS(plan.batch({0, 10}), ArgumentError);
  CHECK_THROWS_AS(plan.next({-1, 0}), ArgumentError);
  CHECK_THROWS_AS(MlmPlan(0, 10, Generator(4)), ArgumentError);
  CHECK_THROWS_AS(MlmPlan(10, 0, Generator(4)), ArgumentError);
  const auto in_order = batches_in_order(23, 10);
  REQUIRE(in_order.size() == 3);
  CHECK(in_order[2] == std::vector<int64_t>{20, 21, 22});
  CHECK(batches_in_order(0, 10).empty());
}
