// tests/golden/translations/expected.json: what sacreBLEU says of the texts beside it (made by
// tests/peers/score_golden.py).
#include <doctest/doctest.h>

#include <cmath>

#include "data/metrics/bleu.h"
#include "data/metrics/chrf.h"
#include "data/metrics/report.h"
#include "data/metrics/significance.h"
#include "data/metrics/ter.h"
#include "data/text/lines.h"
#include "engine/core/parallel.h"

using namespace mosaic;
using namespace mosaic::data;
using Texts = std::vector<std::string>;

namespace {

const std::string folder = MOSAIC_TESTS_FOLDER "/golden/translations/";

const json& expected() {
  static const json loaded = load_json(folder + "expected.json");
  return loaded;
}

Texts lines_of(const json& name) {
  return read_lines(folder + name.get<std::string>() + ".txt");
}

std::vector<Texts> references_of(const json& test) {
  std::vector<Texts> out;
  for (const json& name : test["references"]) out.push_back(lines_of(name));
  return out;
}

std::unique_ptr<Metric> metric_of(const json& test) {
  const json options = test.value("options", json::object());
  const auto on = [&](const char* name) { return options.value(name, false); };
  const std::string kind = test["metric"];
  if (kind == "ter")
    return std::make_unique<Ter>(TerOptions{.normalized = on("normalized"),
                                            .no_punctuation = on("no_punct"),
                                            .asian_support = on("asian_support"),
                                            .case_sensitive = on("case_sensitive")});
  if (kind == "chrf")
    return std::make_unique<Chrf>(ChrfOptions{.char_order = options.value("char_order", 6),
                                              .word_order = options.value("word_order", 0),
                                              .beta = options.value("beta", 2),
                                              .lowercase = on("lowercase"),
                                              .whitespace = on("whitespace"),
                                              .eps_smoothing = on("eps_smoothing")});
  BleuOptions bleu{.tokenizer = bleu_tokenizer(options.value("tokenize", "13a")),
                   .smoothing = bleu_smoothing(options.value("smooth_method", "exp")),
                   .lowercase = on("lowercase"),
                   .effective_order = on("effective_order"),
                   .max_order = options.value("max_ngram_order", 4)};
  if (options.contains("smooth_value") && options["smooth_value"].is_number())
    bleu.smoothing_value = options["smooth_value"].get<double>();
  return std::make_unique<Bleu>(bleu);
}

SegmentCounts counts_of(const Metric& metric, const json& system, const std::vector<Texts>& references) {
  SegmentCounts counts;
  count_segments(metric, lines_of(system), references, counts);
  return counts;
}

std::string without_version(const std::string& signature) {
  return signature.substr(0, signature.rfind('|'));
}

// Doubles equal but for the last bits, which may differ with the order of a sum or with libm.
bool equal(double a, double b) {
  return std::abs(a - b) <= 4e-15 * std::max(std::abs(a), std::abs(b));
}

}  // namespace

TEST_CASE("corpus and sentence scores are sacreBLEU's, under every option") {
  for (const json& test : expected()["scores"]) {
    const auto metric = metric_of(test);
    const std::vector<Texts> references = references_of(test);
    const SegmentCounts counts = counts_of(*metric, test["system"], references);
    const std::vector<double> sums = counts.sums();
    CAPTURE(test["signature"].get<std::string>());
    CAPTURE(test["system"].get<std::string>());
    CHECK(metric->name() == test["name"]);
    CHECK(equal(metric->score_of(sums.data()), test["score"]));
    const MetricScore printed{.name = metric->name(),
                              .score = metric->score_of(sums.data()),
                              .signature = "sig",
                              .verbose = metric->verbose_of(sums.data())};
    CHECK(score_line(printed, 2) == test["line"]);
    const auto named = [&](bool brief) {
      return without_version(signature(*metric, counts.fewest_references, counts.most_references, {}, brief));
    };
    CHECK(named(false) == test["signature"]);
    CHECK(named(true) == test["short"]);
    if (!test.contains("sentences")) continue;
    for (int64_t i = 0; i < counts.segments(); ++i)
      CHECK(equal(metric->score_of(counts.row(i)), test["sentences"][static_cast<size_t>(i)]));
  }
}

TEST_CASE("intervals and p-values are sacreBLEU's") {
  for (const json& test : expected()["tests"]) {
    const auto metric = metric_of(test);
    const std::vector<Texts> references = references_of(test);
    const ResamplingSeed seed = resampling_seed(test["seed"]);
    const int64_t samples = test["samples"];
    CAPTURE(test["signature"].get<std::string>());
    if (test["test"] == "interval") {
      const SegmentCounts counts = counts_of(*metric, test["system"], references);
      const Interval interval = bootstrap_interval(*metric, counts, samples, seed.value);
      CHECK(interval.mean == test["mean"].get<double>());
      CHECK(interval.half_width == test["half_width"].get<double>());
      CHECK(without_version(signature(*metric, counts.fewest_references, counts.most_references,
                                      interval_signature(samples, seed))) == test["signature"]);
      continue;
    }
    const PairedTest paired{
        .kind = test["test"] == "bs" ? PairedTest::Kind::bootstrap : PairedTest::Kind::randomization,
        .samples = samples,
        .interval_samples = test["interval_samples"],
        .seed = seed.value};
    std::vector<SegmentCounts> systems;
    for (const json& system : test["systems"]) systems.push_back(counts_of(*metric, system, references));
    const std::vector<PairedResult> results = paired_test(*metric, systems, paired);
    REQUIRE(results.size() == test["results"].size());
    CHECK(without_version(signature(*metric, systems[0].fewest_references, systems[0].most_references,
                                    paired_signature(paired, seed))) == test["signature"]);
    for (size_t s = 0; s < results.size(); ++s) {
      const json& result = test["results"][s];
      CHECK(equal(results[s].score, result["score"]));
      CHECK(results[s].p_value.has_value() == !result["p_value"].is_null());
      if (results[s].p_value) CHECK(*results[s].p_value == result["p_value"].get<double>());
      CHECK(results[s].interval.has_value() == !result["mean"].is_null());
      if (!results[s].interval) continue;
      CHECK(results[s].interval->mean == result["mean"].get<double>());
      CHECK(results[s].interval->half_width == result["ci"].get<double>());
    }
  }
}
