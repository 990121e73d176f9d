// GLUE's own files, in the folder that MOSAIC_DATA names; skipped without it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "data/glue/reader.h"
#include "data/glue/scoring.h"

using namespace mosaic;
using namespace mosaic::data;
using enum GlueSplit;

namespace {

std::filesystem::path glue() {
  const char* root = std::getenv("MOSAIC_DATA");
  if (root && std::filesystem::exists(std::filesystem::path(root) / "glue"))
    return std::filesystem::path(root) / "glue";
  std::cout << "skipped: MOSAIC_DATA has no glue\n";
  return {};
}

std::vector<int64_t> label_counts(const GlueData& data) {
  std::vector<int64_t> counts(data.task->labels.size());
  for (const GlueExample& example : data.examples)
    if (example.label >= 0) ++counts[static_cast<size_t>(example.label)];
  return counts;
}

using Counts = std::vector<int64_t>;

}  // namespace

TEST_CASE("official files have their rows and labels") {
  const auto root = glue();
  if (root.empty()) return;
  struct Expected {
    const char* task;
    GlueSplit split;
    Counts labels;
  };
  for (const auto& [task, split, labels] : std::vector<Expected>{{"CoLA", train, {2528, 6023}},
                                                                 {"CoLA", dev, {322, 721}},
                                                                 {"SST-2", train, {29780, 37569}},
                                                                 {"SST-2", dev, {428, 444}},
                                                                 {"MRPC", train, {1194, 2474}},
                                                                 {"MRPC", dev, {129, 279}},
                                                                 {"RTE", train, {1249, 1241}},
                                                                 {"RTE", dev, {146, 131}},
                                                                 {"WNLI", train, {323, 312}},
                                                                 {"WNLI", dev, {40, 31}},
                                                                 {"QNLI", dev, {2702, 2761}},
                                                                 {"MNLI", dev, {3213, 3479, 3123}},
                                                                 {"STS-B", train, {}},
                                                                 {"STS-B", dev, {}}}) {
    CAPTURE(task);
    CAPTURE(to_string(split));
    const GlueData data = load_glue(root, glue_task(task), split);
    CHECK(data.report.rows == data.task->file(split).rows);
    CHECK(label_counts(data) == labels);
    CHECK(data.report.empty_sentences == 0);
    CHECK(data.report.broken_rows == 0);
  }
  for (const char* task : {"CoLA", "SST-2", "MRPC", "STS-B", "QNLI", "RTE", "WNLI", "AX"}) {
    CAPTURE(task);
    const GlueData data = load_glue(root, glue_task(task), test);
    CHECK(data.report.rows == data.task->file(test).rows);
  }
}

TEST_CASE("parts of the larger tasks read, too") {
  const auto root = glue();
  if (root.empty()) return;
  const auto counts = [&](const char* task, GlueSplit split, const char* file) {
    return label_counts(read_glue(glue_task(task), split, root / task / file));
  };
  CHECK(counts("MNLI", train, "train_subset.tsv.gz") == Counts{6556, 6541, 6543});
  CHECK(counts("QQP", train, "train_subset.tsv.gz") == Counts{18224, 10637});
  CHECK(counts("QQP", dev, "dev_subset.tsv.gz") == Counts{2504, 1496});
  CHECK(counts("QNLI", train, "train_subset.tsv.gz") == Counts{5027, 4972});
  CHECK(counts("MRPC", dev, "msr_paraphrase_test.txt.gz") == Counts{578, 1147});

  const GlueData cola = load_glue(root, glue_task("CoLA"), dev),
                 sts = load_glue(root, glue_task("STS-B"), train);
  CHECK(cola.examples[0].first == "The sailors rode the breeze clear of the rocks.");
  CHECK(sts.examples[0].score == 5);
  CHECK(std::all_of(sts.examples.begin(), sts.examples.end(),
                    [](const GlueExample& e) { return e.score >= 0 && e.score <= 5; }));
}

TEST_CASE("the majority class has the known scores") {
  const auto root = glue();
  if (root.empty()) return;
  const auto majority = [&](const char* set, int32_t label) {
    const GlueTask& task = *glue_set(set).task;
    const GlueValues gold = read_glue_gold(task, find_glue_file(root, task, dev));
    return score_glue(glue_set(set), {std::vector<int32_t>(gold.size(), label), {}}, gold);
  };
  const auto percent = [](const GlueScore& score, GlueMetric metric) {
    return 100 * *score.find(metric)->value;
  };
  CHECK(percent(majority("SST-2", 1), GlueMetric::accuracy) == doctest::Approx(50.92).epsilon(1e-4));
  CHECK(percent(majority("MRPC", 1), GlueMetric::accuracy) == doctest::Approx(68.38).epsilon(1e-4));
  CHECK(percent(majority("MRPC", 1), GlueMetric::f1) == doctest::Approx(81.22).epsilon(1e-4));
  CHECK(percent(majority("RTE", 0), GlueMetric::accuracy) == doctest::Approx(52.71).epsilon(1e-4));
  CHECK(percent(majority("QNLI", 1), GlueMetric::accuracy) == doctest::Approx(50.54).epsilon(1e-4));
  CHECK(percent(majority("MNLI-m", 1), GlueMetric::accuracy) == doctest::Approx(35.45).epsilon(2e-4));
  CHECK(*majority("CoLA", 1).find(GlueMetric::matthews)->value == 0);
}
