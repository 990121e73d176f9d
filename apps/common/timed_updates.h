// Training updates on synthetic batches, timed one by one: of plain models and of supernets, for translation
// and for BERT.
#pragma once

#include "apps/common/in_turns.h"
#include "apps/common/timed_models.h"
#include "nas/trainer.h"

namespace mosaic::apps {

// A fresh model and its trainer: Adam for translation; for BERT AdamW, which decays matrices only, on the sum
// of the passes' losses.
class TimedUpdates {
 public:
  // ArgumentError when the sizes do not make a model.
  explicit TimedUpdates(const TimedModel& settings);

  // Milliseconds of one update: forward and backward of every pass, optimizer step.
  double update(Clock clock = Clock::wall);

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
