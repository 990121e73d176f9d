#include "data/glue/task_table.h"

#include "engine/core/error.h"

namespace mosaic::data {
namespace {

using enum GlueMetric;
using enum GlueSplit;
using Names = std::vector<std::string>;

struct TaskRow {
  const char *name, *folder, *first, *second, *label;
  Names labels;
  std::vector<GlueMetric> metrics;
};

// A function, so that the table is there for whoever asks while the program's globals are being made.
std::vector<TaskRow> task_rows() {
  const Names binary{"0", "1"};
  const Names entailment{"entailment", "not_entailment"};
  const Names three{"contradiction", "entailment", "neutral"};
  return {
      {"CoLA", "CoLA", "sentence", "", "label", binary, {matthews}},
      {"SST-2", "SST-2", "sentence", "", "label", binary, {accuracy}},
      {"MRPC", "MRPC", "#1 String", "#2 String", "Quality", binary, {accuracy, f1}},
      {"STS-B", "STS-B", "sentence1", "sentence2", "score", {}, {pearson, spearman}},
      {"QQP", "QQP", "question1", "question2", "is_duplicate", binary, {accuracy, f1}},
      {"MNLI", "MNLI", "sentence1", "sentence2", "gold_label", three, {accuracy}},
      {"QNLI", "QNLI", "question", "sentence", "label", entailment, {accuracy}},
      {"RTE", "RTE", "sentence1", "sentence2", "label", entailment, {accuracy}},
      {"WNLI", "WNLI", "sentence1", "sentence2", "label", binary, {accuracy}},
      {"AX", "diagnostic", "sentence1", "sentence2", "label", three, {matthews}},
  };
}

// Column names, separated by bars.
const char* const cola = "source|label|mark|sentence";
const char* const sst = "sentence|label";
const char* const single_test = "index|sentence";
const char* const mrpc = "Quality|#1 ID|#2 ID|#1 String|#2 String";
const char* const mrpc_test = "index|#1 ID|#2 ID|#1 String|#2 String";
const char* const sts = "index|genre|filename|year|old_index|source1|source2|sentence1|sentence2|score";
const char* const sts_test = "index|genre|filename|year|old_index|source1|source2|sentence1|sentence2";
const char* const qqp = "id|qid1|qid2|question1|question2|is_duplicate";
const char* const qqp_test = "id|question1|question2";
// One annotator's label in train, five in dev.
const char* const mnli_train =
    "index|promptID|pairID|genre|sentence1_binary_parse|sentence2_binary_parse|sentence1_parse|sentence2_"
    "parse|"
    "sentence1|sentence2|label1|gold_label";
const char* const mnli_dev =
    "index|promptID|pairID|genre|sentence1_binary_parse|sentence2_binary_parse|sentence1_parse|sentence2_"
    "parse|"
    "sentence1|sentence2|label1|label2|label3|label4|label5|gold_label";
const char* const mnli_test =
    "index|promptID|pairID|genre|sentence1_binary_parse|sentence2_binary_parse|sentence1_parse|sentence2_"
    "parse|"
    "sentence1|sentence2";
const char* const qnli = "index|question|sentence|label";
const char* const qnli_test = "index|question|sentence";
const char* const pairs = "index|sentence1|sentence2|label";
const char* const pairs_test = "index|sentence1|sentence2";

struct FileRow {
  const char* task;
  GlueSplit split;
  const char *name, *columns;
  bool header;
  int64_t rows;
};

const FileRow file_rows[] = {
    {"CoLA", train, "train.tsv", cola, false, 8551},
    {"CoLA", dev, "dev.tsv", cola, false, 1043},
    {"CoLA", test, "test.tsv", single_test, true, 1063},
    {"SST-2", train, "train.tsv", sst, true, 67349},
    {"SST-2", dev, "dev.tsv", sst, true, 872},
    {"SST-2", test, "test.tsv", single_test, true, 1821},
    {"MRPC", train, "train.tsv", mrpc, true, 3668},
    {"MRPC", dev, "dev.tsv", mrpc, true, 408},
    {"MRPC", test, "test.tsv", mrpc_test, true, 1725},
    {"STS-B", train, "train.tsv", sts, true, 5749},
    {"STS-B", dev, "dev.tsv", sts, true, 1500},
    {"STS-B", test, "test.tsv", sts_test, true, 1379},
    {"QQP", train, "train.tsv", qqp, true, 363846},
    {"QQP", dev, "dev.tsv", qqp, true, 40430},
    {"QQP", test, "test.tsv", qqp_test, true, 390965},
    {"MNLI", train, "train.tsv", mnli_train, true, 392702},
    {"MNLI", dev, "dev_matched.tsv", mnli_dev, true, 9815},
    {"MNLI", dev_mismatched, "dev_mismatched.tsv", mnli_dev, true, 9832},
    {"MNLI", test, "test_matched.tsv", mnli_test, true, 9796},
    {"MNLI", test_mismatched, "test_mismatched.tsv", mnli_test, true, 9847},
    {"QNLI", train, "train.tsv", qnli, true, 104743},
    {"QNLI", dev, "dev.tsv", qnli, true, 5463},
    {"QNLI", test, "test.tsv", qnli_test, true, 5463},
    {"RTE", train, "train.tsv", pairs, true, 2490},
    {"RTE", dev, "dev.tsv", pairs, true, 277},
    {"RTE", test, "test.tsv", pairs_test, true, 3000},
    {"WNLI", train, "train.tsv", pairs, true, 635},
    {"WNLI", dev, "dev.tsv", pairs, true, 71},
    {"WNLI", test, "test.tsv", pairs_test, true, 146},
    {"AX", test, "diagnostic.tsv", pairs_test, true, 1104},
};

Names names_of(std::string_view columns) {
  Names names;
  for (size_t begin = 0;;) {
    const size_t end = columns.find('|', begin);
    names.emplace_back(columns.substr(begin, end - begin));
    if (end == columns.npos) return names;
    begin = end + 1;
  }
}

}  // namespace

std::vector<GlueTask> make_glue_tasks() {
  std::vector<GlueTask> tasks;
  for (const TaskRow& row : task_rows()) {
    GlueTask task{.name = row.name,
                  .folder = row.folder,
                  .first = row.first,
                  .second = row.second,
                  .label = row.label,
                  .labels = row.labels,
                  .metrics = row.metrics,
                  .files = {}};
    if (task.regression()) task.highest = 5;
    task.broken_rows = task.name == "QQP";
    for (const FileRow& file : file_rows)
      if (task.name == file.task)
        task.files.push_back({file.split, file.name, names_of(file.columns), file.header, file.rows});
    tasks.push_back(std::move(task));
  }
  return tasks;
}

}  // namespace mosaic::data
