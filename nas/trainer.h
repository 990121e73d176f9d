// The one training loop: of a static model and of a supernet, over the passes of a TrainTarget.
//
// Everything random is a function of a seed and the update's number (architectures, dropout) or of the data
// source's cursor, so a run that was stopped and resumed ends with the same bits as one that was not.
#pragma once

#include <atomic>
#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "nas/model_loss.h"
#include "nas/trainer_target.h"
#include "nn/optim/optimizers.h"
#include "nn/optim/schedule.h"
#include "nn/train/checkpoint.h"
#include "nn/train/loss_scale.h"

namespace mosaic::nas {

// Where batches come from. The cursor is whatever next() depends on, so that training can go on elsewhere.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  // The micro-batches of the next update: at least one, each with at least one target token.
  virtual std::vector<nn::Batch> next() = 0;
  virtual json cursor() const = 0;
  virtual void seek(const json& cursor) = 0;  // FormatError for a cursor of other data
};

struct TrainerOptions {
  nn::AdamW::Options adam = {.beta1 = 0.9, .beta2 = 0.98};  // lr is the schedule's
  nn::Schedule schedule;
  double label_smoothing = 0.1;
  double clip_norm = 0;  // 0: none
  // Weight decay is for matrices only, not for biases and norms.
  bool decay_matrices_only = false;
  // The gradient is the sum over passes of their mean losses (BERT's sandwich), not the mean over all tokens.
  bool sum_passes = false;
  // In-place distillation (Yu and Huang 2019): the passes after the largest's learn from its logits with this
  // weight, from the labels with the rest; 0: none. The largest is then run first.
  double distill_weight = 0, distill_temperature = 1;
  // Of batches that bring a teacher's logits (nn::LabelledBatch): how much is learned from these.
  double teacher_weight = 0.5, teacher_temperature = 1;
  int64_t max_updates = 0;  // run() stops after this many in all
  double max_seconds = 0;   // of training in all, earlier runs included; 0: no limit
  // The schedule ends when max_seconds do: after the warm-up (counted in updates) the share of the time that
  // is gone takes the place of the share of the updates. Such runs do not have the same bits when repeated.
  bool schedule_by_time = false;
  int64_t log_every = 50;         // updates; 0: never
  int64_t validate_every = 0;     // updates; 0: at the end of run() only
  int64_t save_every = 0;         // updates; 0: at validations and at the end
  int64_t patience = 0;           // stops after so many validations without improvement; 0: never
  bool best_by_smallest = false;  // the score is the smallest architecture's loss (HAT), not the mean of all
  uint64_t seed = 1;              // of dropout
  // What activations are held in: f32, bf16, or f16 with dynamic loss scaling. Parameters, their gradients
  // and moments stay f32.
  DType precision = f32;
  bool recompute = false;                   // layers run again during backward (nn::Context)
  int64_t keep = 10;                        // newest numbered checkpoints kept on disk, for averaging
  std::filesystem::path directory;          // of checkpoints; empty: none are written
  std::function<void(const json&)> log;     // one record a call: see Trainer::run
  const std::atomic<bool>* stop = nullptr;  // set from a signal handler: run() saves and returns

  json to_json() const;  // what changes the result: a resumed run must have the same
};

struct UpdateReport {
  int64_t update = 0;                     // 1 for the first
  std::map<std::string, LossSums> kinds;  // by PassEntry::kind
  LossSums all;
  double lr = 0, grad_norm = 0;
  bool clipped = false;
  bool skipped = false;  // f16: a gradient was not finite; nothing was updated, and the loss scale is halved
};

struct ValidationReport {
  struct Entry {
    std::string kind;
    mos::Arch arch;
    LossSums sums;
  };
  std::vector<Entry> entries;
  double score = 0;  // nats a token, label smoothing included: the mean over entries, or the smallest's
  json to_json() const;
};

enum class StopReason { finished, out_of_time, stopped, no_improvement };
const char* stop_name(StopReason reason);  // "finished", "out of time", "stopped", "no improvement"

class Trainer {
 public:
  // Target, data and validation set must outlive the trainer. The validation set may be empty.
  Trainer(TrainTarget& target, BatchSource& data, const std::vector<nn::Batch>& validation,
          TrainerOptions options);

  // Trains until one of the limits, then validates and saves. Log records, each with "event", "update" and
  // "seconds": "started"; "update" (means since the last one: LossSums fields, "kinds" with the same by kind,
  // lr, grad_norm, tokens_per_second, max_updates, seconds_left); "validation"; "saved" (path); "stopped"
  // (reason); "skipped update" (loss_scale, f16 only). When a loss or gradient is not finite: "not finite"
  // (message), then NonFiniteError; the last checkpoint is untouched.
  StopReason run();

  // One update: every pass over all micro-batches, then one optimizer step with the gradient divided by the
  // number of target tokens of all passes together.
  UpdateReport train_update();
  // Losses of the target's validation entries in evaluation mode. ArgumentError without a validation set.
  ValidationReport validate();

  int64_t updates() const { return update_; }
  double best_score() const { return best_; }  // infinite before the first validation
  int64_t best_update() const { return best_update_; }
  double seconds() const;  // of training, earlier runs included

  // Everything a run needs to go on: weights (sharing bytes with the target), optimizer, cursor, scores.
  nn::Checkpoint checkpoint() const;
  // Goes on exactly where the checkpoint was made. FormatError naming the key when it is of another target or
  // other options, or of other data; a trainer whose restore failed must not be used.
  void restore(const nn::Checkpoint& checkpoint);

  // Writes checkpoint() as the newest of options.directory. Nothing happens without a directory.
  void save();
  // restore() of the newest whole checkpoint in options.directory; false when there is none. Damaged newer
  // ones are skipped with a log record "skipped".
  bool resume();

 private:
  std::optional<StopReason> reason_to_stop() const;
  double learning_rate() const;  // of the next update
  // The passes of an update, the distillation's teacher first.
  std::vector<PassEntry> ordered_passes() const;
  // The optimizer's step of an update whose gradients are multiplied by `grad_scale` first.
  void step(double grad_scale, UpdateReport& report);
  void validate_and_note();
  void save_best();
  nn::Checkpoint weights() const;  // checkpoint() without the optimizer
  void log(const char* event, const json& record) const;

  TrainTarget& target_;
  BatchSource& data_;
  const std::vector<nn::Batch>& validation_;
  TrainerOptions options_;
  nn::AdamW optimizer_;
  int64_t update_ = 0;
  double best_ = INFINITY;
  int64_t best_update_ = 0, bad_validations_ = 0;
  int64_t validated_ = -1, saved_ = -1;  // the updates after which that was done last
  double earlier_seconds_ = 0, session_begin_ = 0;
  nn::LossScale loss_scale_ = {.scale = 1};
};

}  // namespace mosaic::nas
