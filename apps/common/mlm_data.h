// A data directory for BERT: packed sequences of two splits, the WordPiece vocabulary and what they were made
// from.
//
//   train.ids valid.ids   sequences (data/mlm_corpus.h)
//   manifest.json         their counts, options, sources, hashes
//   vocab.txt             WordPiece vocabulary, learned from the training text or given
//   text/NAME.txt         text taken out of Debian packages, when some were named
//   data.json             text rules, hashes of the two above
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/common/batches.h"
#include "data/masking.h"
#include "data/mlm_batches.h"
#include "data/mlm_corpus.h"

namespace mosaic::apps {

struct MlmPrepareOptions {
  std::vector<std::filesystem::path> texts, valid;  // plain or gzip, UTF-8
  // Debian packages whose English text is taken besides: "libreoffice-help", "debian-descriptions",
  // "anarchism" (data/english_text.h). It is kept as text/NAME.txt in the directory.
  std::vector<std::string> sources;
  std::filesystem::path root = "/";                    // of the packages' files
  std::filesystem::path lists = "/var/lib/apt/lists";  // of apt's descriptions
  std::filesystem::path vocabulary_file;  // vocab.txt, or a folder that has one; empty: one is learned
  int64_t vocabulary = 8000;              // tokens to learn
  bool cased = false;
  data::MlmCorpusOptions corpus;
};

// Makes a data directory. UsageError when it has data already and overwriting was not asked for, or holds
// something else. Returns the content of data.json.
json prepare_mlm_data(const MlmPrepareOptions& options, const std::filesystem::path& out);

struct MlmData {
  std::filesystem::path directory;
  data::WordPiece wordpiece;
  data::MlmCorpus corpus;
  std::string vocabulary_hash() const { return wordpiece.hash(); }
  // One hash over sequences and vocabulary: what scores and caches belong to.
  std::string hash() const;
};

// Opens a data directory and checks every file's hash. FormatError or ResourceError naming what is wrong.
MlmData open_mlm_data(const std::filesystem::path& directory);

// What a data directory holds: "translation" or "mlm". ResourceError when it is none.
std::string data_kind(const std::filesystem::path& directory);

// Counts of both splits, as manifest.json has them, with the vocabulary's size.
json mlm_statistics(const MlmData& data);

nn::MaskedBatch to_tensors(const data::MlmBatch& batch);

// All validation sequences (or the first `limit`) with their fixed masks, at most `max_tokens` a batch.
std::vector<nn::Batch> validation_set(const MlmData& data, const data::MaskingOptions& masking,
                                      int64_t max_tokens, int64_t limit);

// Epochs of shuffled sequences with dynamic masks, as updates of micro-batches of `rows`.
class MlmUpdates final : public UpdateSource {
 public:
  MlmUpdates(const MlmData& data, const data::MaskingOptions& masking, int64_t rows, int64_t rows_per_update,
             const Generator& random);
  std::vector<nn::Batch> next() override;
  json cursor() const override;
  void seek(const json& cursor) override;

 private:
  data::MlmSequences sequences_;
  data::Masking masking_;
  data::MlmPlan plan_;
  int64_t batches_;  // of an update
  std::string identity_;
  data::DataPosition position_;
};

}  // namespace mosaic::apps
