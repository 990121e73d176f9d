// What a Trainer trains: a static model, or a supernet through the architectures a sampler draws.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mos/supernet.h"
#include "nas/sampler.h"
#include "nn/optim/optimizer.h"

namespace mosaic::nas {

// One model that is run over all micro-batches of an update (or over the validation set).
class Pass {
 public:
  virtual ~Pass() = default;
  virtual nn::Seq2Seq& model() = 0;
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

// A model alone: standalone training, and finetuning of an extracted one.
class StaticTarget final : public TrainTarget {
 public:
  explicit StaticTarget(nn::Seq2Seq& model) : model_(model) {}
  nn::Module& module() override { return model_; }
  std::vector<PassEntry> passes(int64_t) const override { return {{.kind = "model"}}; }
  std::vector<PassEntry> validation() const override { return {{.kind = "model"}}; }
  std::unique_ptr<Pass> open(const PassEntry& entry, const nn::Context& context) override;
  json describe() const override;

 private:
  nn::Seq2Seq& model_;
};

class SupernetTarget final : public TrainTarget {
 public:
  struct Options {
    int64_t validation_random =
        4;  // fixed random architectures validated beside the largest and the smallest
    // Routers may learn at another rate, with another epsilon and no weight decay: Adam turns their vanishing
    // gradients into full steps while experts are still alike.
    double router_lr_scale = 1;
    std::optional<double> router_eps = {};
  };
  SupernetTarget(mos::Supernet& supernet, Sampler sampler, const Options& options);
  SupernetTarget(mos::Supernet& supernet, Sampler sampler)
      : SupernetTarget(supernet, std::move(sampler), Options{}) {}

  nn::Module& module() override { return supernet_; }
  std::vector<nn::ParameterGroup> groups() override;
  std::vector<PassEntry> passes(int64_t update) const override;
  std::vector<PassEntry> validation() const override;
  std::unique_ptr<Pass> open(const PassEntry& entry, const nn::Context& context) override;
  json describe() const override;

 private:
  mos::Supernet& supernet_;
  Sampler sampler_;
  Options options_;
};

}  // namespace mosaic::nas
