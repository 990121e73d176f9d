// Golden encodings of HAT's space and the range each space's normaliser must give.
#include <doctest/doctest.h>

#include <cmath>

#include "mos/encoding.h"
#include "space_support.h"

using namespace mosaic;
using namespace mosaic::mos;

namespace {

void check_near(const std::vector<double>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    CHECK(found[i] == doctest::Approx(expected[i]).epsilon(1e-4));
  }
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum);
}

}  // namespace

TEST_CASE("HAT's ten features") {
  const Space wmt = space_named("wmt");
  check_near(encode(wmt, wmt.parse(hat_208(), "a")), {0.8, 1, 1.5, 1.1111, 0.8, 0.8333, 1.3, 1.2, 1.2, 0.8});
  check_near(encode(wmt, wmt.largest(Extremes::hat)), {1, 1, 1.5, 1.3333, 1, 1, 1.5, 1.3333, 1.3333, 1});
  check_near(encode(wmt, wmt.smallest(Extremes::hat)),
             {0.8, 1, 0.5, 0.6667, 0.8, 0.1667, 0.5, 0.6667, 0.6667, 1});
  CHECK(encoding_size(wmt, Encoding::coarse) == 10);
}

TEST_CASE("the fine encoding has one value a gene and zeros for inactive layers") {
  const Space wmt = space_named("wmt");
  const auto fine = encode(wmt, wmt.parse(hat_208(), "a"), Encoding::fine);
  REQUIRE(fine.size() == 40);
  CHECK(fine[0] == doctest::Approx(0.8));
  CHECK(fine[9] == doctest::Approx(0.5));  // 4 of 8 heads in the second encoder layer
  CHECK(fine[15] == doctest::Approx(5.0 / 6));
  CHECK(fine[16] == doctest::Approx(2048.0 / 3072));
  for (const size_t inactive : {21u, 27u, 33u, 39u}) CHECK(fine[inactive] == 0);
  CHECK(fine[34] == doctest::Approx(0.5));  // -1: one member of two
  CHECK(fine[35] == doctest::Approx(1.0));
  // Same means, other layers: alike for the coarse encoding, apart for the fine one.
  json swapped = hat_208();
  std::swap(swapped["decoder"]["ffn"][0], swapped["decoder"]["ffn"][4]);
  const Arch a = wmt.parse(hat_208(), "a"), b = wmt.parse(swapped, "b");
  CHECK(encode(wmt, a) == encode(wmt, b));
  CHECK(encode(wmt, a, Encoding::fine) != encode(wmt, b, Encoding::fine));
}

TEST_CASE("each space's own normaliser keeps largest and smallest far apart") {
  for (const std::string& name : space_names()) {
    CAPTURE(name);
    const Space space = space_named(name);
    if (space.model() != "seq2seq") continue;  // bert_space_test.cpp
    const double apart = distance(encode(space, space.largest()), encode(space, space.smallest()));
    CHECK(apart > (name == "nano" ? 1.0 : 1.4));
    CHECK(apart < 2.5);
  }
  check_near(encode(space_named("tiny"), space_named("tiny").largest()),
             {1, 1, 1.5, 1.3333, 1, 1, 1.5, 1.3333, 1.3333, 1.5});
  CHECK(encoding_named("fine") == Encoding::fine);
  CHECK(!refusal([] { encoding_named("rough"); }).empty());
  CHECK(!refusal([] { encode(space_named("tiny"), space_named("nano").largest()); }).empty());
}
