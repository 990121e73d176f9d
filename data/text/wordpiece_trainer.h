// Learns a WordPiece vocabulary from text.
//
// Beginning with single characters, the pair of neighbouring tokens that occurs most often in the text
// becomes a token, again and again (byte-pair merging on the words of bert_split(), as Hugging Face's trainer
// does). The other known rule, count(ab) / (count(a) count(b)), was not chosen: it prefers pairs of rare
// characters and spends the vocabulary on them. With 1,000 tokens learnt from presidential addresses, their
// text took 3.6 tokens a word by that rule and 1.6 by this one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "data/text/wordpiece.h"

namespace mosaic::data {

// How often each word occurs. The counts, and so everything learnt from them, depend neither on the order of
// the text nor on the number of threads.
class WordCounts {
 public:
  explicit WordCounts(const WordPieceOptions& options = {}) : options_(options) {}

  void add(const std::vector<std::string>& lines);
  // A text file (plain or gzip), read in blocks. Errors as LineReader's.
  void add_file(const std::filesystem::path& path);
  void add_word(const std::string& word, int64_t count);  // one that bert_split() would give

  const WordPieceOptions& options() const { return options_; }
  int64_t words() const;  // all occurrences
  // By word, in the order of bytes.
  std::vector<std::pair<std::string, int64_t>> sorted() const;

 private:
  WordPieceOptions options_;
  std::unordered_map<std::string, int64_t> counts_;
};

struct WordPieceTrainerOptions {
  int64_t vocabulary = 8000;    // at most this many tokens, the five special ones included
  int64_t min_frequency = 2;    // of a pair that becomes a token
  int64_t max_alphabet = 1000;  // the most frequent characters; words with others are left out ([UNK] later)
};

// Special tokens (ids 0 to 4: [PAD], [UNK], [CLS], [SEP], [MASK]), then the alphabet by code point, each
// character as a word's beginning and, where words go on with it, as a continuation; then the learnt tokens
// in the order of their learning. Ties go to the pair whose tokens came first. The vocabulary is smaller than
// asked for when no pair is left. ArgumentError: options out of range, no word, a vocabulary too small for
// the alphabet (its size is named).
WordPiece train_wordpiece(const WordCounts& words, const WordPieceTrainerOptions& options = {});

}  // namespace mosaic::data
