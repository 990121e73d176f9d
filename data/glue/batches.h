// GLUE's examples as a BERT model reads them, and their batches in an order that depends on the seed only and
// can be resumed anywhere.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/batch.h"
#include "data/glue/predictions.h"
#include "data/glue/reader.h"
#include "data/text/wordpiece.h"
#include "engine/core/random.h"

namespace mosaic::data {

// One encoded split: [CLS] sentence [SEP], for pairs [CLS] first [SEP] second [SEP], cut to max_length ids
// (pairs: the longer sentence first), and the right answers.
class GlueInputs {
 public:
  // The same for any number of threads. ArgumentError without examples and for a max_length with no room.
  GlueInputs(const GlueData& data, const WordPiece& wordpiece, int64_t max_length);

  const GlueTask& task() const { return *task_; }
  int64_t size() const { return static_cast<int64_t>(first_lengths_.size()); }
  // Of the example at `index`; ArgumentError for one outside.
  std::span<const int32_t> ids(int64_t index) const;
  int64_t first_length(int64_t index) const;  // ids of segment 0: up to the first [SEP] included
  // Labels or scores in the order of the examples; both are empty for a test.
  const GlueValues& gold() const { return gold_; }

  int32_t pad() const { return pad_; }
  int64_t cut() const { return cut_; }  // examples that were too long
  int64_t tokens() const { return static_cast<int64_t>(ids_.size()); }
  // XXH3-64 of task, ids, segments and answers: what results and caches belong to.
  const std::string& hash() const { return hash_; }

 private:
  void append(const BertInput& input);
  std::string compute_hash() const;

  const GlueTask* task_;
  int32_t pad_;
  std::vector<int32_t> ids_;     // of all examples, one after the other
  std::vector<int64_t> starts_;  // {size + 1}
  std::vector<int32_t> first_lengths_;
  GlueValues gold_;
  int64_t cut_ = 0;
  std::string hash_;
};

// One batch as row-major arrays. Rows are padded on the right with [PAD] up to the longest of the batch.
struct GlueBatch {
  int64_t rows = 0, length = 0;
  std::vector<int32_t> ids;      // {rows, length}
  std::vector<int32_t> types;    // {rows, length}: segments, 0 for padding
  std::vector<int32_t> labels;   // {rows} of a classification, empty for regressions and tests
  std::vector<float> scores;     // {rows} of a regression, empty for classifications and tests
  std::vector<int64_t> indices;  // {rows}: which examples these are
  int64_t tokens = 0;            // without padding
};

// Lays out the examples named by `indices`. ArgumentError for no index or one outside.
GlueBatch make_glue_batch(const GlueInputs& inputs, const std::vector<int64_t>& indices);

// Cuts every epoch's own shuffle of all examples into batches of `rows`; the last one holds what is left.
class GluePlan {
 public:
  // ArgumentError for no example or rows below 1. `random` is only forked.
  GluePlan(int64_t examples, int64_t rows, const Generator& random);

  int64_t batches() const { return (examples_ + rows_ - 1) / rows_; }  // of an epoch
  // The examples of the batch at `position`, and the position behind it. ArgumentError for one outside.
  std::vector<int64_t> batch(const DataPosition& position) const;
  DataPosition next(const DataPosition& position) const;

 private:
  void check_position(const DataPosition& position) const;
  int64_t examples_, rows_;
  Generator epochs_;
};

// All examples once, from short to long, `rows` at a time: for predictions, with little padding.
std::vector<std::vector<int64_t>> batches_by_length(const GlueInputs& inputs, int64_t rows);

}  // namespace mosaic::data
