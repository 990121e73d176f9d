// What a Trainer trains: a static model, or a supernet through the architectures a sampler draws.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mos/super_bert.h"
#include "mos/supernet.h"
#include "nas/sampler.h"
#include "nn/loss.h"
#include "nn/optim/optimizer.h"

namespace mosaic::nas {

// One model that is run over all micro-batches of an update (or over the validation set).
class Pass {
 public:
  virtual ~Pass() = default;
  virtual nn::BatchLoss loss(const nn::Batch& batch, const nn::LossOptions& options,
                             const nn::Context& context) = 0;
  // After the last backward of an update: pushes gathered gradients on to what the model was made of.
  virtual void finish() {}
};

// Which model a pass runs.
struct PassEntry {
  std::string kind;     // "random", "largest", "smallest", "pinned", "model": losses are reported by it
  mos::Arch arch = {};  // empty for a static model
};

class TrainTarget {
 public:
  virtual ~TrainTarget() = default;
  // Whose parameters are saved and trained.
  virtual nn::Module& module() = 0;
  // The optimizer's groups: all parameters, unless some need settings of their own.
  virtual std::vector<nn::ParameterGroup> groups();
  // The passes of an update (0 for the first): a function of its number alone, so a resumed run draws the
  // same.
  virtual std::vector<PassEntry> passes(int64_t update) const = 0;
  // What validation looks at; the mean of its losses is the checkpoint's score.
  virtual std::vector<PassEntry> validation() const = 0;
  // The context is for what is random in making the model (router dropout).
  virtual std::unique_ptr<Pass> open(const PassEntry& entry, const nn::Context& context) = 0;
  // What the weights mean; a checkpoint of another target is refused.
  virtual json describe() const = 0;
};

// A model alone (nn::Seq2Seq or nn::Bert): standalone training, and finetuning of an extracted one.
template <class Model>
class ModelTarget final : public TrainTarget {
 public:
  explicit ModelTarget(Model& model) : model_(model) {}
  nn::Module& module() override { return model_; }
  std::vector<PassEntry> passes(int64_t) const override { return {{.kind = "model"}}; }
  std::vector<PassEntry> validation() const override { return {{.kind = "model"}}; }
  std::unique_ptr<Pass> open(const PassEntry& entry, const nn::Context& context) override;
  json describe() const override { return {{"kind", "model"}, {"model", model_.config().to_json()}}; }

 private:
  Model& model_;
};

struct SuperTargetOptions {
  // Fixed random architectures validated beside the largest and the smallest.
  int64_t validation_random = 4;
  // Routers may learn at another rate, with another epsilon and no weight decay: Adam turns their vanishing
  // gradients into full steps while experts are still alike.
  double router_lr_scale = 1;
  std::optional<double> router_eps = {};
};

// A supernet (mos::Supernet or mos::SuperBert).
template <class Super>
class SuperTarget final : public TrainTarget {
 public:
  using Options = SuperTargetOptions;
  // ArgumentError when the sampler draws from another space.
  SuperTarget(Super& supernet, Sampler sampler, const Options& options = {});

  nn::Module& module() override { return supernet_; }
  std::vector<nn::ParameterGroup> groups() override;
  std::vector<PassEntry> passes(int64_t update) const override;
  std::vector<PassEntry> validation() const override;
  std::unique_ptr<Pass> open(const PassEntry& entry, const nn::Context& context) override;
  json describe() const override;

 private:
  Super& supernet_;
  Sampler sampler_;
  Options options_;
};

extern template class ModelTarget<nn::Seq2Seq>;
extern template class ModelTarget<nn::Bert>;
extern template class SuperTarget<mos::Supernet>;
extern template class SuperTarget<mos::SuperBert>;

using StaticTarget = ModelTarget<nn::Seq2Seq>;
using BertTarget = ModelTarget<nn::Bert>;
using SupernetTarget = SuperTarget<mos::Supernet>;
using SuperBertTarget = SuperTarget<mos::SuperBert>;

}  // namespace mosaic::nas
