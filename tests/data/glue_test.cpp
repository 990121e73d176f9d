#include "data/glue/reader.h"

#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "engine/core/error.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::data;
using namespace mosaic::test;
using enum GlueSplit;

namespace {

const std::string pair_header = "index\tsentence1\tsentence2\tlabel\n";
const std::string sts_header =
    "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore\n";
const std::string qqp_header = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n";
const std::string mrpc_header = "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n";

// What reading a file of these bytes as a task's split says.
std::string refused(const char* task, GlueSplit split, const std::string& bytes) {
  const TemporaryFolder folder;
  const auto path = folder.file("x.tsv", bytes);
  return message_of<FormatError>([&] { read_glue(glue_task(task), split, path); });
}

GlueData read(const char* task, GlueSplit split, const std::string& bytes) {
  const TemporaryFolder folder;
  return read_glue(glue_task(task), split, folder.file("x.tsv", bytes));
}

std::string sts_row(const std::string& score) {
  return cat(sts_header, "0\tg\tf\t2012\t1\tnone\tnone\tA b.\tC d.\t", score, "\n");
}

}  // namespace

TEST_CASE("the table of tasks") {
  CHECK(glue_tasks().size() == 10);
  CHECK(glue_sets().size() == 11);
  CHECK(glue_task("sst2").name == "SST-2");
  CHECK(glue_task("STS_B").regression());
  CHECK(glue_task("mnli").label_id("entailment") == 1);
  CHECK(glue_task("QNLI").label_id("not_entailment") == 1);
  CHECK_FALSE(glue_task("RTE").label_id("neutral"));
  CHECK(glue_set("mnli").name == "MNLI-m");
  CHECK(glue_set("mnli-mm").dev == dev_mismatched);
  CHECK(glue_set("MNLI_mm").test == test_mismatched);
  CHECK_FALSE(glue_set("ax").dev);
  CHECK_FALSE(glue_task("CoLA").pair());
  CHECK(contains(message_of<ArgumentError>([] { glue_task("rtr"); }), "did you mean RTE?"));
  CHECK(contains(message_of<ArgumentError>([] { glue_task("imdb"); }), "is not one of CoLA, SST-2, MRPC"));
  CHECK(contains(message_of<ArgumentError>([] { glue_set("imdb"); }), "MNLI-m, MNLI-mm, QNLI"));
  CHECK(contains(message_of<ArgumentError>([] { glue_task("rte").file(dev_mismatched); }),
                 "no dev-mismatched"));
  for (const char* name : {"train", "dev", "dev-mismatched", "test", "test-mismatched"})
    CHECK(to_string(glue_split(name)) == name);
  CHECK_THROWS_AS(glue_split("valid"), ArgumentError);
  for (const GlueTask& task : glue_tasks()) {
    CAPTURE(task.name);
    for (const GlueFile& file : task.files) {
      const std::set<std::string> columns(file.columns.begin(), file.columns.end());
      CHECK(columns.size() == file.columns.size());
      CHECK(columns.contains(task.first));
      CHECK(columns.contains(task.second) == task.pair());
      CHECK(columns.contains(task.label) == labelled(file.split));
      CHECK(file.rows > 0);
    }
  }
}

TEST_CASE("rows of every kind of task") {
  // CoLA: no header, no final newline, the label in the middle.
  const GlueData cola = read("cola", dev, "gj04\t1\t\tShe \"left.\ngj04\t0\t*\tLeft she the.");
  REQUIRE(cola.examples.size() == 2);
  CHECK(cola.examples[0].first == "She \"left.");
  CHECK(cola.examples[0].label == 1);
  CHECK(cola.examples[1].id == "1");
  CHECK(cola.examples[1].second.empty());
  CHECK(std::isnan(cola.examples[1].score));
  CHECK(read("cola", GlueSplit::test, "index\tsentence\n0\tShe left.\n").examples[0].label == -1);

  // MRPC: a byte order mark, quotes without partners, which join no rows.
  const GlueData mrpc =
      read("mrpc", train,
           "\xEF\xBB\xBF" + mrpc_header + "1\t7\t8\t\" A b .\tC \"\" d .\n0\t9\t10\tE \" f .\tG .\n");
  REQUIRE(mrpc.examples.size() == 2);
  CHECK(mrpc.examples[0].first == "\" A b .");
  CHECK(mrpc.examples[1].second == "G .");

  const GlueData rte = read("rte", dev, pair_header + "7\tA.\tB.\tnot_entailment\r\n");
  CHECK(rte.examples[0].id == "7");
  CHECK(rte.examples[0].label == 1);
  const GlueData sts = read("sts-b", dev, sts_row("3.7999999999999998"));
  CHECK(sts.examples[0].score == 3.8);
  CHECK(sts.examples[0].label == -1);
  CHECK(sts.examples[0].second == "C d.");
  CHECK(read("qqp", dev, qqp_header + "n/a\t1\t2\tWhat?\t\t0\n").report.empty_sentences == 1);
  CHECK(read("ax", GlueSplit::test, "index\tsentence1\tsentence2\n0\tA\tB\n1\tC\tD").report.rows == 2);
}

TEST_CASE("MNLI's train and dev differ in their columns") {
  const std::string common =
      "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\t"
      "sentence2_parse\tsentence1\tsentence2\t";
  const std::string cells = "0\t1\t2\tg\ta\tb\tc\td\tOne.\tTwo.\t";
  const std::string dev_file = common + "label1\tlabel2\tlabel3\tlabel4\tlabel5\tgold_label\n" + cells +
                               "neutral\tneutral\t-\t-\t-\tneutral\n";
  const std::string train_file = common + "label1\tgold_label\n" + cells + "entailment\tcontradiction\n";
  CHECK(read("mnli", dev, dev_file).examples[0].label == 2);
  CHECK(read("mnli", dev_mismatched, dev_file).examples[0].first == "One.");
  CHECK(read("mnli", train, train_file).examples[0].label == 0);
  CHECK(contains(refused("mnli", dev, train_file), "these are the columns of MNLI's train.tsv"));
  CHECK(contains(refused("mnli", train, common + "label1\tgold_label\n" + cells + "-\t-\n"),
                 "without agreement"));
}

TEST_CASE("another header is refused with both, and whose it is") {
  const std::string wrong = refused("rte", dev, "index\tpremise\thypothesis\tlabel\n0\ta\tb\tentailment\n");
  CHECK(contains(wrong, "x.tsv:1"));
  CHECK(contains(wrong, "begins with index, premise, hypothesis, label"));
  CHECK(contains(wrong, "expected the header index, sentence1, sentence2, label of RTE's dev.tsv"));

  // The download script that swapped the two.
  const std::string qqp_as_sts = refused("sts-b", train, qqp_header + "0\t1\t2\ta\tb\t0\n");
  CHECK(contains(qqp_as_sts, "these are the columns of QQP's train.tsv, dev.tsv: are the folders swapped?"));
  CHECK(contains(refused("qqp", train, sts_row("5")),
                 "the columns of STS-B's train.tsv, dev.tsv: are the folders"));

  const std::string cola = refused("cola", dev, "index\tsentence\n0\tShe left.\n");
  CHECK(contains(cola, "rows without a header"));
  CHECK(contains(cola, "these are the columns of CoLA's test.tsv"));
  CHECK_FALSE(contains(cola, "swapped"));
  CHECK(contains(refused("rte", GlueSplit::test, pair_header), "the columns of RTE's train.tsv, dev.tsv"));
  CHECK(contains(refused("rte", dev, "0\ta\tb\tentailment\n"), "begins with 0, a, b, entailment"));
  // Long cells are cut between characters.
  CHECK(contains(refused("sst-2", dev, std::string(36, 'x') + "\u00e9\u00e9\u00e9\ty\n"), "xxx..., y;"));
}

TEST_CASE("rows with more or fewer cells are refused with their line") {
  std::string bytes = pair_header;
  for (int i = 0; i < 810; ++i) bytes += cat(i, "\tA.\tB.\tentailment\n");
  const std::string fewer = refused("rte", train, bytes + "810\tA.\tentailment\n");
  CHECK(contains(fewer, "x.tsv:812"));
  CHECK(contains(fewer, "has 3 cells, expected 4 (index, sentence1, sentence2, label)"));
  const std::string more = refused("rte", train, pair_header + "0\tA\t.\tB.\tentailment\n");
  CHECK(contains(more, "x.tsv:2"));
  CHECK(contains(more, "has 5 cells, expected 4"));
  CHECK(contains(more, "cannot hold a tab"));
  CHECK(contains(refused("rte", dev, pair_header + "\n"), "has 1 cells"));
  CHECK(contains(refused("cola", train, "gj04\t1\tShe left.\n"),
                 "has 3 cells, expected 4 (source, label, mark"));
}

TEST_CASE("labels and scores outside the set are refused") {
  const auto rte = [](const char* label) {
    return refused("rte", dev, pair_header + "0\tA\tB\t" + label + "\n");
  };
  CHECK(contains(rte("entailement"), "x.tsv:2"));
  CHECK(contains(rte("entailement"),
                 "label \"entailement\" is not one of entailment, not_entailment; did you mean "
                 "entailment?"));
  CHECK(contains(rte("not_entailment "), "did you mean not_entailment?"));
  CHECK(contains(rte("1"), "names are expected"));
  CHECK(contains(rte(""), "the label is empty"));
  const std::string two = refused("cola", dev, "gj04\t1\t\tA.\ngj04\t2\t\tB.\n");
  CHECK(contains(two, "x.tsv:2"));
  CHECK(contains(two, "label \"2\" is not one of 0, 1"));
  CHECK_FALSE(contains(two, "did you mean"));
  for (const char* score : {"5.1", "-0.001", "nan", "inf", "4,5", "4.5x", " 4.5", "1e99"}) {
    CAPTURE(score);
    CHECK(contains(refused("sts-b", dev, sts_row(score)),
                   cat("score \"", score, "\" is not a number from 0 to 5")));
  }
  CHECK(contains(refused("sts-b", dev, sts_row("")), "the score is empty, expected a number from 0 to 5"));
}

TEST_CASE("files without rows are refused, tests must be numbered") {
  CHECK(contains(refused("rte", dev, ""), "the file is empty"));
  CHECK(contains(refused("rte", dev, pair_header), "there is no row behind the header"));
  CHECK(contains(refused("sts-b", dev, sts_header), "there is no row behind the header"));
  const std::string header = "index\tsentence\n";
  CHECK(contains(refused("sst-2", GlueSplit::test, header + "0\ta\n2\tb\n"), "index is \"2\", expected 1"));
  CHECK(contains(refused("sst-2", GlueSplit::test, header + "0\ta\n0\tb\n"), "x.tsv:3"));
}

TEST_CASE("QQP's rows in pieces are left out and counted, other damage is not") {
  const std::string good = "5\t1\t2\tWhat?\tWhy?\t1\n";
  const GlueData data =
      read("qqp", train,
           qqp_header + good + "6\t1\t2\t\"What\n\"\tWhy?\t0\n" + good + "7\t1\t2\ta\tb\n\nc\t0\n" + good);
  CHECK(data.examples.size() == 3);
  CHECK(data.report.rows == 3);
  CHECK(data.report.broken_rows == 2);
  CHECK(data.report.first_broken.ends_with("x.tsv:3"));
  // A missing cell, a piece that nothing completes, pieces of another task.
  const std::string fewer = refused("qqp", train, qqp_header + "6\t1\t2\tWhat?\tWhy?\n" + good);
  CHECK(contains(fewer, "x.tsv:2"));
  CHECK(contains(fewer, "has 5 cells, expected 6"));
  CHECK(contains(refused("qqp", train, qqp_header + good + "6\t1\t2\tWhat\n"), "x.tsv:3"));
  CHECK(contains(refused("qqp", train, qqp_header + "6\t1\t2\n" + good), "has 3 cells"));
  CHECK(contains(refused("qqp", GlueSplit::test, "id\tquestion1\tquestion2\n0\ta\n\tb\n"),
                 "has 2 cells, expected 3"));
  CHECK(contains(refused("qnli", train, "index\tquestion\tsentence\tlabel\n0\ta\tb\nc\tentailment\n"),
                 "x.tsv:2"));
}

TEST_CASE("files are found plain or packed") {
  const TemporaryFolder folder;
  folder.file("RTE/dev.tsv", pair_header + "0\tA\tB\tentailment\n");
  CHECK(load_glue(folder.path(), glue_task("rte"), dev).examples.size() == 1);
  folder.file("RTE/train.tsv.gz", pair_header + "0\tA\tB\tentailment\n");  // the name does not matter
  CHECK(load_glue(folder.path(), glue_task("rte"), train).report.rows == 1);
  CHECK(contains(
      message_of<ResourceError>([&] { load_glue(folder.path(), glue_task("rte"), GlueSplit::test); }),
      "RTE/test.tsv] is not there, nor with .gz behind"));
  CHECK_THROWS_AS(load_glue(folder.path(), glue_task("ax"), dev), ArgumentError);
}
