#include "nas/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "engine/autograd/node.h"
#include "nn/train/accumulate.h"

namespace mosaic::nas {

namespace {

// Biases, also of experts, and the weights of norms; everything else is a matrix.
bool is_vector(const std::string& name) {
  return name.ends_with("bias") || name.ends_with("biases") || name.ends_with("norm.weight");
}

// The target's groups, with vectors in groups without weight decay where that is wanted.
std::vector<nn::ParameterGroup> optimizer_groups(TrainTarget& target, const TrainerOptions& options) {
  std::vector<nn::ParameterGroup> groups = target.groups();
  if (!options.decay_matrices_only) return groups;
  std::vector<nn::ParameterGroup> split;
  for (nn::ParameterGroup& group : groups) {
    nn::ParameterGroup vectors = group, matrices = group;
    std::erase_if(vectors.parameters, [](const nn::NamedTensor& p) { return !is_vector(p.name); });
    std::erase_if(matrices.parameters, [](const nn::NamedTensor& p) { return is_vector(p.name); });
    vectors.weight_decay = 0;
    for (nn::ParameterGroup* part : {&matrices, &vectors})
      if (!part->parameters.empty()) split.push_back(std::move(*part));
  }
  return split;
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

json TrainerOptions::to_json() const {
  json value{{"adam",
              {{"beta1", adam.beta1},
               {"beta2", adam.beta2},
               {"eps", adam.eps},
               {"weight_decay", adam.weight_decay},
               {"decoupled", adam.decoupled},
               {"skip_without_grad", adam.skip_without_grad}}},
             {"schedule", schedule.to_json()},
             {"label_smoothing", label_smoothing},
             {"clip_norm", clip_norm},
             {"decay_matrices_only", decay_matrices_only},
             {"sum_passes", sum_passes},
             {"distill_weight", distill_weight},
             {"distill_temperature", distill_temperature},
             {"schedule_by_time", schedule_by_time},
             {"best_by_smallest", best_by_smallest},
             {"seed", seed}};
  // Not said while they are the defaults: checkpoints from before there were teachers do not have it.
  if (teacher_weight != TrainerOptions().teacher_weight ||
      teacher_temperature != TrainerOptions().teacher_temperature)
    value["teacher"] = {{"weight", teacher_weight}, {"temperature", teacher_temperature}};
  if (precision != f32) value["precision"] = name_of(precision);
  if (recompute) value["recompute"] = true;  // gradients are added in another order
  return value;
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

Trainer::Trainer(TrainTarget& target, BatchSource& data, const std::vector<nn::Batch>& validation,
                 TrainerOptions options)
    : target_(target),
      data_(data),
      validation_(validation),
      options_(std::move(options)),
      optimizer_(optimizer_groups(target, options_), options_.adam),
      session_begin_(now()) {
  const TrainerOptions& o = options_;
  o.schedule.validate();
  check(o.max_updates >= 0 && o.max_seconds >= 0 && o.log_every >= 0 && o.validate_every >= 0 &&
            o.save_every >= 0 && o.patience >= 0 && o.keep >= 1,
        "Trainer", "limits and intervals must not be negative, and keep at least 1");
  check(o.patience == 0 || !validation_.empty(), "Trainer", "patience needs a validation set");
  check(!o.schedule_by_time || (o.max_seconds > 0 && o.schedule.ends()), "Trainer",
        "a schedule by time needs max_seconds and a shape that ends");
  check(o.distill_weight >= 0 && o.distill_weight <= 1 && o.distill_temperature > 0, "Trainer",
        "distillation needs a weight in [0, 1] and a temperature above 0");
  check(o.teacher_weight >= 0 && o.teacher_weight <= 1 && o.teacher_temperature > 0, "Trainer",
        "a teacher needs a weight in [0, 1] and a temperature above 0");
  if (o.distill_weight > 0) ordered_passes();
  check<DtypeError>(o.precision == f32 || is_half(o.precision), "Trainer",
                    "the precision is f32, bf16 or f16, got ", o.precision);
  if (o.precision == f16) loss_scale_ = {};
}

double Trainer::seconds() const {
  return earlier_seconds_ + now() - session_begin_;
}

double Trainer::learning_rate() const {
  const nn::Schedule& schedule = options_.schedule;
  if (!options_.schedule_by_time || update_ < schedule.warmup_updates) return schedule(update_);
  const double gone = std::min(1.0, seconds() / options_.max_seconds);
  const auto left = static_cast<double>(schedule.total_updates - schedule.warmup_updates);
  return schedule(schedule.warmup_updates + static_cast<int64_t>(gone * left));
}

std::vector<PassEntry> Trainer::ordered_passes() const {
  std::vector<PassEntry> passes = target_.passes(update_);
  if (options_.distill_weight == 0) return passes;
  const auto largest = std::find_if(passes.begin(), passes.end(),
                                    [](const PassEntry& entry) { return entry.kind == "largest"; });
  check(largest != passes.end() && passes.size() > 1, "Trainer",
        "in-place distillation needs passes that learn from the largest architecture's (policy sandwich)");
  std::rotate(passes.begin(), largest, largest + 1);
  return passes;
}

UpdateReport Trainer::train_update() {
  UpdateReport report;
  report.update = update_ + 1;
  Generator dropout = Generator(options_.seed).fork("dropout").fork(static_cast<uint64_t>(update_));
  const nn::Context context{
      .training = true, .rng = &dropout, .precision = options_.precision, .recompute = options_.recompute};
  const bool distills = options_.distill_weight > 0;
  optimizer_.zero_grad();
  const std::vector<nn::Batch> batches = data_.next();
  nn::UpdateAccumulator total;
  std::vector<Tensor> teacher;  // the largest's logits, a micro-batch each
  const std::vector<PassEntry> passes = ordered_passes();
  for (const PassEntry& entry : passes) {
    const bool teaches = distills && &entry == &passes.front();
    const std::unique_ptr<Pass> pass = target_.open(entry, context);
    nn::UpdateAccumulator sums;
    for (size_t i = 0; i < batches.size(); ++i) {
      nn::LossOptions loss_options{
          .label_smoothing = options_.label_smoothing,
          .logits = teaches,
          .teacher_weight = distills ? options_.distill_weight : options_.teacher_weight,
          .temperature = distills ? options_.distill_temperature : options_.teacher_temperature};
      if (distills && !teaches) loss_options.teacher = teacher[i];
      const nn::BatchLoss loss = pass->loss(batches[i], loss_options, context);
      if (teaches) teacher.push_back(loss.logits.detach());
      total.count(loss, cat("update ", report.update, ", ", entry.kind));
      sums.add(loss, entry.kind, loss_scale_.scale);
    }
    pass->finish();
    report.kinds[entry.kind].add({sums.loss(), sums.nll(), sums.tokens()});
  }
  report.all = {total.loss(), total.nll(), total.tokens()};
  report.lr = learning_rate();
  const double weight = options_.sum_passes ? static_cast<double>(passes.size()) : 1.0;
  step(weight * total.grad_scale(), report);
  ++update_;
  return report;
}

void Trainer::step(double grad_scale, UpdateReport& report) {
  try {
    const nn::StepReport step = optimizer_.step(
        {.lr = report.lr, .grad_scale = grad_scale / loss_scale_.scale, .clip_norm = options_.clip_norm});
    report.grad_norm = step.grad_norm;
    report.clipped = step.clipped;
    if (options_.precision == f16) loss_scale_.grow_when_due();
  } catch (const nn::NonFiniteError&) {
    if (options_.precision != f16 || !loss_scale_.shrink()) throw;
    report.skipped = true;
  }
}

ValidationReport Trainer::validate() {
  check(!validation_.empty(), "validate", "there is no validation set");
  const NoGrad quiet;
  ValidationReport report;
  std::optional<double> smallest;
  double sum = 0;
  for (PassEntry& entry : target_.validation()) {
    const nn::Context context{.precision = options_.precision};
    const std::unique_ptr<Pass> pass = target_.open(entry, context);
    LossSums sums;
    for (const nn::Batch& batch : validation_) {
      const nn::BatchLoss loss = pass->loss(batch, {.label_smoothing = options_.label_smoothing}, context);
      sums.add({loss.loss.item<double>(), loss.nll, loss.tokens});
    }
    sum += sums.mean();
    if (entry.kind == "smallest") smallest = sums.mean();
    report.entries.push_back({std::move(entry.kind), std::move(entry.arch), sums});
  }
  const double mean = sum / static_cast<double>(report.entries.size());
  report.score = options_.best_by_smallest ? smallest.value_or(mean) : mean;
  return report;
}

}  // namespace mosaic::nas
