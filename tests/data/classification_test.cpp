#include "data/metrics/classification.h"

#include <doctest/doctest.h>

#include "engine/core/error.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::data;
using namespace mosaic::test;
using Labels = std::vector<int32_t>;

namespace {

ConfusionCounts table(int64_t a, int64_t b, int64_t c, int64_t d) {
  ConfusionCounts counts(2);
  counts.add(0, 0, a);
  counts.add(1, 0, b);
  counts.add(0, 1, c);
  counts.add(1, 1, d);
  return counts;
}

}  // namespace

// Values of scikit-learn 1.9.1 (accuracy_score, f1_score, matthews_corrcoef); all are equal to the last bit.
TEST_CASE("accuracy, F1 and Matthews are scikit-learn's") {
  const Labels gold{0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 0}, said{0, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1};
  const ConfusionCounts two = confusion_counts(said, gold, 2);
  CHECK(*accuracy(two).value == 0.6666666666666666);
  CHECK(*f1(two).value == 0.7142857142857143);
  CHECK(*matthews(two).value == 0.3142857142857143);
  CHECK(two.total() == 12);
  CHECK(two.correct() == 8);
  CHECK(two.count(1, 0) == 2);
  CHECK(two.predicted_as(1) == 7);
  CHECK(two.gold_of(1) == 7);

  const Labels gold3{0, 1, 2, 2, 1, 0, 2, 1, 0, 2, 1, 1, 0, 2},
      said3{0, 2, 2, 1, 1, 0, 2, 1, 1, 2, 0, 1, 0, 2};
  const ConfusionCounts three = confusion_counts(said3, gold3, 3);
  CHECK(*accuracy(three).value == 0.7142857142857143);
  CHECK(*matthews(three).value == 0.5692307692307692);
  // A class that occurs nowhere changes nothing.
  CHECK(*matthews(confusion_counts(said3, gold3, 5)).value == 0.5692307692307692);
}

TEST_CASE("metrics of five thousand generated labels") {
  uint64_t state = 12345;
  const auto draw = [&] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
  };
  ConfusionCounts three(3), two(2);
  for (int i = 0; i < 5000; ++i) {
    const auto gold = static_cast<int32_t>(draw() % 3);
    const bool right = draw() % 4 != 0;
    const int32_t said = right ? gold : static_cast<int32_t>(draw() % 3);
    draw(), draw();  // the scores of the correlation test
    three.add(said, gold);
    two.add(said == 1, gold == 1);
  }
  CHECK(*accuracy(three).value == 0.835);
  CHECK(*matthews(three).value == 0.7524629233904577);
  CHECK(*f1(two).value == 0.8311207162704538);
  CHECK(*matthews(two).value == 0.7502199163828932);
}

TEST_CASE("a single class has a Matthews correlation of 0 and a note") {
  const MetricValue perfect = matthews(table(0, 0, 0, 3));
  CHECK(*perfect.value == 0);
  CHECK(contains(perfect.note, "all labels on both sides are of one class"));
  CHECK(contains(matthews(table(0, 5, 0, 7)).note, "all predictions are of one class"));
  CHECK(contains(matthews(table(5, 7, 0, 0)).note, "all gold labels are of one class"));
  CHECK(matthews(table(5, 7, 1, 2)).note.empty());

  const MetricValue none = f1(table(9, 0, 0, 0));
  CHECK(*none.value == 0);
  CHECK(contains(none.note, "neither predicted nor gold"));
  // Nothing right, but something predicted: 0 by the formula.
  CHECK(*f1(table(0, 4, 5, 0)).value == 0);
  CHECK(f1(table(0, 4, 5, 0)).note.empty());
  CHECK(*f1(table(3, 0, 0, 0), 0).value == 1);
}

// Computed with 60 decimal digits.
TEST_CASE("counts of any size do not overflow") {
  CHECK(*matthews(table(220000, 25000, 21000, 124965)).value ==
        doctest::Approx(0.7501128085448192).epsilon(1e-15));
  CHECK(*matthews(table(100000000, 20000000, 7000000, 250000000)).value ==
        doctest::Approx(0.832856479227542).epsilon(1e-15));
  constexpr int64_t e17 = 100000000000000000;
  const ConfusionCounts huge = table(10 * e17, 2 * e17, 3 * e17, 10 * e17);
  CHECK(*matthews(huge).value == doctest::Approx(0.6025641025641025).epsilon(1e-15));
  CHECK(*accuracy(huge).value == 0.8);
  CHECK(*f1(huge).value == 0.8);
  CHECK_THROWS_AS(ConfusionCounts(huge).add(0, 0, 30 * e17), ArgumentError);
}

TEST_CASE("parts add up to the whole") {
  ConfusionCounts sum = table(1, 2, 3, 4);
  sum.merge(table(10, 20, 30, 40));
  CHECK(sum.total() == 110);
  CHECK(sum.count(0, 1) == 33);
  CHECK(*matthews(sum).value == *matthews(table(11, 22, 33, 44)).value);
  CHECK_THROWS_AS(sum.merge(ConfusionCounts(3)), ArgumentError);
}

TEST_CASE("labels that cannot be scored are refused") {
  const auto refused = [](const Labels& said, const Labels& gold) {
    return message_of<ArgumentError>([&] { confusion_counts(said, gold, 2); });
  };
  CHECK(contains(refused({0, 1}, {0}), "2 predictions for 1 gold labels"));
  CHECK(contains(refused({}, {}), "no example"));
  CHECK(contains(refused({0, 2}, {0, 1}), "prediction 2 is 2, outside 0..1"));
  CHECK(contains(refused({0, 1}, {0, -1}), "gold label 2 is -1"));
  CHECK_THROWS_AS(accuracy(ConfusionCounts(2)), ArgumentError);
  CHECK_THROWS_AS(f1(ConfusionCounts(2)), ArgumentError);
  CHECK_THROWS_AS(matthews(ConfusionCounts(2)), ArgumentError);
  CHECK_THROWS_AS(f1(table(1, 1, 1, 1), 2), ArgumentError);
  CHECK_THROWS_AS(ConfusionCounts(0), ArgumentError);
  CHECK_THROWS_AS(ConfusionCounts(2).add(0, 0, -1), ArgumentError);
}
