// Examples: sentence pairs as ids, encoded in memory or kept in a binary file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/parallel_corpus.h"
#include "data/text/subwords.h"

namespace mosaic::data {

// Ids of one pair; both sides end with eos.
struct Example {
  std::vector<int32_t> source, target;
  bool operator==(const Example&) const = default;
};

// Encodes every pair, in order.
std::vector<Example> encode_pairs(const Subwords& subwords, const std::vector<SentencePair>& pairs);
// One source sentence with eos, for translating.
std::vector<int32_t> encode_source(const Subwords& subwords, const std::string& text);

// Which text and subwords a binary file was made from; a file made from others is refused.
struct ExamplesOrigin {
  std::string text;      // hash of the corpus
  std::string subwords;  // Subwords::hash()
  int64_t vocabulary = 0;
  bool operator==(const ExamplesOrigin&) const = default;
};

// A binary file: one line of JSON (format, version, origin, counts, hash of the rest), then the lengths of
// all sources and targets and all ids as little-endian int32. Written atomically.
void save_examples(const std::filesystem::path& path, const std::vector<Example>& examples,
                   const ExamplesOrigin& origin);
// FormatError: not such a file, cut short, changed (hash), made from something else, lengths that do not add
// up, ids outside 0..vocabulary-1, a sentence that does not end with eos.
std::vector<Example> load_examples(const std::filesystem::path& path, const ExamplesOrigin& expected);

}  // namespace mosaic::data
