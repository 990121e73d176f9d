// Text for masked language modelling: documents as packed sequences of ids, in files that are read in place.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/mlm_packing.h"
#include "data/text/wordpiece.h"
#include "engine/core/json.h"

namespace mosaic::data {

// Where a document ends: at a blank line (lines are sentences or paragraphs; the end of a file ends one too)
// or at every line's end (a line is a whole article, or sentences do not belong together).
enum class DocumentEnd { blank_line, line };

struct MlmCorpusOptions {
  PackingOptions packing = {};
  DocumentEnd document_end = DocumentEnd::blank_line;
  // Share of the documents kept for validation, in steps of 1/10,000. Its first lines, 16 at most, decide by
  // their hash, so a document stays on its side whatever is added to the corpus, in whatever order, and
  // two documents that begin alike are on the same side.
  double valid_share = 0.01;
  bool overwrite = false;  // else ArgumentError when the folder has a corpus already
};

// Reads text files (plain or gzip, UTF-8), encodes them (in parallel; result the same for any number of
// threads) and writes train.ids, valid.ids and last manifest.json (vocabulary, options, sources, counts,
// hashes) into out_dir. Memory is bounded by blocks of lines. `valid_files` go to validation whole; then
// valid_share counts for `files` alone. Returns the manifest. Errors: LineReader's; ArgumentError for options
// out of range, no file, a side without any sequence (unless valid_share is 0 and there are no valid_files).
json build_mlm_corpus(const std::vector<std::filesystem::path>& files, const WordPiece& wordpiece,
                      const std::filesystem::path& out_dir, const MlmCorpusOptions& options = {},
                      const std::vector<std::filesystem::path>& valid_files = {});

// One side of a corpus. A sequence is a record of length() ids, little-endian, two bytes each when the
// vocabulary has at most 65,536 tokens, else four, padded with [PAD] at its end. Cheap to copy, safe to use
// from several threads.
class MlmSequences {
 public:
  int64_t size() const;    // sequences
  int64_t length() const;  // ids of the longest sequence possible
  int64_t tokens() const;  // of text in all of them
  // The ids of a sequence, [CLS] and [SEP] included, without padding. ArgumentError for an index outside,
  // ResourceError when the file can no longer be read, FormatError for an id outside the vocabulary.
  void read(int64_t index, std::vector<int32_t>& ids) const;
  std::vector<int32_t> read(int64_t index) const;

 private:
  friend class MlmCorpus;
  struct File;
  explicit MlmSequences(std::shared_ptr<const File> file) : file_(std::move(file)) {}
  std::shared_ptr<const File> file_;
};

class MlmCorpus {
 public:
  // FormatError: no such corpus, another vocabulary or text rules than `wordpiece` has, a file cut short or
  // changed (sizes and hashes are checked).
  static MlmCorpus open(const std::filesystem::path& dir, const WordPiece& wordpiece);

  const MlmSequences& train() const { return train_; }
  const MlmSequences& valid() const { return valid_; }
  const json& manifest() const { return manifest_; }
  // XXH3-64 over both files' hashes: what was trained on, in one word.
  std::string hash() const;

 private:
  MlmCorpus(json manifest, MlmSequences train, MlmSequences valid)
      : manifest_(std::move(manifest)), train_(std::move(train)), valid_(std::move(valid)) {}
  json manifest_;
  MlmSequences train_, valid_;
};

}  // namespace mosaic::data
