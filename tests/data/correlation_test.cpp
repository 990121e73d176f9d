#include "data/metrics/correlation.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "engine/core/error.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::data;
using namespace mosaic::test;
using Values = std::vector<double>;

namespace {

const Values a{0.5, 2.25, 3.75, 1.0, 4.0, 2.0, 2.0, 5.0}, b{1.0, 2.0, 4.25, 1.0, 3.5, 3.0, 2.0, 4.75};
const Values c{0.1, 0.7, -1.3, 2.9, 3.3, -0.2, 11.5}, d{3.1, 2.7, 4.4, 1.9, -0.3, 2.2, -7.5};

Values scaled(const Values& values, double factor, double offset = 0) {
  Values out;
  for (const double v : values) out.push_back(v * factor + offset);
  return out;
}

// To two units in the last place.
bool equal(const MetricValue& got, double expected) {
  return got.defined() && std::abs(*got.value - expected) <= 4.5e-16 * std::abs(expected);
}

}  // namespace

// The exact correlations, from rational arithmetic, rounded once. SciPy 1.17.1 prints the same digits except
// where noted.
TEST_CASE("Pearson and Spearman are SciPy's") {
  CHECK(equal(pearson(a, b), 0.9471837247010263));
  CHECK(equal(spearman(a, b), 0.9151683228048982));
  CHECK(equal(pearson(c, d), -0.9815274092883288));  // SciPy: ...329
  CHECK(equal(spearman(c, d), -0.8928571428571429));
  CHECK(equal(pearson(b, a), *pearson(a, b).value));
}

TEST_CASE("correlations of five thousand generated scores") {
  uint64_t state = 12345;
  const auto draw = [&] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<double>(state >> 33);
  };
  Values gold, said;
  for (int i = 0; i < 5000; ++i) {
    draw();
    if (std::fmod(draw(), 4) == 0) draw();  // the labels of the classification test
    const double score = std::fmod(draw(), 5001) / 1000;
    gold.push_back(score);
    said.push_back(score + (std::fmod(draw(), 2001) - 1000) / 500);
  }
  CHECK(equal(pearson(said, gold), 0.7820308312346393));  // SciPy: ...396
  CHECK(equal(spearman(said, gold), 0.7827868080734977));
  // An offset costs the values digits, the correlation none.
  CHECK(equal(pearson(scaled(said, 1, 1e9), gold), 0.7820308314678102));  // SciPy: ...094
}

TEST_CASE("neither scale nor offset disturbs the sums") {
  CHECK(equal(pearson(scaled(c, 1e300), scaled(d, 1e-300)), -0.9815274092883287));
  CHECK(equal(pearson(scaled(c, -1e300), scaled(d, 1e300)), 0.9815274092883288));
  // SciPy warns and gives -0.08337801.
  CHECK(equal(pearson(scaled({0, 1, 0, 2, 1, 3, 1}, 1, 1e15), d), -0.08339157489635679));
  CHECK(*pearson(a, a).value == 1);
  CHECK(*pearson(a, scaled(a, -1)).value == -1);
  CHECK(*spearman(a, scaled(a, 1e-200)).value == 1);
  CHECK(*pearson(Values{1, 2}, Values{3, 2.5}).value == -1);
}

TEST_CASE("ties share their average rank") {
  CHECK(average_ranks(Values{3, 1, 3, 2, 3}) == Values{4, 1, 4, 2, 4});
  CHECK(average_ranks(Values{0.0, -0.0, -1}) == Values{2.5, 2.5, 1});
  CHECK(average_ranks(Values{}).empty());
  CHECK_THROWS_AS(average_ranks(Values{0, std::nan("")}), ArgumentError);
}

TEST_CASE("what has no correlation is undefined, with the reason") {
  for (const auto metric : {pearson, spearman}) {
    const auto reason = [&](const Values& said, const Values& gold) {
      const MetricValue value = metric(said, gold);
      CHECK_FALSE(value.defined());
      return value.undefined_because;
    };
    CHECK(reason({2.5, 2.5, 2.5}, {1, 2, 3}) == "constant predictions");
    CHECK(reason({1, 2, 3}, {0.1, 0.1, 0.1}) == "constant gold scores");
    CHECK(reason({1, 1}, {0, 0}) == "constant predictions and gold scores");
    CHECK(reason({0.0, -0.0}, {0, 1}) == "constant predictions");
    CHECK(reason({1}, {1}) == "a single example");

    const auto refused = [&](const Values& said, const Values& gold) {
      return message_of<ArgumentError>([&] { metric(said, gold); });
    };
    CHECK(contains(refused({1, 2}, {1, 2, 3}), "2 predictions for 3 gold scores"));
    CHECK(contains(refused({}, {}), "no example"));
    CHECK(contains(refused({1, std::nan(""), 3}, {1, 2, 3}), "prediction 2 is nan"));
    CHECK(contains(refused({1, 2}, {std::numeric_limits<double>::infinity(), 2}), "gold score 1 is inf"));
  }
}
