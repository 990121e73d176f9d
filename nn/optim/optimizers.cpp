#include "nn/optim/optimizers.h"

#include <utility>

namespace mosaic::nn {
namespace {

std::vector<ParameterGroup> one_group(std::vector<NamedTensor> parameters) {
  std::vector<ParameterGroup> groups(1);
  groups[0].parameters = std::move(parameters);
  return groups;
}

void check_range(const char* optimizer, const char* field, double value, double low, double high) {
  check<ArgumentError>(value >= low && value < high, optimizer, field, " must be in [", low, ", ", high,
                       "), got ", value);
}

constexpr double huge = 1e30;

}  // namespace

AdamW::AdamW(std::vector<NamedTensor> parameters, const Options& options)
    : AdamW(one_group(std::move(parameters)), options) {}

AdamW::AdamW(std::vector<ParameterGroup> groups, const Options& options)
    : Optimizer("AdamW", std::move(groups), {"m", "v"}, options.lr, options.skip_without_grad),
      options_(options) {
  check_range("AdamW", "lr", options.lr, 0, huge);
  check_range("AdamW", "beta1", options.beta1, 0, 1);
  check_range("AdamW", "beta2", options.beta2, 0, 1);
  check_range("AdamW", "eps", options.eps, 0, huge);
  check_range("AdamW", "weight_decay", options.weight_decay, 0, huge);
}

void AdamW::update(Parameter& parameter, const Tensor& grad, const Hyper& hyper) {
  gathered_.push_back({parameter.tensor,
                       grad,
                       parameter.slots[0],
                       parameter.slots[1],
                       {.lr = hyper.lr,
                        .beta1 = options_.beta1,
                        .beta2 = options_.beta2,
                        .eps = hyper.group.eps.value_or(options_.eps),
                        .weight_decay = hyper.group.weight_decay.value_or(options_.weight_decay),
                        .step = parameter.steps,
                        .decoupled = options_.decoupled,
                        .grad_scale = hyper.grad_scale}});
}

void AdamW::finish() {
  adamw_(std::exchange(gathered_, {}));
}

SGD::SGD(std::vector<NamedTensor> parameters, const Options& options)
    : SGD(one_group(std::move(parameters)), options) {}

SGD::SGD(std::vector<ParameterGroup> groups, const Options& options)
    : Optimizer("SGD", std::move(groups),
                options.momentum > 0 ? std::vector<std::string>{"v"} : std::vector<std::string>{}, options.lr,
                false),
      options_(options) {
  check_range("SGD", "lr", options.lr, 0, huge);
  check_range("SGD", "momentum", options.momentum, 0, 1);
  check_range("SGD", "weight_decay", options.weight_decay, 0, huge);
  check<ArgumentError>(!options.nesterov || options.momentum > 0, "SGD", "nesterov needs a momentum above 0");
}

void SGD::update(Parameter& parameter, const Tensor& grad, const Hyper& hyper) {
  gathered_.push_back({parameter.tensor,
                       grad,
                       options_.momentum > 0 ? parameter.slots[0] : Tensor(),
                       {.lr = hyper.lr,
                        .momentum = options_.momentum,
                        .weight_decay = hyper.group.weight_decay.value_or(options_.weight_decay),
                        .nesterov = options_.nesterov,
                        .grad_scale = hyper.grad_scale}});
}

void SGD::finish() {
  sgd_(std::exchange(gathered_, {}));
}

}  // namespace mosaic::nn
