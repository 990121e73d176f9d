// Scoring files in one pass: hypotheses and references are read side by side, a block of lines at a time, so
// memory grows with the counts and not with the text.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "data/metrics/metric.h"

namespace mosaic::data {

struct ScoreFiles {
  std::vector<std::filesystem::path> hypotheses = {},
                                     references = {};  // plain or gzip; "-" is standard input
  // References in each line of a single reference file, separated by tabs.
  int64_t references_a_line = 1;
  // An empty line of a reference file means that its segment has no such reference.
  bool empty_is_missing = false;
  // Applied to every line of both sides first.
  std::function<std::string(std::string_view)> prepare = {};
};

// One system's counts under every metric.
struct ScoredFile {
  std::filesystem::path path;
  std::vector<SegmentCounts> counts;  // {metrics}
  // Lines that end in a full stop standing alone: 100 or more mean that the text is tokenised already, which
  // makes 13a and intl scores incomparable.
  int64_t tokenized_lines = 0;
};

// White space at the ends of lines is dropped; a byte order mark is kept, as scoring programs keep it.
// Errors: those of LineReader; FormatError naming both files when they differ in lines, for an empty file,
// and with file:line for a line with another number of references than references_a_line; ArgumentError
// without references or hypotheses, or when a file is named twice as "-".
std::vector<ScoredFile> count_files(const std::vector<const Metric*>& metrics, const ScoreFiles& files);

}  // namespace mosaic::data
