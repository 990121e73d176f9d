#include "nas/trainer.h"

#include <chrono>
#include <cmath>

#include "engine/autograd/node.h"
#include "nn/train/accumulate.h"

namespace mosaic::nas {

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

json TrainerOptions::to_json() const {
  return {{"adam",
           {{"beta1", adam.beta1},
            {"beta2", adam.beta2},
            {"eps", adam.eps},
            {"weight_decay", adam.weight_decay},
            {"decoupled", adam.decoupled},
            {"skip_without_grad", adam.skip_without_grad}}},
          {"schedule", schedule.to_json()},
          {"label_smoothing", label_smoothing},
          {"clip_norm", clip_norm},
          {"best_by_smallest", best_by_smallest},
          {"seed", seed}};
}

json ValidationReport::to_json() const {
  json list = json::array();
  for (const Entry& entry : entries) {
    json item{{"kind", entry.kind}};
    if (!entry.arch.empty()) item["arch"] = entry.arch.to_json();
    item.update(entry.sums.to_json());
    list.push_back(item);
  }
  return {{"score", score}, {"score_base2", score / std::log(2.0)}, {"entries", list}};
}

const char* stop_name(StopReason reason) {
  switch (reason) {
    case StopReason::finished:
      return "finished";
    case StopReason::out_of_time:
      return "out of time";
    case StopReason::stopped:
      return "stopped";
    default:
      return "no improvement";
  }
}

Trainer::Trainer(TrainTarget& target, BatchSource& data, const std::vector<nn::SequenceBatch>& validation,
                 TrainerOptions options)
    : target_(target),
      data_(data),
      validation_(validation),
      options_(std::move(options)),
      optimizer_(target.groups(), options_.adam),
      session_begin_(now()) {
  const TrainerOptions& o = options_;
  o.schedule.validate();
  check(o.max_updates >= 0 && o.max_seconds >= 0 && o.log_every >= 0 && o.validate_every >= 0 &&
            o.save_every >= 0 && o.patience >= 0 && o.keep >= 1,
        "Trainer", "limits and intervals must not be negative, and keep at least 1");
  check(o.patience == 0 || !validation_.empty(), "Trainer", "patience needs a validation set");
}

double Trainer::seconds() const {
  return earlier_seconds_ + now() - session_begin_;
}

UpdateReport Trainer::train_update() {
  UpdateReport report;
  report.update = update_ + 1;
  Generator dropout = Generator(options_.seed).fork("dropout").fork(static_cast<uint64_t>(update_));
  const nn::Context context{.training = true, .rng = &dropout};
  const nn::LossOptions loss_options{.label_smoothing = options_.label_smoothing};
  optimizer_.zero_grad();
  const std::vector<nn::SequenceBatch> batches = data_.next();
  nn::UpdateAccumulator total;
  for (const PassEntry& entry : target_.passes(update_)) {
    const std::unique_ptr<Pass> pass = target_.open(entry, context);
    nn::UpdateAccumulator sums;
    for (const nn::SequenceBatch& batch : batches) {
      const nn::SequenceLoss loss = nn::sequence_loss(pass->model(), batch, loss_options, context);
      total.count(loss, cat("update ", report.update, ", ", entry.kind));
      sums.add(loss, entry.kind);
    }
    pass->finish();
    report.kinds[entry.kind].add({sums.loss(), sums.nll(), sums.tokens()});
  }
  report.all = {total.loss(), total.nll(), total.tokens()};
  report.lr = options_.schedule(update_);
  const nn::StepReport step =
      optimizer_.step({.lr = report.lr, .grad_scale = total.grad_scale(), .clip_norm = options_.clip_norm});
  report.grad_norm = step.grad_norm;
  report.clipped = step.clipped;
  ++update_;
  return report;
}

ValidationReport Trainer::validate() {
  check(!validation_.empty(), "validate", "there is no validation set");
  const NoGrad quiet;
  ValidationReport report;
  std::optional<double> smallest;
  double sum = 0;
  for (PassEntry& entry : target_.validation()) {
    const std::unique_ptr<Pass> pass = target_.open(entry, {});
    const LossSums sums = evaluate(pass->model(), validation_, options_.label_smoothing);
    sum += sums.mean();
    if (entry.kind == "smallest") smallest = sums.mean();
    report.entries.push_back({std::move(entry.kind), std::move(entry.arch), sums});
  }
  const double mean = sum / static_cast<double>(report.entries.size());
  report.score = options_.best_by_smallest ? smallest.value_or(mean) : mean;
  return report;
}

}  // namespace mosaic::nas
