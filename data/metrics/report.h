// Scores in words: the lines, tables and JSON that sacreBLEU prints.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/metrics/significance.h"
#include "engine/core/json.h"

namespace mosaic::data {

// One metric's score of one system.
struct MetricScore {
  std::string name;  // Metric::name()
  double score = 0;
  std::optional<Interval> interval = {};
  std::string signature = "", verbose = "";
};

// "65.4", with an interval "65.4 (μ = 65.6 ± 7.3)".
std::string score_number(const MetricScore& score, int digits = 1);
// "BLEU|nrefs:1|... = 65.4 (μ = 65.6 ± 7.3) 89.5/71.9/..."
std::string score_line(const MetricScore& score, int digits = 1);
// Several lines, aligned at their first "=".
std::string aligned_lines(const std::vector<std::string>& lines);
// name, score, signature, confidence_*, verbose_score and one field for each part of the signature. Numbers
// are rounded to `digits`, as sacreBLEU rounds them; without digits they are given in full.
json describe(const MetricScore& score, std::optional<int> digits = {});

// Several systems under several metrics; when `test` is set the first one is the baseline of a paired test.
struct ScoreTable {
  std::vector<std::string> systems, metrics, signatures;
  std::vector<std::vector<PairedResult>> results;  // {metrics, systems}
  std::optional<PairedTest> test = {};
};

enum class TableFormat { text, latex };
// The table, what a test's p-values mean, and the signatures. Differences that chance explains (p > 0.05) are
// red and those it does not are marked "*"; colours on request.
std::string render(const ScoreTable& table, TableFormat format, int digits = 1, bool colours = false);
// [{"system": ..., "BLEU": "65.4"}] or, of a test, {"score", "p_value", "mean", "ci"} in place of the text;
// digits absent: numbers in full in either case.
json describe(const ScoreTable& table, std::optional<int> digits = {});

}  // namespace mosaic::data
