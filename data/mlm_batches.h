// Batches of packed sequences with their masks, in an order that depends on the seed only and can be resumed
// anywhere.
#pragma once

#include <cstdint>
#include <vector>

#include "data/batch.h"
#include "data/masking.h"
#include "data/mlm_corpus.h"
#include "engine/core/random.h"

namespace mosaic::data {

// One batch as row-major arrays. Rows are padded on the right with [PAD] up to the longest of the batch.
struct MlmBatch {
  int64_t rows = 0, length = 0;
  std::vector<int32_t> ids;        // {rows, length}: what the model sees
  std::vector<int32_t> lengths;    // {rows}: ids of a row without padding
  std::vector<int32_t> positions;  // {guesses}: row * length + column of each token to guess, ascending
  std::vector<int32_t> targets;    // {guesses}: the tokens to guess
  std::vector<int64_t> indices;    // {rows}: which sequences these are
  int64_t tokens = 0;              // sum of lengths
};

// Reads, masks and lays out the sequences named by `indices`, with the masks of an epoch of training or the
// fixed ones of validation. The same for any number of threads. ArgumentError for no index or one outside.
MlmBatch make_mlm_batch(const MlmSequences& sequences, const Masking& masking,
                        const std::vector<int64_t>& indices, int64_t epoch);
MlmBatch make_valid_batch(const MlmSequences& sequences, const Masking& masking,
                          const std::vector<int64_t>& indices);

// A random order of 0..size-1 that is computed place by place instead of being stored: a Feistel network over
// the next power of four, values outside the range sent through again. Takes no memory, whatever the size.
class RandomOrder {
 public:
  RandomOrder(int64_t size, const Generator& random);
  int64_t operator()(int64_t place) const;  // ArgumentError unless 0 <= place < size

 private:
  int64_t size_;
  int half_bits_;
  uint64_t key_;
};

// Cuts epochs of a shuffled corpus into batches of equally many rows. The size % rows sequences at an epoch's
// end are left out of it (others in each epoch), so that every update weighs the same; a corpus of fewer
// sequences than rows is one batch.
class MlmPlan {
 public:
  // ArgumentError for no sequence or rows below 1. `random` is only forked.
  MlmPlan(int64_t sequences, int64_t rows, const Generator& random);

  int64_t batches() const { return batches_; }  // of an epoch
  int64_t rows() const { return rows_; }
  // The sequences of the batch at `position`, and the position behind it. ArgumentError for one outside.
  std::vector<int64_t> batch(const DataPosition& position) const;
  DataPosition next(const DataPosition& position) const;

 private:
  void check_position(const DataPosition& position) const;
  int64_t sequences_, rows_, batches_;
  Generator epochs_;
};

// All sequences in order, `rows` at a time, the last batch with what is left: for validation.
std::vector<std::vector<int64_t>> batches_in_order(int64_t sequences, int64_t rows);

}  // namespace mosaic::data
