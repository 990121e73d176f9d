// Batches of about equal token counts, in an order that depends on the seed only and can be resumed anywhere.
#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"
#include "engine/core/json.h"
#include "engine/core/random.h"

namespace mosaic::data {

struct BatchOptions {
  int64_t max_tokens = 4096;     // rows times the longest side of a batch
  int64_t max_rows = 0;          // 0: no bound
  int64_t row_multiple = 8;      // full batches are cut to a multiple of this many rows
  int64_t max_positions = 1024;  // longest side allowed, eos included
  bool drop_long = false;  // drop what is longer than max_positions or max_tokens instead of refusing it
};

// One batch as row-major arrays. Rows are padded on the right with pad.
struct Batch {
  int64_t rows = 0, source_length = 0, target_length = 0;
  std::vector<int32_t> source;          // {rows, source_length}
  std::vector<int32_t> decoder_input;   // {rows, target_length}: the target with its eos moved to the front
  std::vector<int32_t> target;          // {rows, target_length}
  std::vector<int32_t> source_lengths;  // {rows}
  std::vector<int32_t> target_lengths;  // {rows}
  std::vector<int64_t> indices;         // {rows}: which examples these are
  int64_t source_tokens = 0, target_tokens = 0;  // without padding
};

// Lays out the examples named by `indices`. ArgumentError for an index outside the data or no index.
Batch make_batch(const std::vector<Example>& examples, const std::vector<int64_t>& indices);

// A place in the stream of batches: what a trainer saves and restores.
struct DataPosition {
  int64_t epoch = 0;  // from 0
  int64_t batch = 0;  // of the epoch, the next to come
  bool operator==(const DataPosition&) const = default;
};
json describe(const DataPosition& position);
DataPosition data_position(const json& value, const std::string& where);

// Several batches that make one parameter update.
struct Update {
  std::vector<std::vector<int64_t>> batches;  // indices of examples
  int64_t target_tokens = 0;
  DataPosition next;  // where the following update begins
};

// Groups examples into batches. Examples are shuffled, then sorted by source length with ties by target
// length (stable sorts, so equal lengths stay shuffled). A batch of n rows is closed when (n + 1) times the
// longest side, the next example's included, would exceed max_tokens; of a closed batch the first max(m
// floor(n / m), n mod m) rows are given out (m = row_multiple), the others begin the next one. The batches
// are the same in every epoch, their order is shuffled anew. Rows held over may exceed max_tokens a little
// when lengths jump.
class BatchPlan {
 public:
  // ArgumentError: options out of range, no example left, or (unless drop_long) an example that is too long,
  // with its index and length. `random` is only forked.
  BatchPlan(const std::vector<Example>& examples, const BatchOptions& options, const Generator& random);

  int64_t batches() const { return static_cast<int64_t>(batches_.size()); }
  int64_t examples() const { return examples_; }            // in all batches
  int64_t dropped() const { return dropped_; }              // too long
  int64_t target_tokens() const { return target_tokens_; }  // of an epoch

  // Batches from short to long, for evaluation.
  const std::vector<std::vector<int64_t>>& sorted() const { return batches_; }
  // The order of an epoch: batch i is sorted()[order(epoch)[i]].
  std::vector<int64_t> order(int64_t epoch) const;

  // The batches from `position` on until they hold at least `tokens` target tokens (at least one batch;
  // tokens 0: exactly one). Goes on into the next epoch when one ends. ArgumentError for a position outside
  // the plan.
  Update update(DataPosition position, int64_t tokens) const;

 private:
  std::vector<std::vector<int64_t>> batches_;
  std::vector<int64_t> batch_tokens_;  // target tokens of each batch
  Generator epochs_;
  int64_t examples_ = 0, dropped_ = 0, target_tokens_ = 0;
};

}  // namespace mosaic::data
