// Batches and losses: what models are trained on, and cross-entropy summed over what is to be said.
//
// Sums, not means: the gradient is divided once, by the number of tokens of all micro-batches (and processes
// and architectures) that make an update; a mean of means would weigh tokens unequally.
#pragma once

#include <cstdint>
#include <variant>

#include "nn/models/bert.h"
#include "nn/models/transformer.h"

namespace mosaic::nn {

// Translation. Right-padded ids i32. decoder_input is targets moved one to the right, with eos in front.
struct SequenceBatch {
  Tensor source;         // {batch, S}
  Tensor decoder_input;  // {batch, T}
  Tensor targets;        // {batch, T}, padding where nothing is to be said
};

// Masked language modelling: right-padded ids, and which of them are to be guessed.
struct MaskedBatch {
  Tensor ids;      // i32 {batch, length}, what the model sees
  Tensor places;   // i32 {n}: row * length + column of each token to guess
  Tensor targets;  // i32 {n}: the tokens to guess
};

// Classification or regression of texts and pairs of texts.
struct LabelledBatch {
  BertInput input;
  Tensor targets;  // {batch}: i32 classes, or float scores of a regression
  // {batch, labels} logits of a teacher to learn from besides, by LossOptions; undefined: none.
  Tensor teacher = {};
};

// A batch of any task. A model has a loss on batches of its kinds.
using Batch = std::variant<SequenceBatch, MaskedBatch, LabelledBatch>;

struct BatchLoss {
  Tensor loss;         // {}: the sum over tokens of (1 - s) * (-log p[t]) + s / V * sum_v(-log p[v])
  double nll = 0;      // the sum of -log p[t] (of squared errors for scores), 0 unless asked for
  int64_t tokens = 0;  // what is summed over: target tokens that are not padding, guesses, or texts
  Tensor logits = {};  // {tokens, V}, for distillation; defined if asked for, or if there was no way around
};

struct LossOptions {
  double label_smoothing = 0.1;
  bool nll = true;      // one more read of the logits
  bool logits = false;  // keep them: without, a vocabulary's logits are made for a few tokens at a time
  // Distillation: the loss is (1 - weight) * loss + weight * T^2 * sum(-softmax(teacher / T) * log_softmax(
  // logits / T)) (Hinton et al. 2015); of scores, weight times the squared distance to the teacher's.
  Tensor teacher = {};  // {tokens, V} logits, undefined: none
  double teacher_weight = 0.5, temperature = 1;
};

// logits {n, V}, targets i32 {n} -> the summed loss of all n. Outside the tape nll costs two small passes.
// ShapeError when a teacher's logits have another shape.
BatchLoss token_loss(const Tensor& logits, const Tensor& targets, const LossOptions& options = {});
// The same of logits that an output layer would make.
BatchLoss token_loss(const OutputLayer& output, const Tensor& targets, const LossOptions& options = {});
// outputs {n, 1}, targets float {n} -> the sum of squared errors; label smoothing does not apply.
BatchLoss score_loss(const Tensor& outputs, const Tensor& targets, const LossOptions& options = {});

// The model's loss on a batch, which is packed first: no layer works on padding. ArgumentError for targets
// that are all padding and for padding before a token.
BatchLoss sequence_loss(const Seq2Seq& model, const SequenceBatch& batch, const LossOptions& options = {},
                        const Context& context = {});
// ArgumentError when there is nothing to guess or the model lacks the head.
BatchLoss masked_loss(const Bert& model, const MaskedBatch& batch, const LossOptions& options = {},
                      const Context& context = {});
BatchLoss labelled_loss(const Bert& model, const LabelledBatch& batch, const LossOptions& options = {},
                        const Context& context = {});

// The loss on a batch of whichever kind; ArgumentError when the model has none on it.
BatchLoss batch_loss(const Seq2Seq& model, const Batch& batch, const LossOptions& options = {},
                     const Context& context = {});
BatchLoss batch_loss(const Bert& model, const Batch& batch, const LossOptions& options = {},
                     const Context& context = {});

}  // namespace mosaic::nn
