// GLUE's files row by row, checked against the table of tasks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/glue/tasks.h"
#include "data/text/lines.h"

namespace mosaic::data {

// Sentences are as in the file (SST-2's end with a space), quotes are text.
struct GlueExample {
  std::string id;             // of the "index" or "id" column, else the row's number from 0
  std::string first, second;  // second is empty for tasks of one sentence
  int32_t label = -1;         // -1 for tests and regression
  double score = std::numeric_limits<double>::quiet_NaN();  // regression only, NaN for tests
};

struct GlueReport {
  int64_t rows = 0;
  int64_t empty_sentences = 0;  // two rows of QQP's official train have one
  int64_t broken_rows = 0;      // left out: see GlueReader
  std::string first_broken;     // "file:line"
};

// Reads one split, plain or gzip. Rows that a newline inside a question has cut in pieces (in the first
// release of QQP's train and dev) are left out and counted, as everybody does, so that 363,846 remain; only
// pieces that make up exactly one row are taken for that.
// Errors: those of LineReader; FormatError "file:line" for an empty file, another header than the task's
// (with both, and whose it is: folders get swapped), a header without rows, a row with more or fewer cells,
// an unknown label, a score that is no number of the range and test rows that are not numbered from 0.
class GlueReader {
 public:
  GlueReader(const GlueTask& task, GlueSplit split, const std::filesystem::path& path);
  // Goes on with a file whose first line was read already.
  GlueReader(const GlueTask& task, GlueSplit split, LineReader lines, std::string first_line);

  // The next example; false at the end.
  bool next(GlueExample& example);
  const GlueReport& report() const { return report_; }
  // "file:line" of the row that next() gave last.
  std::string place() const { return lines_.place(); }

 private:
  void begin(bool any);
  void check_header(const std::vector<std::string_view>& cells) const;
  bool next_line();
  void fill(GlueExample& example) const;
  void skip_broken_row();

  const GlueTask& task_;
  const GlueFile& file_;
  LineReader lines_;
  std::string line_;
  std::vector<std::string_view> cells_;  // of line_
  bool waiting_ = false;                 // line_ is the first row, not given yet
  size_t first_ = 0;
  std::optional<size_t> id_, second_, label_;  // columns
  GlueReport report_;
};

struct GlueData {
  const GlueTask* task = nullptr;
  GlueSplit split = GlueSplit::train;
  std::vector<GlueExample> examples;
  GlueReport report;
};

// A whole split from a file, or from the folder that holds the task folders.
GlueData read_glue(const GlueTask& task, GlueSplit split, const std::filesystem::path& file);
GlueData load_glue(const std::filesystem::path& root, const GlueTask& task, GlueSplit split);

}  // namespace mosaic::data
