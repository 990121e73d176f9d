// Decoding token by token with key/value caches, for whole batches of sentences and several hypotheses each.
#pragma once

#include <span>
#include <vector>

#include "nn/models/transformer.h"

namespace mosaic::nn {

// Rows are hypotheses: row r belongs to sentence r / (rows / sentences). Nothing is recorded for backward.
class IncrementalDecoder {
 public:
  // Encodes source {sentences, S} and projects it for every decoder layer once; one row a sentence. The model
  // must outlive this.
  IncrementalDecoder(const Seq2Seq& model, const Tensor& source);

  // Feeds one token a row, i32 {rows}, and returns the logits of the next {rows, target vocabulary}.
  Tensor step(const Tensor& tokens);
  Tensor step(std::span<const int32_t> tokens);

  // New row i continues old row rows[i]; new sentence j is old sentence sentences[j] (others are dropped).
  // Rows must be grouped by new sentence, equally many each.
  void select(std::span<const int32_t> rows, std::span<const int32_t> sentences);

  int64_t rows() const { return rows_; }
  int64_t sentences() const { return sentences_; }
  int64_t position() const { return position_; }  // tokens fed so far

 private:
  const Seq2Seq& model_;
  int64_t rows_, sentences_, position_ = 0;
  std::vector<DecoderLayerCache> caches_;
};

// Sequences as one right-padded i32 {count, longest}. ArgumentError when there are none or all are empty.
Tensor pad_sequences(const std::vector<std::vector<int32_t>>& sequences, int64_t padding,
                     Device device = cpu());

}  // namespace mosaic::nn
