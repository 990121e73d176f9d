// chrF's published vectors, the random stream, tests of significance on small cases, printed forms, files.
#include <doctest/doctest.h>
#include <zlib.h>

#include <cmath>

#include "data/metrics/bleu.h"
#include "data/metrics/chrf.h"
#include "data/metrics/files.h"
#include "data/metrics/numpy_random.h"
#include "data/metrics/report.h"
#include "data/metrics/ter.h"
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

double corpus(const Metric& metric, const Texts& hypotheses, const std::vector<Texts>& references,
              bool empty_is_missing = false) {
  SegmentCounts counts;
  count_segments(metric, hypotheses, references, counts, empty_is_missing);
  return metric.score_of(counts.sums().data());
}

bool near(double a, double b) {
  return std::abs(a - b) <= 1e-13 * std::max(1.0, std::abs(b));
}

std::vector<std::unique_ptr<Metric>> every_metric() {
  std::vector<std::unique_ptr<Metric>> out;
  out.push_back(std::make_unique<Bleu>());
  out.push_back(std::make_unique<Chrf>(ChrfOptions{.word_order = 2}));
  out.push_back(std::make_unique<Ter>());
  return out;
}

// Sentences over a small vocabulary, so that n-grams repeat.
Texts sentences(uint64_t seed, size_t n) {
  const Texts words{"a", "b", "house", "Haus", "tree", ",", "und", "the", "ÄÖ", "sees."};
  Generator random(seed);
  Texts out;
  for (size_t i = 0; i < n; ++i) {
    std::string line;
    for (uint64_t left = 1 + random.below(12); left > 0; --left)
      line += cat(line.empty() ? "" : " ", words[random.below(words.size())]);
    out.push_back(line);
  }
  return out;
}

template <class T>
std::vector<T> drawn(NumpyRandom& random, size_t n, T below) {
  std::vector<T> out;
  for (size_t i = 0; i < n; ++i) out.push_back(random.below(below));
  return out;
}

}  // namespace

TEST_CASE("chrF's vectors") {
  const Chrf eps({.beta = 3, .eps_smoothing = true}), effective({.beta = 3});
  CHECK(near(corpus(eps, {"aa"}, {{"ab"}}), 8.333333333333343));
  CHECK(near(corpus(eps, {"a b c"}, {{"abc"}}), 50));
  CHECK(near(corpus(eps, {"a"}, {{"a"}}), 16.666666666666668));
  CHECK(near(corpus(effective, {"aa"}, {{"ab"}}), 25));
  CHECK(near(corpus(effective, {"a b c"}, {{"abc"}}), 100));
  CHECK(near(corpus(effective, {"a"}, {{"a"}}), 100));
  CHECK(near(corpus(Chrf(), dogs, {dogs_a, dogs_b}), 59.72751782684763));
  CHECK(near(corpus(Chrf({.word_order = 2}), dogs, {dogs_a, dogs_b}), 59.15310444399262));
  CHECK(corpus(Chrf(), {"", ""}, {{"a b", "c"}}) == 0);
  CHECK(corpus(Bleu(), {"", ""}, {{"a b", "c"}}) == 0);
  CHECK(Chrf({.word_order = 2, .beta = 3}).name() == "chrF3++");
  CHECK_THROWS_AS(Chrf({.char_order = 0}), ArgumentError);
  CHECK_THROWS_AS(Chrf({.word_order = -1}), ArgumentError);
  CHECK_THROWS_AS(Chrf({.beta = 0}), ArgumentError);
}

TEST_CASE("an empty line can stand for a missing reference") {
  const Texts gap{dogs_b[0], "", dogs_b[2]}, gap_a{"", dogs_a[1], dogs_a[2]};
  CHECK(near(corpus(Bleu(), dogs, {dogs_a, gap}, true), 48.530827009929865));
  CHECK(near(corpus(Chrf(), dogs, {dogs_a, gap}, true), 55.80159128024612));
  CHECK(near(corpus(Bleu(), dogs, {gap_a, dogs_b}, true), 29.443657650964873));
  SegmentCounts counts;
  count_segments(Bleu(), dogs, {dogs_a, gap}, counts, true);
  CHECK(counts.fewest_references == 1);
  CHECK(counts.most_references == 2);
  CHECK(signature(Bleu(), 1, 2).starts_with("nrefs:var|case:mixed|"));
  CHECK(contains(message_of<ArgumentError>([&] {
                   corpus(Bleu(), {"a", "b"}, {{"a", ""}}, true);
                 }),
                 "segment 2 has no reference"));
}

TEST_CASE("the random stream is NumPy's") {
  NumpyRandom standard(12345);
  CHECK(drawn<uint32_t>(standard, 8, 1000) == std::vector<uint32_t>{699, 227, 788, 316, 204, 797, 642, 676});
  std::string bits;
  for (int i = 0; i < 40; ++i) bits += standard.bit() ? '1' : '0';
  CHECK(bits == "1011000011011110110100001011111100010110");
  standard.forget_bits();
  CHECK(drawn<uint32_t>(standard, 5, 7) == std::vector<uint32_t>{5, 2, 3, 4, 1});
  NumpyRandom zero(0), wide((uint64_t{1} << 40) + 3), large(7);
  CHECK(drawn<uint32_t>(zero, 8, 1000) == std::vector<uint32_t>{850, 636, 511, 269, 307, 40, 75, 16});
  CHECK(drawn<uint32_t>(wide, 8, 1000) == std::vector<uint32_t>{733, 773, 444, 995, 380, 473, 336, 64});
  // Three in ten draws of this range are rejected.
  CHECK(drawn<uint32_t>(large, 4, 3000000000) ==
        std::vector<uint32_t>{2834714867, 2052539810, 2691641402, 1734877356});
  CHECK(resampling_seed("NONE").text() == "none");
  CHECK(resampling_seed("0").value == 0);
  for (const char* wrong : {"", "-1", "1.5", "seed", "99999999999999999999"})
    CHECK_THROWS_AS(resampling_seed(wrong), ArgumentError);
}

TEST_CASE("tests of significance: threads change nothing, equal systems do not differ") {
  const Texts reference = sentences(1, 120), other = sentences(2, 120);
  Texts half = reference;
  for (size_t i = 0; i < half.size(); i += 2) half[i] = other[i];
  for (const auto& metric : every_metric()) {
    const auto run = [&](int threads, PairedTest::Kind kind) {
      const int before = mosaic::threads();
      set_threads(threads);
      std::vector<SegmentCounts> systems(3);
      count_segments(*metric, other, {reference}, systems[0]);
      count_segments(*metric, half, {reference}, systems[1]);
      count_segments(*metric, other, {reference}, systems[2]);
      const auto results =
          paired_test(*metric, systems, {.kind = kind, .samples = 300, .interval_samples = 20});
      set_threads(before);
      return results;
    };
    for (const auto kind : {PairedTest::Kind::bootstrap, PairedTest::Kind::randomization}) {
      const auto one = run(1, kind), two = run(2, kind);
      for (size_t s = 0; s < one.size(); ++s) {
        CHECK(one[s].p_value == two[s].p_value);
        CHECK(one[s].interval->mean == two[s].interval->mean);
        CHECK(one[s].interval->half_width == two[s].interval->half_width);
      }
      CHECK(*one[1].p_value == 1.0 / 301);  // no resample comes near
      CHECK(one[1].interval->half_width > 0);
      // No difference of 0 exceeds a difference of 0.
      CHECK(*one[2].p_value == 1.0 / 301);
    }
  }
  const SegmentCounts none{.width = Bleu().width(), .values = {}};
  CHECK_THROWS_AS(bootstrap_interval(Bleu(), none, 10, 1), ArgumentError);
  CHECK_THROWS_AS(paired_test(Bleu(), {none}, {}), ArgumentError);
}

TEST_CASE("properties of every metric") {
  const Texts reference = sentences(3, 60), hypothesis = sentences(4, 60), more = sentences(5, 60);
  for (const auto& metric : every_metric()) {
    CAPTURE(metric->name());
    const double perfect = corpus(*metric, reference, {reference});
    CHECK(perfect == doctest::Approx(metric->name() == "TER" ? 0 : 100).epsilon(1e-12));
    // Any order of the segments, any split into blocks.
    Texts shuffled_h(hypothesis.rbegin(), hypothesis.rend()),
        shuffled_r(reference.rbegin(), reference.rend());
    CHECK(corpus(*metric, shuffled_h, {shuffled_r}) == corpus(*metric, hypothesis, {reference}));
    SegmentCounts blocks, whole;
    count_segments(*metric, Texts(hypothesis.begin(), hypothesis.begin() + 7),
                   {Texts(reference.begin(), reference.begin() + 7)}, blocks);
    count_segments(*metric, Texts(hypothesis.begin() + 7, hypothesis.end()),
                   {Texts(reference.begin() + 7, reference.end())}, blocks);
    count_segments(*metric, hypothesis, {reference}, whole);
    CHECK(blocks.values == whole.values);
  }
  // More references never lower BLEU's matches.
  const Bleu bleu;
  SegmentCounts one, two;
  count_segments(bleu, hypothesis, {reference}, one);
  count_segments(bleu, hypothesis, {reference, more}, two);
  for (int64_t i = 0; i < one.segments(); ++i) {
    for (size_t n = 2; n < 6; ++n) CHECK(two.row(i)[n] >= one.row(i)[n]);
  }
}

TEST_CASE("lines, JSON and tables are sacreBLEU's") {
  const MetricScore bleu{.name = "BLEU",
                         .score = 65.43977502453104,
                         .interval = Interval{65.56970955781183, 7.3343320710946855},
                         .signature = "nrefs:1|case:mixed|version:x",
                         .verbose = "89.5/71.9"};
  CHECK(score_number(bleu) == "65.4 (μ = 65.6 ± 7.3)");
  CHECK(score_line(bleu, 3) == "BLEU|nrefs:1|case:mixed|version:x = 65.440 (μ = 65.570 ± 7.334) 89.5/71.9");
  CHECK(describe(bleu, 1).dump(1) ==
        "{\n \"name\": \"BLEU\",\n \"score\": 65.4,\n \"signature\": \"nrefs:1|case:mixed|version:x\",\n"
        " \"confidence_mean\": 65.6,\n \"confidence_var\": 7.3,\n \"confidence\": \"μ = 65.6 ± 7.3\",\n"
        " \"verbose_score\": \"89.5/71.9\",\n \"nrefs\": \"1\",\n \"case\": \"mixed\",\n \"version\": "
        "\"x\"\n}");
  CHECK(describe(bleu)["score"] == 65.43977502453104);
  CHECK(aligned_lines({"BLEU|a:b = 1", "TER|a = 2"}) == "BLEU|a:b = 1\n   TER|a = 2\n");

  ScoreTable table{.systems = {"system.a.txt", "system_b.txt"},
                   .metrics = {"BLEU", "chrF2"},
                   .signatures = {"s1", "s2"},
                   .results = {{{.score = 72.1}, {.score = 41.3}}, {{.score = 85.04}, {.score = 61.7}}}};
  CHECK(render(table, TableFormat::text) ==
        "╒══════════════╤════════╤═════════╕\n"
        "│       System │  BLEU  │  chrF2  │\n"
        "╞══════════════╪════════╪═════════╡\n"
        "│ system.a.txt │  72.1  │  85.0   │\n"
        "├──────────────┼────────┼─────────┤\n"
        "│ system_b.txt │  41.3  │  61.7   │\n"
        "╘══════════════╧════════╧═════════╛\n"
        "\n-----------------\nMetric signatures\n-----------------\n"
        " - BLEU       s1\n - chrF2      s2\n");
  CHECK(render(table, TableFormat::latex)
            .starts_with("\\begin{tabular}{rcc}\n\\toprule\n"
                         "        System &  BLEU  &  chrF2  \\\\\n\\midrule\n"
                         "  system.a.txt &  72.1  &  85.0   \\\\\n"
                         " system\\_b.txt &  41.3  &  61.7   \\\\\n\\bottomrule\n\\end{tabular}\n"));
  CHECK(
      describe(table, 1).dump() ==
      R"([{"system":"system.a.txt","BLEU":"72.1","chrF2":"85.0"},{"system":"system_b.txt","BLEU":"41.3","chrF2":"61.7"}])");

  table.test = PairedTest{.samples = 100};
  table.results[0][0].interval = Interval{65.57, 7.33};
  table.results[0][1] = {.score = 38.44, .p_value = 0.0099, .interval = Interval{38.74, 11.4}};
  table.results[1][1].p_value = 0.25;
  const std::string text = render(table, TableFormat::text);
  CHECK(contains(text,
                 "│           system_b.txt │ 38.4 (38.7 ± 11.4)  │     61.7     │\n"
                 "│                        │    (p = 0.0099)*    │ (p = 0.2500) │\n"));
  CHECK(contains(render(table, TableFormat::text, 1, true), "\033[31m(p = 0.2500)\033[0m"));
  CHECK(describe(table)[1]["BLEU"].dump() == R"({"score":38.44,"p_value":0.0099,"mean":38.74,"ci":11.4})");
  CHECK(describe(table)[0]["chrF2"]["mean"].is_null());
}

TEST_CASE("files are scored in one pass, in blocks, plain or gzip") {
  const TemporaryFolder folder;
  const Texts reference = sentences(6, 9000), hypothesis = sentences(7, 9000);
  std::string reference_text, hypothesis_text, both;
  for (size_t i = 0; i < reference.size(); ++i) {
    reference_text += reference[i] + " \n";
    hypothesis_text += hypothesis[i] + "\r\n";
    both += cat(reference[i], "\t", reference[reference.size() - 1 - i], "\n");
  }
  const auto h = folder.file("h", hypothesis_text), r = folder.file("r", reference_text),
             b = folder.file("b", both);
  const std::string packed = (folder / "r.gz").string();
  gzFile out = gzopen(packed.c_str(), "wb");
  gzwrite(out, reference_text.data(), static_cast<unsigned>(reference_text.size()));
  gzclose(out);

  const Bleu bleu;
  const Chrf chrf;
  SegmentCounts whole, two_references;
  count_segments(bleu, hypothesis, {reference}, whole);
  count_segments(chrf, hypothesis, {reference, Texts(reference.rbegin(), reference.rend())}, two_references);
  const auto scored = count_files({&bleu}, {.hypotheses = {h, r}, .references = {packed}});
  REQUIRE(scored.size() == 2);
  CHECK(scored[0].counts[0].values == whole.values);
  CHECK(bleu.score_of(scored[1].counts[0].sums().data()) == doctest::Approx(100));
  CHECK(count_files({&chrf}, {.hypotheses = {h}, .references = {b}, .references_a_line = 2})[0]
            .counts[0]
            .values == two_references.values);

  const auto refused = [&](const ScoreFiles& files) {
    return message_of<Error>([&] { count_files({&bleu}, files); });
  };
  const auto few = folder.file("few", "a\nb\n"), none = folder.file("none", ""),
             bad = folder.file("bad", "a\n\xff\n");
  CHECK(contains(refused({.hypotheses = {few}, .references = {r}}), "few] has 2 lines, but "));
  CHECK(contains(refused({.hypotheses = {few}, .references = {r}}), "/r has 9000"));
  CHECK(contains(refused({.hypotheses = {none}, .references = {r}}), "none] is empty"));
  CHECK(contains(refused({.hypotheses = {bad}, .references = {few}}), "bad:2"));
  CHECK(contains(refused({.hypotheses = {few}, .references = {few}, .references_a_line = 2}),
                 "few:1] expected 2 references separated by tabs, found 1"));
  CHECK(contains(refused({.hypotheses = {"-"}, .references = {"-"}}), "only one"));
  CHECK(contains(refused({.hypotheses = {}, .references = {few}}), "no hypothesis"));
  CHECK(contains(refused({.hypotheses = {few}, .references = {}}), "no reference"));
  const auto marks = folder.file("marks", "a b .\na b.\na . \n.\n");
  CHECK(count_files({&bleu}, {.hypotheses = {marks}, .references = {marks}})[0].tokenized_lines == 2);
}
