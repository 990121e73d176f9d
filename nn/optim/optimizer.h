// What optimizers share: parameter groups, gradient scaling and clipping, the NaN guard, state for
// checkpoints.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/core/json.h"
#include "nn/module.h"

namespace mosaic::nn {

// A loss or gradient that is not finite; nothing was updated. What to do about it is the caller's policy.
struct NonFiniteError : Error {
  using Error::Error;
};

// Parameters with settings of their own; those left empty are the optimizer's.
struct ParameterGroup {
  std::vector<NamedTensor> parameters;
  double lr_scale = 1;
  std::optional<double> eps = {}, weight_decay = {};
};

struct StepOptions {
  std::optional<double> lr = {};  // default: the optimizer's own
  double grad_scale = 1;          // multiplies every gradient first: 1 / (tokens of the update)
  double clip_norm = 0;           // largest norm of all scaled gradients together; 0: no clipping
};
struct StepReport {
  double grad_norm = 0;  // after grad_scale, before clipping
  bool clipped = false;
};

// Tensors by "kind.parameter name" and what is not a tensor as JSON.
struct OptimizerState {
  StateDict tensors;
  json numbers;
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // One update of every parameter. NonFiniteError naming the parameter, before anything is changed, when the
  // gradient norm is not finite.
  StepReport step(const StepOptions& options = {});
  void zero_grad();
  int64_t steps() const { return steps_; }

  // Copies, so that a checkpoint may be written while training goes on.
  OptimizerState state() const;
  // FormatError unless the state is of the same kind of optimizer over the same names and shapes.
  void load(const OptimizerState& state);

 protected:
  struct Parameter {
    std::string name;
    Tensor tensor;
    size_t group;
    int64_t steps = 0;          // updates this parameter had: fewer than the optimizer's when skipped
    std::vector<Tensor> slots;  // moments, made at construction, as large as the tensor
  };
  struct Hyper {
    double lr, grad_scale;
    const ParameterGroup& group;
  };

  // `slots` are the names of the per-parameter tensors ("m", "v"). ArgumentError on an untracked, strided or
  // repeated parameter.
  Optimizer(std::string kind, std::vector<ParameterGroup> groups, std::vector<std::string> slots, double lr,
            bool skip_without_grad);
  virtual void update(Parameter& parameter, const Tensor& grad, const Hyper& hyper) = 0;
  // After the last update() of a step, for optimizers that gather their updates.
  virtual void finish() {}

 private:
  double checked_norm(double grad_scale) const;

  std::string kind_;
  std::vector<ParameterGroup> groups_;
  std::vector<std::string> slot_names_;
  double lr_;
  bool skip_without_grad_;
  int64_t steps_ = 0;
  std::vector<Parameter> parameters_;
};

}  // namespace mosaic::nn
