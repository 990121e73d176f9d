// Aligned sentence pairs: two files with one sentence a line (Moses style), or one file of two columns.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/text/lines.h"
#include "engine/core/json.h"

namespace mosaic::data {

struct SentencePair {
  std::string source, target;
};

// What to do with a pair of which a side is empty or all white space. A test set keeps them (scores need
// every line), a training set drops them.
enum class EmptyLines { drop, keep, refuse };

struct ParallelOptions {
  EmptyLines empty = EmptyLines::drop;
  int64_t max_words = 0;  // drop pairs with a longer side; 0: no bound
  double max_ratio =
      0;  // drop pairs whose longer side has more than this times the words of the other; 0: no bound
  LineOptions lines = {};
};

// What was read, what was dropped and what looked odd.
struct ParallelReport {
  std::string source, target;  // file names; equal for a two-column file
  int64_t lines = 0, kept = 0;
  int64_t empty_source = 0, empty_target = 0, empty_both = 0;  // dropped or, by option, kept
  int64_t too_long = 0, bad_ratio = 0;                         // dropped
  int64_t identical = 0;                                       // kept pairs whose sides are equal
  int64_t carriage_returns = 0;                                // stripped, both files
  std::vector<std::string> warnings;
};
json describe(const ParallelReport& report);

struct ParallelCorpus {
  std::vector<SentencePair> pairs;
  std::vector<int64_t> line_numbers;  // of each pair in the files, from 1
  ParallelReport report;

  std::vector<std::string> sources() const;
  std::vector<std::string> targets() const;
};

// Reads a pair of files in step. FormatError: the numbers of lines differ (both are named), both are empty,
// no pair is left, or what LineReader refuses; with EmptyLines::refuse the first empty line. Warns when the
// two files are the same or one side ends its lines otherwise than the other.
ParallelCorpus read_parallel(const std::filesystem::path& source, const std::filesystem::path& target,
                             const ParallelOptions& options = {});

// read_parallel of "prefix.source_language" and "prefix.target_language", each also found with ".gz" added.
ParallelCorpus read_parallel(const std::filesystem::path& prefix, const std::string& source_language,
                             const std::string& target_language, const ParallelOptions& options = {});

// Reads "source<TAB>target" lines. FormatError on a line with another number of columns.
ParallelCorpus read_pairs_tsv(const std::filesystem::path& path, const ParallelOptions& options = {});

// Writes prefix.source_language and prefix.target_language.
void write_parallel(const std::filesystem::path& prefix, const std::string& source_language,
                    const std::string& target_language, const std::vector<SentencePair>& pairs);

// How many test sentences were seen in training: a leak makes scores meaningless.
struct Overlap {
  int64_t test = 0;         // pairs in the test set
  int64_t same_source = 0;  // whose source sentence is a training source
  int64_t same_pair = 0;    // whose both sides are a training pair
  std::string warning;      // empty without overlap
};
Overlap find_overlap(const std::vector<SentencePair>& train, const std::vector<SentencePair>& test);

}  // namespace mosaic::data
