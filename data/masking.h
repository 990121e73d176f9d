// Masked language modelling: which tokens of a sequence a model must guess, and what it sees in their place.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/text/wordpiece.h"
#include "engine/core/json.h"
#include "engine/core/random.h"

namespace mosaic::data {

// exact: of n tokens max(1, round(share n)) are guessed (Devlin et al. 2019), so every batch has about the
// same work; independent: each token with the probability `share`, at least one (as data collators do).
enum class MaskCount { exact, independent };

struct MaskingOptions {
  double share = 0.15;    // of the tokens, to be guessed
  double masked = 0.8;    // of those: seen as [MASK],
  double replaced = 0.1;  // seen as a random token; the others are seen as they are
  MaskCount count = MaskCount::exact;
  bool whole_words = false;    // a word's pieces are guessed together; with `exact` at most the same number
  uint64_t seed = 1;           // of training
  uint64_t valid_seed = 2022;  // of validation; not the run's seed, so that perplexities of runs compare
};
json describe(const MaskingOptions& options);

struct MaskedSequence {
  std::vector<int32_t> ids;        // what the model sees
  std::vector<int32_t> positions;  // of the tokens to guess, ascending
  std::vector<int32_t> targets;    // the tokens to guess, in the order of positions
};

// Draws masks. A mask depends on the seed, the epoch, the sequence's number and its ids only, never on
// threads, batches or what was drawn before. Special tokens ([UNK] is one) are neither guessed nor put in a
// token's place. A sequence of special tokens only has no position.
class Masking {
 public:
  // ArgumentError: a share outside 0..1 (the first must be above 0), masked + replaced above 1, a vocabulary
  // of special tokens only. Keeps what it needs of the vocabulary.
  explicit Masking(const WordPiece& wordpiece, const MaskingOptions& options = {});

  // Another mask in every epoch (dynamic masking, Liu et al. 2019). ArgumentError for a negative number or an
  // id outside the vocabulary.
  MaskedSequence train(std::span<const int32_t> ids, int64_t epoch, int64_t sequence) const;
  // The same mask always.
  MaskedSequence valid(std::span<const int32_t> ids, int64_t sequence) const;

  const MaskingOptions& options() const { return options_; }
  int32_t pad() const { return pad_; }

 private:
  // Tokens that are guessed together: one, or the pieces of a word.
  struct Unit {
    int32_t begin, size;
  };
  std::vector<Unit> units(std::span<const int32_t> ids) const;
  std::vector<int32_t> choose(std::vector<Unit> units, Generator& random) const;
  MaskedSequence draw(std::span<const int32_t> ids, Generator random) const;

  MaskingOptions options_;
  Generator train_, valid_;
  std::vector<char> special_, continues_;  // by id
  std::vector<int32_t> ordinary_;          // ids that may replace a token
  int32_t mask_ = 0, pad_ = 0;
};

}  // namespace mosaic::data
