// The nine tasks of GLUE (Wang et al. 2018) and its diagnostic set as one table: files, columns, labels,
// metrics. A reader, a score or a fine-tuning run takes everything it knows of a task from here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mosaic::data {

enum class GlueMetric { accuracy, f1, matthews, pearson, spearman };
std::string to_string(GlueMetric metric);
// Accuracy and F1 are shown from 0 to 100, correlations from -1 to 1.
bool in_percent(GlueMetric metric);

// MNLI's dev and test are its matched ones; the mismatched exist for MNLI only.
enum class GlueSplit { train, dev, dev_mismatched, test, test_mismatched };
std::string to_string(GlueSplit split);         // "train", ..., "dev-mismatched"
GlueSplit glue_split(const std::string& name);  // ArgumentError for another name
bool labelled(GlueSplit split);                 // train and dev

// One file of the official data. Cells are separated by tabs and never quoted.
struct GlueFile {
  GlueSplit split = GlueSplit::train;
  std::string name;                  // "dev_matched.tsv"; may also be there with ".gz" behind
  std::vector<std::string> columns;  // the cells of the header
  bool header = true;                // CoLA's train and dev have none; their columns are named here only
  int64_t rows = 0;                  // of the official file
};

struct GlueTask {
  std::string name;    // "SST-2"
  std::string folder;  // in the official data
  std::string first, second,
      label;  // columns of the sentences and the label; second is empty for one sentence
  // Names in the order of their ids, as BERT's own data readers number them; empty for regression. Other
  // collections number them differently (MNLI begins with entailment in some), so files hold names.
  std::vector<std::string> labels;
  double lowest = 0, highest = 0;  // of a regression's scores
  std::vector<GlueMetric> metrics;
  std::vector<GlueFile> files;
  // Rows that were cut in pieces by a newline inside a sentence occur in train and dev (first release of
  // QQP).
  bool broken_rows = false;

  bool regression() const { return labels.empty(); }
  bool pair() const { return !second.empty(); }
  // ArgumentError when the task has no such file.
  const GlueFile& file(GlueSplit split) const;
  bool has(GlueSplit split) const;
  std::optional<int32_t> label_id(std::string_view label_name) const;
};

// CoLA, SST-2, MRPC, STS-B, QQP, MNLI, QNLI, RTE, WNLI and AX (the diagnostic set: MNLI's labels, test only).
const std::vector<GlueTask>& glue_tasks();
// By name without regard to case, '-' and '_' ("SST-2", "sst2", "stsb"). ArgumentError with the names and the
// nearest one otherwise.
const GlueTask& glue_task(std::string_view name);

// What is scored as one: a task, or one half of MNLI. Submission files carry these names.
struct GlueSet {
  std::string name;                // "MNLI-mm"
  const GlueTask* task = nullptr;  // lives as long as the program
  std::optional<GlueSplit> dev;    // AX has none
  GlueSplit test = GlueSplit::test;
};
// The eleven sets, in the order of the tasks.
const std::vector<GlueSet>& glue_sets();
// By name, as glue_task; "MNLI" is its matched half.
const GlueSet& glue_set(std::string_view name);

// The file of a split in the folder that holds the task folders, plain or with ".gz". ResourceError that
// names both when there is neither.
std::filesystem::path find_glue_file(const std::filesystem::path& root, const GlueTask& task,
                                     GlueSplit split);

}  // namespace mosaic::data
