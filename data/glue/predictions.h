// What a model said and what is right: labels or scores, one an example, from the files programs write.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/glue/tasks.h"

namespace mosaic::data {

// Labels of a classification or scores of a regression, in the order of the examples; the other one is empty.
struct GlueValues {
  std::vector<int32_t> labels;
  std::vector<double> scores;

  size_t size() const { return labels.size() + scores.size(); }
};

// A file of predictions, plain or gzip, "-" for standard input, in one of two forms:
//   one label or score a line, in the order of the examples;
//   GLUE's submission form, a header "index<TAB>prediction" and then the example's number from 0 and its
//   label.
// Labels are names ("entailment"); CoLA, SST-2, MRPC, QQP and WNLI are themselves named 0 and 1. Scores may
// lie outside the task's range. Errors: those of LineReader; FormatError "file:line" for an empty file, an
// unknown label, what is no finite number, another number of cells and an index that is double, missing or
// out of order.
GlueValues read_glue_predictions(const GlueTask& task, const std::filesystem::path& path);

// The same for a file that must be of the submission form.
GlueValues read_glue_submission(const GlueTask& task, const std::filesystem::path& path);

// The right answers: one of the task's labelled files (recognised by its header, GlueReader's errors), or a
// file in one of the forms above, where scores outside the range are refused.
GlueValues read_glue_gold(const GlueTask& task, const std::filesystem::path& path);

}  // namespace mosaic::data
