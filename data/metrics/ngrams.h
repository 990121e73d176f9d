// N-grams of several short texts, counted order by order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace mosaic::data {

// Numbers tokens: equal ones alike, from 0. Made for the few dozen tokens of a segment; the texts must
// outlive it.
class TokenNumbers {
 public:
  explicit TokenNumbers(size_t most_tokens);
  uint32_t of(std::string_view token);

 private:
  struct Slot {
    std::string_view token;
    uint32_t number;
  };
  std::vector<Slot> slots_;  // open addressing, a power of two
  uint32_t numbers_ = 0;
};

// Numbers the n-grams of all texts alike (equal n-grams, equal numbers from 0) and counts them in each text.
// An n-gram is the pair (number of its first n - 1 tokens, last token), so every order costs one look-up a
// position.
class NgramCounts {
 public:
  explicit NgramCounts(const std::vector<std::vector<uint32_t>>& texts);

  // Goes on to the next order; the first call counts single tokens.
  void advance();
  // Different n-grams of this order, in all texts together.
  size_t distinct() const { return counts_.size() / texts_.size(); }
  // How often the n-gram stands in each text, {texts}.
  const uint32_t* of(size_t ngram) const { return counts_.data() + ngram * texts_.size(); }
  // N-grams of this order in a text, repeated ones counted again.
  int64_t total(size_t text) const;

 private:
  struct Slot {
    uint64_t key;
    uint32_t number;
  };
  uint32_t number_of(uint64_t key);

  const std::vector<std::vector<uint32_t>>& texts_;
  std::vector<std::vector<uint32_t>> prefixes_;  // the number of the n-gram that starts at each position
  std::vector<Slot> slots_;                      // open addressing, a power of two
  std::vector<uint32_t> counts_;                 // {distinct, texts}
  uint32_t numbers_ = 0;
  size_t order_ = 0;
};

}  // namespace mosaic::data
