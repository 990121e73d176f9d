#include "data/metrics/bleu.h"

#include <doctest/doctest.h>

#include <cmath>

#include "data/text/normalize.h"
#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/core/random.h"
#include "tests/data/dogs.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::data;
using namespace mosaic::test;
using Texts = std::vector<std::string>;

namespace {

// A text of ours, scored with sacreBLEU 2.6.0.
const Texts ours{"The quick brown fox - at 3,5 km/h - jumps over the lazy dog.",
                 "She didn't see the \"red\" door, did she?", "Über 1.000 Menschen; nur 12-mal „ja“."};
const Texts ours_reference{"The quick brown fox, at 3,5 km/h, jumped over the lazy dog.",
                           "She did not see the red door, did she?", "Über 1.000 Leute: nur 12-mal „ja“!"};

double corpus(const BleuOptions& options, const Texts& hypotheses, const std::vector<Texts>& references) {
  return Bleu(options).corpus(hypotheses, references).score;
}

bool near(double a, double b) {
  return std::abs(a - b) < 1e-9;
}

std::string spaced(BleuTokenizer tokenizer, const std::string& text) {
  return normalize_spaces(tokenize(tokenizer, text));
}

}  // namespace

TEST_CASE("13a, international and character tokens") {
  const auto a = BleuTokenizer::v13a, intl = BleuTokenizer::intl;
  CHECK(spaced(a, "Hello, world! (3,5 km/h)") == "Hello , world ! ( 3,5 km / h )");
  CHECK(spaced(a, "a-b 7-9 1.5. .5 x.y it's") == "a-b 7 - 9 1.5 . . 5 x . y it's");
  CHECK(spaced(a, "&quot;a&amp;lt;b&gt; <skipped>c") == "\" a < b > c");
  CHECK(spaced(a, "„a“ – b…") == "„a“ – b…");
  CHECK(spaced(intl, "„a“ – b… 3.5 €7 a.1 1.a") == "„ a “ – b … 3.5 € 7 a . 1 1 . a");
  CHECK(spaced(BleuTokenizer::character, "aß c") == "a ß c");
  CHECK(spaced(BleuTokenizer::none, "a,b c") == "a,b c");
  for (const char* name : {"13a", "intl", "zh", "char", "none"})
    CHECK(to_string(bleu_tokenizer(name)) == name);
  CHECK(contains(message_of<ArgumentError>([] { bleu_tokenizer("ja"); }),
                 "expected 13a, intl, zh, char or none"));
}

TEST_CASE("compounds are split left to right without overlap") {
  CHECK(split_compounds("a-b c") == "a ##AT##-##AT## b c");
  CHECK(split_compounds("x-y-z") == "x ##AT##-##AT## y-z");
  CHECK(split_compounds("ab-cd-ef") == "ab ##AT##-##AT## cd ##AT##-##AT## ef");
  CHECK(split_compounds("ü-ß - x -y z-") == "ü ##AT##-##AT## ß - x -y z-");
}

TEST_CASE("published values of sacreBLEU") {
  const Bleu bleu;
  const BleuStatistics statistics = bleu.statistics(dogs, {dogs_a, dogs_b});
  const BleuScore score = bleu.score(statistics);
  CHECK(near(score.score, 48.530827009929865));
  CHECK(statistics.correct == std::vector<int64_t>{14, 7, 5, 3});
  CHECK(statistics.total == std::vector<int64_t>{17, 14, 11, 8});
  CHECK(score.brevity_penalty == doctest::Approx(0.94287).epsilon(1e-5));
  CHECK(score.system_length == 17);
  CHECK(score.reference_length == 18);
  CHECK(near(corpus({}, dogs, {dogs_a}), 45.06750632106114));
  CHECK(near(corpus({.tokenizer = BleuTokenizer::none}, dogs, {dogs_a, dogs_b}), 49.19195660047277));
  CHECK(near(corpus({.tokenizer = BleuTokenizer::intl}, dogs, {dogs_a, dogs_b}), 43.91623493336995));
  const double by_order[] = {77.64837655275439,  60.50312757020198, 53.93393139430307,
                             48.530827009929865, 46.14416643541557, 43.283197812670714};
  for (int n = 1; n <= 6; ++n) CHECK(near(corpus({.max_order = n}, dogs, {dogs_a, dogs_b}), by_order[n - 1]));
  CHECK(near(corpus({.smoothing = BleuSmoothing::floor, .smoothing_value = 0.01}, {"this is a fest"},
                    {{"this is a test"}}),
             22.360679774997894));
  CHECK(corpus({}, {"", ""}, {{"a b", "c"}}) == 0);
  CHECK(corpus({}, {"x y"}, {{"a b"}}) == 0);

  // The first segment without its first reference.
  BleuStatistics varying;
  varying.merge(bleu.statistics(dogs[0], {dogs_b[0]}));
  for (size_t i = 1; i < 3; ++i) varying.merge(bleu.statistics(dogs[i], {dogs_a[i], dogs_b[i]}));
  CHECK(near(bleu.score(varying).score, 29.443657650964873));
  CHECK(bleu.signature(varying).starts_with("nrefs:var|"));
}

TEST_CASE("every option agrees with sacreBLEU") {
  using enum BleuSmoothing;
  CHECK(near(corpus({}, ours, {ours_reference}), 48.88517768195402));
  CHECK(near(corpus({.tokenizer = BleuTokenizer::intl}, ours, {ours_reference}), 49.46469647813587));
  CHECK(near(corpus({.tokenizer = BleuTokenizer::character}, ours, {ours_reference}), 74.80097671818422));
  CHECK(near(corpus({.tokenizer = BleuTokenizer::none}, ours, {ours_reference}), 23.119742295813964));
  CHECK(near(corpus({.smoothing = floor, .lowercase = true}, ours, {ours_reference}), 48.88517768195402));
  CHECK(near(
      corpus({.tokenizer = BleuTokenizer::none, .smoothing = add_k, .smoothing_value = 2, .max_order = 6},
             ours, {ours_reference}),
      23.60218583934705));
  CHECK(near(Bleu().sentence(ours[0], {ours_reference[0]}).score, 57.30574043798692));
  CHECK(near(Bleu().sentence(ours[1], {ours_reference[1]}).score, 38.827267775222325));
  CHECK(near(Bleu().sentence("a b", {"a b c"}).score, 60.653065971263366));

  BleuStatistics s;
  s.correct = {4, 2, 1, 0};
  s.total = {6, 5, 4, 3};
  s.system_length = s.reference_length = 6;
  s.segments = s.fewest_references = s.most_references = 1;
  CHECK(Bleu({.smoothing = none}).score(s).score == 0);
  CHECK(near(Bleu({.smoothing = floor}).score(s).score, 21.71185208108769));
  CHECK(near(Bleu({.smoothing = add_k}).score(s).score, 42.7287006396234));
  CHECK(near(Bleu({.smoothing = BleuSmoothing::exp}).score(s).score, 32.46679154750991));
}

TEST_CASE("lines and signatures are those of the programs") {
  const Bleu bleu;
  const BleuStatistics s = bleu.statistics(ours, {ours_reference});
  const std::string version = "mosaic-" MOSAIC_VERSION;
  CHECK(bleu.line(bleu.score(s), s) ==
        "BLEU|nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:" + version +
            " = 48.9 76.9/58.3/42.4/30.0 (BP = 1.000 ratio = 1.026 hyp_len = 39 ref_len = 38)");
  CHECK(bleu.signature(s, true) == "#:1|c:mixed|e:no|tok:13a|s:exp|v:" + version);
  CHECK(Bleu({.smoothing = BleuSmoothing::floor, .lowercase = true, .effective_order = true}).signature(s) ==
        "nrefs:1|case:lc|eff:yes|tok:13a|smooth:floor[0.10]|version:" + version);

  const Bleu multi({.style = BleuStyle::multi_bleu}), fairseq({.style = BleuStyle::fairseq});
  const auto m = multi.statistics(ours, {ours_reference});
  CHECK(multi.line(multi.score(m), m) ==
        "BLEU = 23.12, 67.9/44.0/18.2/5.3 (BP=1.000, ratio=1.037, hyp_len=28, ref_len=27)");
  CHECK(fairseq.line(fairseq.score(m), m) ==
        "BLEU4 = 23.12, 67.9/44.0/18.2/5.3 (BP=1.000, ratio=1.037, syslen=28, reflen=27)");
  const auto none = multi.statistics(Texts{"a"}, {{""}});
  CHECK(multi.line(multi.score(none), none) == "BLEU = 0, 0/0/0/0 (BP=0, ratio=0, hyp_len=0, ref_len=0)");
  // No smoothing: an order without a match makes the score 0. ASCII lower case only.
  CHECK(multi.corpus({"a b c x"}, {{"a b c d"}}).score == 0);
  CHECK(Bleu({.style = BleuStyle::multi_bleu, .lowercase = true}).statistics("A Ä", {"a ä"}).correct[0] == 1);
  CHECK(fairseq.statistics("a <unk>", {"a <unk>"}).correct[0] == 1);
  CHECK(bleu_smoothing("add-k") == BleuSmoothing::add_k);
}

TEST_CASE("statistics add up in any grouping and for any number of threads") {
  Generator random(4);
  Texts hypotheses, references;
  for (int i = 0; i < 500; ++i) {
    std::string a, b;
    for (uint64_t n = random.below(20); n > 0; --n) a += cat("w", random.below(9), " ");
    for (uint64_t n = random.below(20); n > 0; --n) b += cat("w", random.below(9), " ");
    hypotheses.push_back(a);
    references.push_back(b);
  }
  const Bleu bleu;
  BleuStatistics sum;
  for (size_t i = 500; i-- > 0;) sum.merge(bleu.statistics(hypotheses[i], {references[i]}));
  const int before = threads();
  for (const int team : {1, 3}) {
    set_threads(team);
    const BleuStatistics whole = bleu.statistics(hypotheses, {references});
    CHECK(whole.correct == sum.correct);
    CHECK(whole.total == sum.total);
    CHECK(whole.reference_length == sum.reference_length);
    CHECK(whole.segments == 500);
  }
  set_threads(before);
}

TEST_CASE("what cannot be scored is refused") {
  CHECK(contains(message_of<ArgumentError>([] {
                   corpus({}, {"a", "b"}, {{"a"}});
                 }),
                 "reference 1 has 1 lines, but there are 2"));
  CHECK(contains(message_of<ArgumentError>([] { corpus({}, {"a"}, {}); }), "no reference"));
  CHECK(contains(message_of<ArgumentError>([] { corpus({}, {}, {{}}); }), "hypotheses are empty"));
  CHECK_THROWS_AS(Bleu({.smoothing = BleuSmoothing::floor, .smoothing_value = -1}), ArgumentError);
  CHECK_THROWS_AS(Bleu({.smoothing = BleuSmoothing::exp, .smoothing_value = 1}), ArgumentError);
  CHECK_THROWS_AS(Bleu({.max_order = 0}), ArgumentError);
  CHECK_THROWS_AS(bleu_smoothing("laplace"), ArgumentError);
  CHECK_THROWS_AS(Bleu().statistics("a", {}), ArgumentError);
}
