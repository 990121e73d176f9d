// The files that GLUE's test server takes: one a set, "index<TAB>prediction" and a row for each test example.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/glue/predictions.h"
#include "data/glue/tasks.h"

namespace mosaic::data {

struct SubmissionOptions {
  bool any_row_count = false;  // write what is given, for test files that are not the official ones
};

// Writes folder/SET.tsv ("MNLI-mm.tsv"), atomically, and returns its path. Labels are written by name, scores
// clipped to the task's range with three decimals. ArgumentError when the number of rows is not the official
// one, for a label outside the task's and a score that is not finite.
std::filesystem::path write_glue_submission(const std::filesystem::path& folder, const GlueSet& set,
                                            const GlueValues& predictions, SubmissionOptions options = {});

// What a folder holds of a submission.
struct SubmissionCheck {
  std::vector<std::string> good;      // sets whose file is as it must be
  std::vector<std::string> missing;   // sets without a file; the server wants all eleven
  std::vector<std::string> problems;  // "file:line: index 5 occurs a second time", another number of rows
  std::vector<std::string> unknown;   // files that are no part of a submission, by name

  bool complete() const { return missing.empty() && problems.empty(); }
};

// Reads every file; what is wrong is reported, not thrown. ResourceError when the folder cannot be read.
SubmissionCheck check_glue_submission(const std::filesystem::path& folder, SubmissionOptions options = {});

}  // namespace mosaic::data
