// Pieces shared by the searches. Internal to nn/decode.
#pragma once

#include <span>
#include <vector>

#include "nn/decode/decode.h"

namespace mosaic::nn {

// ArgumentError unless the limits can be kept.
void check_limits(const char* op, const LengthLimits& limits);
// The most tokens each sentence of source may get, the end not counted.
std::vector<int64_t> length_limits(const Tensor& source, int64_t padding, const LengthLimits& limits);

// What the searches read from one step's logits {rows, V}, on the host in f32.
struct StepScores {
  // NonFiniteError when a row has no finite normaliser. `ranks`: how many of each row's likeliest tokens are
  // wanted.
  StepScores(const Tensor& logits, int64_t ranks);
  int64_t vocabulary;
  Tensor logits;      // dense f32
  Tensor normalizer;  // logsumexp of each row {rows}
  Tensor best;        // ids {rows, ranks}, the likeliest first, equal ones ascending; undefined without ranks
  std::span<const float> row(int64_t r) const;
  std::span<const int32_t> ranked(int64_t r) const;
  double log_probability(int64_t r, int64_t token) const;
};

double length_score(double log_probability, int64_t tokens_and_end, double length_penalty);

}  // namespace mosaic::nn
