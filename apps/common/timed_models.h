// Models and batches of given sizes without data: what training and evaluation are timed on.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "mos/super_bert.h"
#include "mos/supernet.h"
#include "nas/sampler.h"
#include "nn/loss.h"

namespace mosaic::apps {

struct TimedModel {
  bool bert = false;                // masked language modelling instead of translation
  std::optional<mos::Space> space;  // of a supernet; none: a plain model of the sizes below
  std::optional<mos::Arch> arch;    // of the space: its static model alone instead of the supernet
  mos::MixtureOptions mixture;      // of the supernet
  nas::Policy policy = nas::Policy::sandwich;
  int64_t embed = 0, ffn = 0, heads = 0, layers = 0;  // layers: of the encoder and of the decoder
  double dropout = 0, attention_dropout = 0;
  int64_t vocabulary = 0;
  int64_t rows = 0, length = 0;  // of a micro-batch
  int64_t batches = 1;           // micro-batches of an update
  // Not empty: a BERT is fine-tuned instead, on `rows` texts of two classes, so many tokens long each.
  std::vector<int64_t> texts = {};

  // Tokens of an update, without padding: of each side, or of a BERT's sequences.
  int64_t tokens() const;
};

// Random tokens, padded only where texts have different lengths. Of a BERT's sequences, round(0.15 length)
// tokens a row (at least one) are to be guessed.
std::vector<nn::Batch> synthetic_batches(const TimedModel& settings);

// Fresh ones on the chosen device: a supernet of settings.space, or a model alone.
std::unique_ptr<mos::Supernet> translation_supernet(const TimedModel& settings);
std::unique_ptr<mos::SuperBert> masked_supernet(const TimedModel& settings);
std::unique_ptr<nn::Seq2Seq> translation_model(const TimedModel& settings);
std::unique_ptr<nn::Bert> masked_model(const TimedModel& settings);

}  // namespace mosaic::apps
