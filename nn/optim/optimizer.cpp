#include "nn/optim/optimizer.h"

#include <cmath>
#include <set>

#include "engine/autograd/nan_guard.h"
#include "engine/autograd/node.h"
#include "engine/ops/ops.h"

namespace mosaic::nn {

Optimizer::Optimizer(std::string kind, std::vector<ParameterGroup> groups, std::vector<std::string> slots,
                     double lr, bool skip_without_grad)
    : kind_(std::move(kind)),
      groups_(std::move(groups)),
      slot_names_(std::move(slots)),
      lr_(lr),
      skip_without_grad_(skip_without_grad) {
  std::set<std::string> names;
  for (size_t g = 0; g < groups_.size(); ++g) {
    for (const NamedTensor& given : groups_[g].parameters) {
      check<ArgumentError>(given.tensor.defined() && given.tensor.tracked() && given.tensor.is_leaf(),
                           "Optimizer", given.name,
                           " is not a tracked leaf: only those have gradients to follow");
      check<ArgumentError>(given.tensor.is_dense(), "Optimizer", given.name, " ", given.tensor.shape(),
                           " is a strided view; give its base");
      check<ArgumentError>(names.insert(given.name).second, "Optimizer", given.name, " was given twice");
      Parameter parameter{.name = given.name, .tensor = given.tensor, .group = g, .steps = 0, .slots = {}};
      for (size_t s = 0; s < slot_names_.size(); ++s)
        parameter.slots.push_back(zeros_like(given.tensor.detach()));
      parameters_.push_back(std::move(parameter));
    }
  }
}

void Optimizer::zero_grad() {
  for (const Parameter& parameter : parameters_) parameter.tensor.zero_grad();
}

// The norm over all parameters, summed in their order. A norm that is not finite is traced to its parameter.
double Optimizer::checked_norm(double grad_scale) const {
  std::vector<Tensor> gradients;
  for (const Parameter& parameter : parameters_) {
    if (parameter.tensor.has_grad()) gradients.push_back(parameter.tensor.grad());
  }
  const double norm = std::sqrt(squared_norm(gradients)) * grad_scale;
  if (std::isfinite(norm)) return norm;
  for (const Parameter& parameter : parameters_) {
    if (!parameter.tensor.has_grad() || all_finite(parameter.tensor.grad())) continue;
    throw NonFiniteError(kind_, cat("update ", steps_ + 1, ": the gradient of ", parameter.name, " ",
                                    parameter.tensor.shape(), " is not finite; nothing was changed"));
  }
  throw NonFiniteError(kind_, cat("update ", steps_ + 1, ": the gradient norm is ", norm, " (scale ",
                                  grad_scale, "); nothing was changed"));
}

StepReport Optimizer::step(const StepOptions& options) {
  const NoGrad quiet;
  StepReport report;
  report.grad_norm = checked_norm(options.grad_scale);
  double scale = options.grad_scale;
  if (options.clip_norm > 0 && report.grad_norm > options.clip_norm) {
    scale *= options.clip_norm / report.grad_norm;
    report.clipped = true;
  }
  ++steps_;
  for (Parameter& parameter : parameters_) {
    const bool has_grad = parameter.tensor.has_grad();
    if (!has_grad && skip_without_grad_) continue;
    ++parameter.steps;
    const ParameterGroup& group = groups_[parameter.group];
    update(parameter, has_grad ? parameter.tensor.grad() : Tensor(),
           {.lr = options.lr.value_or(lr_) * group.lr_scale, .grad_scale = scale, .group = group});
  }
  finish();
  return report;
}

OptimizerState Optimizer::state() const {
  OptimizerState state;
  json counts = json::object();
  for (const Parameter& parameter : parameters_) {
    for (size_t s = 0; s < slot_names_.size(); ++s) {
      state.tensors.emplace(cat(slot_names_[s], ".", parameter.name), parameter.slots[s]);
    }
    counts[parameter.name] = parameter.steps;
  }
  state.tensors = clone(state.tensors);
  state.numbers["kind"] = kind_;
  state.numbers["steps"] = steps_;
  state.numbers["parameter_steps"] = std::move(counts);
  return state;
}

void Optimizer::load(const OptimizerState& state) {
  Fields fields(state.numbers, "optimizer state");
  const std::string kind = fields.text("kind");
  check<FormatError>(kind == kind_, "optimizer state", "is of ", kind, ", expected ", kind_);
  const int64_t steps = fields.integer("steps", 0);
  Fields counts(fields.object("parameter_steps"), "optimizer state: parameter_steps");
  fields.finish();

  std::vector<int64_t> parameter_steps;
  for (const Parameter& parameter : parameters_) {
    parameter_steps.push_back(counts.integer(parameter.name, 0, steps));
    for (size_t s = 0; s < slot_names_.size(); ++s) {
      const std::string name = cat(slot_names_[s], ".", parameter.name);
      const auto found = state.tensors.find(name);
      check<FormatError>(found != state.tensors.end(), "optimizer state", name, " is missing");
      check<FormatError>(found->second.shape() == parameter.tensor.shape() &&
                             found->second.dtype() == parameter.tensor.dtype(),
                         "optimizer state", name, " must be ", parameter.tensor.dtype(), " ",
                         parameter.tensor.shape(), ", got ", found->second.dtype(), " ",
                         found->second.shape());
    }
  }
  counts.finish();
  const size_t expected = parameters_.size() * slot_names_.size();
  check<FormatError>(state.tensors.size() == expected, "optimizer state", "has ", state.tensors.size(),
                     " tensors, expected ", expected);

  const NoGrad quiet;
  steps_ = steps;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    parameters_[i].steps = parameter_steps[i];
    for (size_t s = 0; s < slot_names_.size(); ++s) {
      copy_(parameters_[i].slots[s], state.tensors.at(cat(slot_names_[s], ".", parameters_[i].name)));
    }
  }
}

}  // namespace mosaic::nn
