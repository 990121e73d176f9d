// The loss of translation: label-smoothed cross-entropy, summed over the target tokens of a batch.
//
// Sums, not means: the gradient is divided once, by the number of tokens of all micro-batches (and processes
// and architectures) that make an update; a mean of means would weigh tokens unequally.
#pragma once

#include <cstdint>

#include "nn/models/transformer.h"

namespace mosaic::nn {

// Right-padded ids i32. decoder_input is targets moved one to the right, with eos in front.
struct SequenceBatch {
  Tensor source;         // {batch, S}
  Tensor decoder_input;  // {batch, T}
  Tensor targets;        // {batch, T}, padding where nothing is to be said
};

struct SequenceLoss {
  Tensor loss;         // {}: sum over tokens of (1 - s) * (-log p[t]) + s / V * sum_v(-log p[v])
  double nll = 0;      // sum of -log p[t], 0 unless asked for
  int64_t tokens = 0;  // target tokens that are not padding
};

struct LossOptions {
  double label_smoothing = 0.1;
  bool nll = true;  // one more read of the logits
};

// logits {n, V}, targets i32 {n} -> the summed loss of all n. Outside the tape nll costs two small passes.
SequenceLoss token_loss(const Tensor& logits, const Tensor& targets, const LossOptions& options = {});

// The model's loss on a batch. Only the rows of real tokens reach the vocabulary projection. ArgumentError
// when there are none.
SequenceLoss sequence_loss(const Seq2Seq& model, const SequenceBatch& batch, const LossOptions& options = {},
                           const Context& context = {});

}  // namespace mosaic::nn
