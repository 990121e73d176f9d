#include "data/glue/scoring.h"

#include <doctest/doctest.h>

#include <cmath>

#include "data/glue/submission.h"
#include "data/text/lines.h"
#include "engine/core/error.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::data;
using namespace mosaic::test;
using enum GlueMetric;

namespace {

const std::string pair_header = "index\tsentence1\tsentence2\tlabel\n";
const std::string index_header = "index\tprediction\n";

GlueValues predictions(const char* task, const std::string& bytes) {
  const TemporaryFolder folder;
  return read_glue_predictions(glue_task(task), folder.file("p.tsv", bytes));
}
GlueValues gold(const char* task, const std::string& bytes) {
  const TemporaryFolder folder;
  return read_glue_gold(glue_task(task), folder.file("g.tsv", bytes));
}
std::string refused(const char* task, const std::string& bytes) {
  return message_of<FormatError>([&] { predictions(task, bytes); });
}

// A published table's row: percentages, Matthews too.
std::vector<GlueScore> row(const std::vector<std::pair<std::string, double>>& values) {
  std::vector<GlueScore> scores;
  for (const auto& [set, percent] : values)
    scores.push_back({set, 1, {{set == "CoLA" ? matthews : accuracy, MetricValue::of(percent / 100)}}});
  return scores;
}

// An average as printed: so many digits.
double printed(const char* average, const std::vector<GlueScore>& scores, int digits) {
  const double scale = std::pow(10.0, digits);
  return std::round(average_glue(glue_average(average), scores).value.value.value() * scale) / scale;
}

}  // namespace

TEST_CASE("predictions of both forms") {
  CHECK(predictions("mnli", "neutral\nentailment\ncontradiction").labels == std::vector<int32_t>{2, 1, 0});
  CHECK(predictions("cola", index_header + "0\t1\r\n1\t0\n").labels == std::vector<int32_t>{1, 0});
  CHECK(predictions("sts-b", "2.5\n-0.25\n7\n").scores == std::vector<double>{2.5, -0.25, 7});

  CHECK(contains(refused("mnli", "neutral\nnuetral\n"), "p.tsv:2"));
  CHECK(contains(refused("mnli", "neutral\nnuetral\n"), "did you mean neutral?"));
  CHECK(contains(refused("qnli", "1\n"), "programs number the labels differently"));
  CHECK(contains(refused("cola", "1\n\n1\n"), "p.tsv:2"));
  CHECK(contains(refused("cola", "0.93\n"), "label \"0.93\" is not one of 0, 1"));
  CHECK(contains(refused("sts-b", "2.5\nnan\n"), "score \"nan\" is not a number"));
  CHECK(contains(refused("cola", ""), "the file is empty: there is nothing to score"));
  CHECK(contains(refused("cola", index_header), "no row behind the header"));
  CHECK(contains(refused("cola", "0\t1\n"), "expected one label a line, or the header index, prediction"));
}

TEST_CASE("an index that is double, missing or out of order is refused with its line") {
  const auto index = [](const std::string& rows) { return refused("cola", index_header + rows); };
  CHECK(contains(index("0\t1\n1\t0\n0\t1\n"), "p.tsv:4"));
  CHECK(contains(index("0\t1\n1\t0\n0\t1\n"), "index 0 occurs a second time"));
  CHECK(contains(index("0\t1\n2\t0\n3\t1\n"), "index 1 is missing: found 2"));
  CHECK(contains(index("0\t1\n2\t0\n1\t1\n"), "p.tsv:3"));
  CHECK(contains(index("0\t1\n2\t0\n1\t1\n"), "index 2 is out of order: 1 comes in line 4"));
  CHECK(contains(index("1\t1\n"), "index 0 is missing"));
  CHECK(contains(index("x\t1\n"), "index \"x\" is not a number"));
  CHECK(contains(index("-1\t1\n"), "index \"-1\""));
  CHECK(contains(index("0\t1\t1\n"), "has 3 cells, expected 2"));
}

TEST_CASE("gold labels from a task's file or plain") {
  CHECK(gold("rte", pair_header + "5\tA\tB\tentailment\n").labels == std::vector<int32_t>{0});
  CHECK(gold("cola", "gj04\t1\t\tA.\ngj04\t0\t*\tB.").labels == std::vector<int32_t>{1, 0});
  CHECK(gold("cola", "1\n0\n").labels == std::vector<int32_t>{1, 0});
  CHECK(gold("rte", index_header + "0\tentailment\n").labels == std::vector<int32_t>{0});
  const auto says = [](const char* task, const std::string& bytes) {
    return message_of<FormatError>([&] { gold(task, bytes); });
  };
  CHECK(contains(says("rte", "index\tsentence1\tsentence2\n0\tA\tB\n"),
                 "this is RTE's test.tsv, which holds no"));
  CHECK(contains(says("cola", "index\tsentence\n0\tA\n"), "this is CoLA's test.tsv, which holds no labels"));
  CHECK(contains(says("sts-b", "2\n5.5\n"), "score \"5.5\" is not a number from 0 to 5"));
  CHECK(contains(says("rte", pair_header), "no row behind the header"));
  CHECK(contains(says("qqp", pair_header + "0\tA\tB\t1\n"), "are the folders swapped?"));
  CHECK(contains(says("ax", "a\tb\n"), "begins with a, b"));
}

TEST_CASE("a task's metrics, in its order") {
  const GlueScore mrpc = score_glue(glue_set("mrpc"), {{1, 1, 0, 1}, {}}, {{1, 0, 0, 1}, {}});
  REQUIRE(mrpc.values.size() == 2);
  CHECK(mrpc.n == 4);
  CHECK(*mrpc.find(accuracy)->value == 0.75);
  CHECK(*mrpc.find(f1)->value == 0.8);
  CHECK_FALSE(mrpc.find(matthews));
  CHECK(describe(mrpc).dump() == R"({"set":"MRPC","task":"MRPC","n":4,"accuracy":75.0,"f1":80.0})");
  const GlueScore mm = score_glue(glue_set("mnli-mm"), {{0, 1, 2}, {}}, {{0, 1, 1}, {}});
  CHECK(mm.set == "MNLI-mm");
  CHECK(describe(mm)["task"] == "MNLI");
  CHECK(*score_glue(glue_set("sts-b"), {{}, {1, 2, 4}}, {{}, {2, 3, 5}}).find(spearman)->value == 1);

  const auto says = [](const char* set, const GlueValues& said, const GlueValues& right) {
    return message_of<ArgumentError>([&] { score_glue(glue_set(set), said, right); });
  };
  CHECK(contains(says("rte", {{0, 1}, {}}, {{0}, {}}), "2 predictions for 1 gold labels"));
  CHECK(contains(says("rte", {}, {}), "no example"));
  CHECK(contains(says("rte", {{2}, {}}, {{0}, {}}), "outside 0..1"));
}

TEST_CASE("predictions of one class or one score") {
  const GlueScore cola = score_glue(glue_set("cola"), {{1, 1, 1}, {}}, {{1, 0, 1}, {}});
  CHECK(*cola.find(matthews)->value == 0);
  CHECK(contains(describe(cola)["notes"]["matthews"], "all predictions are of one class"));
  CHECK(cola.any_defined());

  const GlueScore sts = score_glue(glue_set("sts-b"), {{}, {2, 2, 2}}, {{}, {1, 2, 3}});
  CHECK_FALSE(sts.any_defined());
  CHECK(describe(sts)["pearson"].is_null());
  CHECK(describe(sts)["undefined"]["spearman"] == "constant predictions");

  const GlueScore qqp = score_glue(glue_set("qqp"), {{0, 0}, {}}, {{0, 0}, {}});
  CHECK(*qqp.find(accuracy)->value == 1);
  CHECK(*qqp.find(f1)->value == 0);
  CHECK(describe(qqp)["notes"].contains("f1"));
}

TEST_CASE("the averages of the Mixture-of-Supernets paper") {
  const auto row7 = [](double mnli, double cola, double mrpc, double sst, double qnli, double qqp,
                       double rte) {
    return row({{"MNLI-m", mnli},
                {"CoLA", cola},
                {"MRPC", mrpc},
                {"SST-2", sst},
                {"QNLI", qnli},
                {"QQP", qqp},
                {"RTE", rte}});
  };
  // Table 2.
  const auto alone = row7(82.61, 59.03, 86.54, 91.52, 89.47, 90.68, 71.53),
             sandwich = row7(82.34, 57.58, 86.54, 91.74, 88.67, 90.39, 73.26),
             layer = row7(82.40, 57.62, 87.26, 92.08, 89.57, 90.68, 77.08),
             neuron = row7(82.68, 58.71, 87.74, 92.16, 89.22, 90.49, 76.39);
  CHECK(printed("mos-7", alone, 2) == 81.63);
  CHECK(printed("mos-7", sandwich, 2) == 81.50);
  CHECK(printed("mos-7", layer, 2) == 82.38);
  CHECK(printed("mos-7", neuron, 2) == 82.48);
  CHECK(printed("mos-7-no-rte", alone, 2) == 83.31);
  CHECK(printed("mos-7-no-rte", neuron, 2) == 83.50);
  // Tables 3 and 11, 5M and 50M.
  CHECK(printed("mos-6", row7(75.5, 28.3, 82.7, 86.9, 84.1, 88.5, 68.1), 1) == 73.1);
  CHECK(printed("mos-7", row7(75.5, 28.3, 82.7, 86.9, 84.1, 88.5, 68.1), 1) == 73.4);
  const auto large =
      row({{"CoLA", 55}, {"MRPC", 88}, {"SST-2", 91.9}, {"QNLI", 89}, {"QQP", 90.6}, {"RTE", 75.4}});
  CHECK(printed("mos-6-no-rte", large, 2) == 82.90);

  const GlueAverageValue seven = average_glue(glue_average("mos-7"), large);
  CHECK_FALSE(seven.value.defined());
  CHECK(seven.missing == std::vector<std::string>{"MNLI-m"});
  CHECK(seven.value.undefined_because == "no score of MNLI-m");
  CHECK(describe(seven)["value"].is_null());
  CHECK_THROWS_AS(glue_average("mean"), ArgumentError);
}

// BERT-Mini as its authors published it: 65.8 over nine tasks.
TEST_CASE("GLUE's own average takes two metrics and MNLI's halves together first") {
  const auto two = [](const char* set, GlueMetric a, double x, GlueMetric b, double y) {
    return GlueScore{set, 1, {{a, MetricValue::of(x / 100)}, {b, MetricValue::of(y / 100)}}};
  };
  auto scores = row({{"CoLA", 0},
                     {"SST-2", 85.9},
                     {"MNLI-m", 74.8},
                     {"MNLI-mm", 74.3},
                     {"QNLI", 84.1},
                     {"RTE", 57.9},
                     {"WNLI", 62.3}});
  CHECK(average_glue(glue_average("glue"), scores).missing ==
        std::vector<std::string>{"MRPC", "STS-B", "QQP"});
  scores.push_back(two("MRPC", f1, 81.1, accuracy, 71.8));
  scores.push_back(two("STS-B", pearson, 75.4, spearman, 73.3));
  scores.push_back(two("QQP", f1, 66.4, accuracy, 86.2));
  CHECK(printed("glue", scores, 1) == 65.8);
  scores.back().values[0].second = MetricValue::undefined("of a test");
  CHECK(average_glue(glue_average("glue"), scores).value.undefined_because ==
        "QQP's f1 is undefined: of a test");
}

TEST_CASE("submission files are what the server reads") {
  const TemporaryFolder folder;
  const auto lines = [](const std::filesystem::path& path) { return read_lines(path); };
  const auto sts = write_glue_submission(folder / "s", glue_set("sts-b"), {{}, {-1, 2.34567, 5.2, 4.9999}},
                                         {.any_row_count = true});
  CHECK(lines(sts) ==
        std::vector<std::string>{"index\tprediction", "0\t0.000", "1\t2.346", "2\t5.000", "3\t5.000"});
  const auto mm =
      write_glue_submission(folder / "s", glue_set("mnli-mm"), {{2, 0}, {}}, {.any_row_count = true});
  CHECK(mm.filename() == "MNLI-mm.tsv");
  CHECK(lines(mm) == std::vector<std::string>{"index\tprediction", "0\tneutral", "1\tcontradiction"});
  const auto says = [&](const char* set, const GlueValues& values, bool any) {
    return message_of<ArgumentError>(
        [&] { write_glue_submission(folder / "t", glue_set(set), values, {.any_row_count = any}); });
  };
  CHECK(contains(says("wnli", {{0, 1}, {}}, false), "there are 2 predictions, but WNLI's test has 146 rows"));
  CHECK(contains(says("wnli", {}, true), "no prediction"));
  CHECK(contains(says("wnli", {{2}, {}}, true), "label 0 is 2"));
  CHECK(contains(says("sts-b", {{}, {std::nan("")}}, true), "expected a finite number"));
  CHECK_FALSE(std::filesystem::exists(folder / "t/WNLI.tsv"));
}

TEST_CASE("a submission folder is checked") {
  const TemporaryFolder folder;
  for (const GlueSet& set : glue_sets()) {
    const auto rows =
        static_cast<size_t>(set.task->file(set.test).rows > 10000 ? 3 : set.task->file(set.test).rows);
    GlueValues values;
    if (set.task->regression())
      values.scores.assign(rows, 2.5);
    else
      values.labels.assign(rows, 1);
    write_glue_submission(folder.path(), set, values, {.any_row_count = true});
  }
  CHECK(check_glue_submission(folder.path(), {.any_row_count = true}).complete());
  SubmissionCheck check = check_glue_submission(folder.path());
  CHECK(check.good.size() == 10);
  REQUIRE(check.problems.size() == 1);
  CHECK(contains(check.problems[0], "QQP.tsv: 3 predictions, but QQP's test has 390965 rows"));

  folder.file("RTE.tsv", index_header + "0\tentailment\n1\tentailment\n1\tentailment\n");
  folder.file("STS-B.tsv", index_header + "0\t5.5\n");
  folder.file("SST-2.tsv", "0\n1\n");
  folder.file("cola.tsv", "");
  std::filesystem::remove(folder / "CoLA.tsv");
  check = check_glue_submission(folder.path(), {.any_row_count = true});
  CHECK_FALSE(check.complete());
  CHECK(check.missing == std::vector<std::string>{"CoLA"});
  CHECK(check.unknown == std::vector<std::string>{"cola.tsv"});
  REQUIRE(check.problems.size() == 3);
  CHECK(contains(check.problems[0],
                 "SST-2.tsv:1] the file begins with 0; expected the header index, prediction"));
  CHECK(contains(check.problems[1], "score 5.5 of index 0 is outside 0 to 5"));
  CHECK(contains(check.problems[2], "RTE.tsv:4] index 1 occurs a second time"));
  CHECK_THROWS_AS(check_glue_submission(folder / "nowhere"), ResourceError);
}
