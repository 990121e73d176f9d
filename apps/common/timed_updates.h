// Training updates on synthetic batches, timed one by one: of plain models and of supernets, for translation
// and for BERT.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "mos/mixture.h"
#include "nas/sampler.h"
#include "nas/trainer.h"

namespace mosaic::apps {

struct TimedModel {
  bool bert = false;                // masked language modelling instead of translation
  std::optional<mos::Space> space;  // of a supernet; none: a plain model of the sizes below
  mos::MixtureOptions mixture;      // of the supernet
  nas::Policy policy = nas::Policy::sandwich;
  int64_t embed = 0, ffn = 0, heads = 0, layers = 0;  // layers: of the encoder and of the decoder
  double dropout = 0, attention_dropout = 0;
  int64_t vocabulary = 0;
  int64_t rows = 0, length = 0;  // of a micro-batch
  int64_t batches = 1;           // micro-batches of an update

  // Tokens of an update: of each side, or of the sequences in which BERT guesses some.
  int64_t tokens() const { return rows * length * batches; }
};

// Random tokens without padding. Of a BERT's sequences, round(0.15 length) tokens a row (at least one) are to
// be guessed.
std::vector<nn::Batch> synthetic_batches(const TimedModel& settings);

// A fresh model and its trainer: Adam for translation; for BERT AdamW, which decays matrices only, on the sum
// of the passes' losses.
class TimedUpdates {
 public:
  // ArgumentError when the sizes do not make a model.
  explicit TimedUpdates(const TimedModel& settings);

  // Milliseconds of one update: forward and backward of every pass, optimizer step.
  double update();

  int64_t parameters() const { return nn::parameter_count(*model_); }

 private:
  // The same batches every time.
  class Batches final : public nas::BatchSource {
   public:
    explicit Batches(std::vector<nn::Batch> batches) : batches_(std::move(batches)) {}
    std::vector<nn::Batch> next() override { return batches_; }
    json cursor() const override { return json::object(); }
    void seek(const json&) override {}

   private:
    std::vector<nn::Batch> batches_;
  };

  std::unique_ptr<nn::Module> model_;
  std::unique_ptr<nas::TrainTarget> target_;
  Batches data_;
  std::vector<nn::Batch> no_validation_;
  std::unique_ptr<nas::Trainer> trainer_;
};

}  // namespace mosaic::apps
