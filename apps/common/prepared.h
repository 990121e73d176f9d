// A data directory: clean text of three splits, the joint subwords and what they were made from.
//
//   train.SRC train.TGT valid.* test.*   one sentence a line
//   manifest.json                        the corpus: source, counts, hash of every file
//   subwords.model                       joint vocabulary, learned from the training text
//   data.json                            languages, hashes of the two above
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "engine/core/json.h"

namespace mosaic::apps {

struct PrepareOptions {
  // Where text comes from: "parallel" (Moses files), "pairs" (one file of two columns, split here),
  // "libreoffice-help" or "debian-descriptions" (English on the source side).
  std::string source = "parallel";
  std::string source_language = "en", target_language = "de";
  std::filesystem::path train, valid, test;            // parallel: prefixes; pairs: train is the file
  std::filesystem::path root = "/";                    // of the Debian packages' files
  std::filesystem::path lists = "/var/lib/apt/lists";  // of apt's descriptions
  int64_t valid_size = 1000, test_size = 1000;         // set aside when the source has no splits of its own
  int64_t max_train = 0;                               // keep the first so many training pairs; 0: all
  int64_t vocabulary = 4000;
  bool lowercase = false;
  int64_t max_words = 250;  // drop longer training pairs
  bool overwrite = false;
};

// apt's file of descriptions in a language below `lists`, plain or gzip; the largest of several.
// ResourceError that says how to fetch it when there is none.
std::filesystem::path find_descriptions(const std::filesystem::path& lists, const std::string& language);

// Makes a data directory; warnings about the text are told on standard error. UsageError when the directory
// has data already and overwriting was not asked for. Returns the content of data.json.
json prepare_data(const PrepareOptions& options, const std::filesystem::path& out);

struct PreparedData {
  std::filesystem::path directory;
  std::string source_language, target_language;
  data::Subwords subwords;
  json facts;  // data.json

  std::filesystem::path file(const std::string& split, bool source) const;
  // The pairs of a split, in order.
  std::vector<data::SentencePair> pairs(const std::string& split) const;
  std::vector<data::Example> examples(const std::string& split) const;
  std::string vocabulary_hash() const { return subwords.hash(); }
  // One hash over text and subwords: what scores and caches belong to.
  std::string hash() const;
};

// Opens a data directory and checks every file's hash. FormatError or ResourceError naming what is wrong.
PreparedData open_data(const std::filesystem::path& directory);

// Counts of a data directory: sentences, words, subwords and lengths of each split.
json data_statistics(const PreparedData& prepared);

}  // namespace mosaic::apps
