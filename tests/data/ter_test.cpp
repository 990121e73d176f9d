#include "data/metrics/ter.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "data/metrics/edit_distance.h"
#include "data/text/lines.h"
#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/core/random.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::data;
using namespace mosaic::test;
namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

namespace {

struct Golden {
  const char* flags;  // n: normalized, p: no punctuation, a: Asian support, c: case-sensitive
  std::string hypothesis;
  Texts references;
  double edits, length;
};

TerOptions options_of(const std::string& flags) {
  const auto has = [&](char flag) { return flags.find(flag) != flags.npos; };
  return {.normalized = has('n'),
          .no_punctuation = has('p'),
          .asian_support = has('a'),
          .case_sensitive = has('c')};
}

std::string times(const std::string& text, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += text;
  return out;
}

const std::string numbers = "one two three four five six seven eight nine ten eleven";
const std::string more = "twelve thirteen fourteen fifteen";

// sacreBLEU 2.6.0's edits and mean lengths of pairs of our own.
const std::vector<Golden> goldens{
    {"", "the cat sat on the mat", {"on the mat the cat sat"}, 1, 6},
    {"", "a a a b b b", {"b b b a a a"}, 1, 6},
    {"", "a b a b a b c", {"c a b a b a b"}, 1, 7},
    {"", "to be or not to be", {"not to be or to be"}, 1, 6},
    {"", "d e f g h a b c", {"a b c d e f g h"}, 1, 8},
    {"", "x y z", {"a b c", "x b z", "z y x"}, 1, 3},
    {"", "a b c d e f", {"d e f a b c", "f e d c b a"}, 1, 6},
    {"", "w1 w2 w3 w1 w2 w4 w1 w3 w2", {"w3 w2 w1 w4 w2 w1 w3 w2 w1", "w2 w1 w3 w9"}, 3, 6.5},
    {"",
     "a b c d e f g h i j k l m n o p",
     {"p o a b c d g h e f i k j l m n", "a b d c f e h g j i l k n m p o",
      "m n o p i j k l e f g h a b c d"},
     4,
     16},
    // Empty sides.
    {"", "", {""}, 0, 0},
    {"", "", {"a b", ""}, 0, 1},
    {"", "a b", {"", ""}, 2, 0},
    {"", "a b c", {"", "a b c d"}, 1, 2},
    {"", "", {"a b c"}, 3, 3},
    {"", " \t \u3000", {"x"}, 1, 1},
    // Blocks longer than 10 words, moves farther than 50 positions, 1000 trials, a wide band.
    {"", more + " " + numbers, {numbers + " " + more}, 1, 15},
    {"",
     "eleven " + more + " one two three four five six seven eight nine ten",
     {numbers + " " + more},
     1,
     15},
    {"",
     "fifteen fourteen thirteen twelve eleven ten nine eight seven six five four three two one",
     {numbers + " " + more},
     14,
     15},
    {"", "z " + times("q ", 70) + "end", {times("q ", 70) + "end z"}, 2, 72},
    {"", "start " + times("q ", 30) + "stop", {"stop " + times("q ", 30) + "start"}, 2, 32},
    {"", times("a b ", 30), {times("b a ", 30)}, 2, 60},
    {"", times("a b c d ", 12), {times("d c b a ", 12)}, 25, 48},
    {"", "one", {times("one two three ", 40)}, 119, 120},
    {"", times("one two three ", 40), {"two one"}, 118, 2},
    {"", "lone word here", {times("w ", 70) + "here lone " + times("v ", 60)}, 132, 132},
    // Options.
    {"", "The Dog Bit The Man", {"the dog bit the man"}, 0, 5},
    {"c", "The Dog Bit The Man", {"the dog bit the man"}, 5, 5},
    {"", "İstanbul ΟΔΟΣ STRASSE", {"i\u0307stanbul οδος straße"}, 1, 3},
    {"", "Hello, world! (twice)", {"world, hello! twice"}, 3, 3},
    {"n", "Hello, world! (twice)", {"world, hello! twice"}, 4, 5},
    {"p", "Hello, world! (twice)", {"world, hello! twice"}, 1, 3},
    {"np", "Hello, world! (twice)", {"world, hello! twice"}, 1, 3},
    {"npc", "Hello, world! (twice)", {"world, hello! twice"}, 2, 3},
    {"n", "It's Anna's 1,000.5-page \"book\".", {"the 1,000.5 - page \" book \" of Anna . it 's"}, 4, 12},
    {"n", "&quot;a&amp;lt;b&gt; R&amp;D 50%", {"\" a < b > r & d 50 %"}, 0, 10},
    {"n", "pre-\n-fix 7-9, x.5 5.x .", {"prefix pre- fix 7 - 9 , x . 5 5 . x ."}, 3, 14},
    // sacreBLEU normalises references twice.
    {"n", "Ann's, Bob's.", {"Ann's, Bob's."}, 4, 6},
    {"n", "Ann's\u00A0 cat", {"Ann's\u00A0 cat"}, 2, 3},
    {"", "中文分词，很难。", {"很难，中文分词。"}, 1, 1},
    {"a", "中文分词，很难。", {"很难，中文分词。"}, 1, 1},
    {"na", "中文分词，很难。", {"很难，中文分词。"}, 2, 8},
    {"pa", "中文 分词， 很难。", {"中文 分词 很难"}, 0, 3},
    {"npa", "「中文」分词，很难？", {"很难，中文分词。"}, 1, 6},
    {"na", "ひらがなカタカナ・漢字 ㇀㈀豈", {"ひらがな カタカナ ・ 漢 字 ㇀ ㈀ 豈"}, 2, 8},
    {"", "a\u00A0b\u2028c\u0085d e\u200Bf", {"e\u200Bf d c b a"}, 4, 5},
};

std::vector<uint32_t> random_words(Generator& random, uint64_t longest, uint64_t vocabulary) {
  std::vector<uint32_t> out(random.below(longest + 1));
  for (uint32_t& word : out) word = static_cast<uint32_t>(random.below(vocabulary));
  return out;
}

double corpus(const TerOptions& options, const Texts& hypotheses, const std::vector<Texts>& references) {
  SegmentCounts counts;
  const Ter ter(options);
  count_segments(ter, hypotheses, references, counts);
  return ter.score_of(counts.sums().data());
}

Texts scored(const fs::path& path) {
  return read_lines(path, {.keep_byte_order_mark = true});
}

fs::path published(const char* name) {
  const char* root = std::getenv("MOSAIC_DATA");
  if (root && fs::exists(fs::path(root) / name)) return fs::path(root) / name;
  std::cout << "skipped: MOSAIC_DATA has no " << name << "\n";
  return {};
}

}  // namespace

TEST_CASE("edits and lengths are sacreBLEU's") {
  for (const Golden& golden : goldens) {
    CAPTURE(golden.hypothesis);
    CAPTURE(golden.flags);
    double counts[2];
    Ter(options_of(golden.flags)).count(golden.hypothesis, golden.references, counts);
    CHECK(counts[0] == golden.edits);
    CHECK(counts[1] == golden.length);
  }
}

TEST_CASE("scores of sums: published values, empty sides, single precision") {
  CHECK(corpus({}, {"a b c d e f g h i j k"}, {{"a b c d e f g h i j k"}}) == 0);
  CHECK(corpus({}, {"a b c d e f g h i j k", "a b"}, {{"l m n o p", "c d"}}) == 100.0 * 13 / 7);
  CHECK(corpus({}, {"a"}, {{"b"}}) == 100);
  CHECK(corpus({}, {""}, {{"a"}}) == 100);
  CHECK(corpus({}, {"a"}, {{""}}) == 100);
  CHECK(corpus({}, {""}, {{""}}) == 0);
  CHECK(corpus({}, {"d e f g h a b c"}, {{"a b c d e f g h"}}) == 12.5);

  const Ter ter;
  const float sums[] = {41731.0F, 56789.3333F}, nothing[] = {2, 0};
  CHECK(ter.score_of(sums) == 73.48387145996094);
  CHECK(ter.score_of(nothing) == 100);
  CHECK(ter.scores_in_single_precision());
  CHECK_THROWS_AS(corpus({}, {"a"}, {}), ArgumentError);
  double counts[2];
  CHECK_THROWS_AS(ter.count("a", {}, counts), ArgumentError);
}

TEST_CASE("signatures name every option") {
  const std::string version = "mosaic-" MOSAIC_VERSION;
  CHECK(signature(Ter(), 1, 1) == "nrefs:1|case:lc|tok:tercom|norm:no|punct:yes|asian:no|version:" + version);
  const Ter all(options_of("npac"));
  CHECK(signature(all, 1, 2, {}, true) == "#:var|c:mixed|t:tercom|nr:yes|pn:no|as:yes|v:" + version);
  CHECK(all.name() == "TER");
}

TEST_CASE("a changed hypothesis has the distance that it has afresh") {
  Generator random(11);
  BandedEditDistance changing, fresh;
  Alignment alignment;
  for (int round = 0; round < 300; ++round) {
    const uint64_t longest = round % 10 == 0 ? 150 : 14, vocabulary = 1 + random.below(6);
    std::vector<uint32_t> ours = random_words(random, longest, vocabulary);
    std::vector<uint32_t> theirs = random_words(random, longest, vocabulary);
    if (theirs.empty()) theirs = {0};
    changing.start(ours, theirs);
    for (int change = 0; change < 4 && !ours.empty(); ++change) {
      std::vector<uint32_t> words = random_words(random, ours.size(), vocabulary);
      const size_t begin = random.below(ours.size() - words.size() + 1);
      std::copy(words.begin(), words.end(), ours.begin() + static_cast<std::ptrdiff_t>(begin));
      fresh.start(ours, theirs);
      const int32_t expected = fresh.distance();
      CHECK(changing.distance_with(begin, words, expected) == expected);
      CHECK(changing.distance_with(begin, words, expected - 1) >= expected);
      changing.replace(begin, words);
      CHECK(changing.distance() == expected);
    }
    changing.align(alignment);
    int32_t wrong = 0, wrong_reference = 0, before = -1;
    for (size_t r = 0; r < theirs.size(); ++r) {
      const int32_t h = alignment.position[r];
      CHECK(h >= before);
      before = h;
      wrong_reference += alignment.reference_wrong[r];
      if (!alignment.reference_wrong[r]) CHECK(ours[static_cast<size_t>(h)] == theirs[r]);
    }
    for (const uint8_t w : alignment.hypothesis_wrong) wrong += w;
    // Right words come in pairs; an edit makes one word wrong or, as a substitution, two.
    CHECK(ours.size() - static_cast<size_t>(wrong) == theirs.size() - static_cast<size_t>(wrong_reference));
    CHECK(changing.distance() >= std::max(wrong, wrong_reference));
    CHECK(changing.distance() <= wrong + wrong_reference);
  }
}

TEST_CASE("properties: x against x, order of segments, threads, more references, no more edits than words") {
  Generator random(5);
  Texts hypotheses, first, second;
  const auto text = [&] {
    std::string out;
    for (uint64_t n = random.below(18); n > 0; --n) out += cat("w", random.below(12), " ");
    return out;
  };
  for (int i = 0; i < 300; ++i) {
    hypotheses.push_back(text());
    first.push_back(text());
    second.push_back(text());
  }
  CHECK(corpus({}, hypotheses, {hypotheses}) == 0);

  const Ter ter;
  const auto counted = [&](const std::vector<Texts>& references) {
    SegmentCounts counts;
    count_segments(ter, hypotheses, references, counts);
    return counts.values;
  };
  const int before = threads();
  set_threads(1);
  const std::vector<double> both = counted({first, second});
  set_threads(2);
  CHECK(counted({first, second}) == both);
  set_threads(before);
  const std::vector<double> one = counted({first});
  for (size_t i = 0; i < hypotheses.size(); ++i) {
    CHECK(both[2 * i] <= one[2 * i]);
    CHECK(one[2 * i] <= std::max(one[2 * i + 1], static_cast<double>(hypotheses[i].size()) / 3));
  }

  const double score = corpus({}, hypotheses, {first});
  for (Texts* side : {&hypotheses, &first}) {
    Generator same(3);
    for (size_t i = side->size() - 1; i > 0; --i) std::swap((*side)[i], (*side)[same.below(i + 1)]);
  }
  CHECK(corpus({}, hypotheses, {first}) == score);
}

TEST_CASE("lines of many thousand words are counted in linear time") {
  const std::string line = times("a b c ", 7000), other = times("c a d ", 7000);
  double counts[2];
  Ter().count(line, {other}, counts);
  CHECK(counts[1] == 21000);
  CHECK(counts[0] <= 21000);
  Ter().count("x", {line}, counts);
  CHECK(counts[0] == 21000);
  Ter().count(line, {"x"}, counts);
  CHECK(counts[0] == 21000);
}

TEST_CASE("published outputs have the rates that sacreBLEU gives") {
  const fs::path set1 = published("bleu/multeval-set1"), wmt = published("bleu/wmt17-en-de");
  if (set1.empty() || wmt.empty()) return;
  struct Published {
    fs::path system;
    std::vector<fs::path> references;
    const char* flags;
    double score, edits, length;
  };
  const fs::path r0 = set1 / "set1.ref0.gz", r1 = set1 / "set1.ref1.gz", r2 = set1 / "set1.ref2.gz",
                 r3 = set1 / "set1.ref3.gz", german = wmt / "reference.de.gz";
  const std::vector<Published> all{
      {set1 / "set1.out.0.gz", {r0, r1, r2, r3}, "", 58.869991563451407, 24074, 40893.5},
      {set1 / "set1.out.2.gz", {r0, r1, r2}, "pc", 62.692676451065701, 22668, 36157.33333333334},
      {wmt / "newstest2017.FBK.4870.en-de.gz", {german}, "", 63.623114341415402, 33614, 52833},
      {wmt / "newstest2017.SYSTRAN.4847.en-de.gz", {german}, "n", 53.486020031972856, 32788, 61302}};
  for (const Published& one : all) {
    CAPTURE(one.system);
    std::vector<Texts> references;
    for (const fs::path& path : one.references) references.push_back(scored(path));
    SegmentCounts counts;
    const Ter ter(options_of(one.flags));
    count_segments(ter, scored(one.system), references, counts);
    CHECK(counts.sums()[0] == one.edits);
    CHECK(counts.sums()[1] == one.length);
    CHECK(ter.score_of(counts.sums().data()) == one.score);
  }
}
