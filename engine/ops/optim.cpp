// adamw_ and sgd_: the optimizers' updates in place.
#include <vector>

#include "engine/kernels/kernels.h"
#include "engine/ops/check.h"
#include "engine/ops/ops.h"

namespace mosaic {

namespace {

// State and gradient have the parameter's shape, and what is written is dense. Undefined tensors are passed
// over.
void check_places(const char* op, const Tensor& parameter, const Tensor& grad,
                  std::initializer_list<const Tensor*> state) {
  const auto check_shape = [&](const Tensor& tensor) {
    check<ShapeError>(!tensor.defined() || tensor.shape() == parameter.shape(), op, "parameter ",
                      parameter.shape(), " with a gradient or moment of ", tensor.shape());
  };
  const auto check_dense = [&](const Tensor& tensor) {
    check<ShapeError>(!tensor.defined() || tensor.is_dense(), op,
                      "updates dense tensors only, got a strided view of ", tensor.shape());
  };
  check_shape(grad);
  check_dense(parameter);
  for (const Tensor* tensor : state) {
    check_shape(*tensor);
    check_dense(*tensor);
  }
}

void check_master(const char* op, const Tensor& parameter) {
  check<DtypeError>(!is_half(parameter.dtype()), op, "updates f32 and f64, got ", parameter.dtype(),
                    ": keep the parameters in f32 beside half activations");
}

void check_adamw(const AdamWUpdate& update) {
  constexpr const char* op = "adamw_";
  const auto& [parameter, grad, m, v, options] = update;
  check_float(op, {&parameter, &m, &v, &grad});
  check_master(op, parameter);
  check(m.defined() && v.defined(), op, "needs both moments");
  check_places(op, parameter, grad, {&m, &v});
  check(options.step >= 1, op, "step counts from 1, got ", options.step);
  check(options.beta1 >= 0 && options.beta1 < 1 && options.beta2 >= 0 && options.beta2 < 1, op,
        "betas must lie in [0, 1), got ", options.beta1, " and ", options.beta2);
}

void check_sgd(const SGDUpdate& update) {
  constexpr const char* op = "sgd_";
  const auto& [parameter, grad, velocity, options] = update;
  check_float(op, {&parameter, &grad, &velocity});
  check_master(op, parameter);
  check_places(op, parameter, grad, {&velocity});
  check(options.momentum >= 0 && options.momentum < 1, op, "momentum must lie in [0, 1), got ",
        options.momentum);
  check(velocity.defined() || (options.momentum == 0 && !options.nesterov), op,
        "momentum needs a velocity to be kept in");
}

}  // namespace

void adamw_(std::span<const AdamWUpdate> updates) {
  if (updates.empty()) return;
  const Device device = updates[0].parameter.device();
  std::vector<kernels::AdamWArgs> args;
  std::vector<Tensor> held;  // dense copies of gradients
  for (const AdamWUpdate& update : updates) {
    check_adamw(update);
    const auto& [parameter, grad, m, v, options] = update;
    check<DeviceError>(parameter.device() == device, "adamw_", "parameters are on ", device, " and ",
                       parameter.device());
    const Tensor g = grad.defined() ? grad.detach().dense() : Tensor();
    held.push_back(g);
    args.push_back({.dtype = parameter.dtype(),
                    .n = parameter.numel(),
                    .weight = parameter.raw(),
                    .grad = g.defined() ? g.raw() : nullptr,
                    .m = m.raw(),
                    .v = v.raw(),
                    .lr = options.lr,
                    .beta1 = options.beta1,
                    .beta2 = options.beta2,
                    .eps = options.eps,
                    .weight_decay = options.weight_decay,
                    .grad_scale = options.grad_scale,
                    .step = options.step,
                    .decoupled = options.decoupled});
  }
  kernels::optim_kernels(device).adamw(args.data(), static_cast<int64_t>(args.size()));
  for (const AdamWUpdate& update : updates) {
    for (const Tensor* tensor : {&update.parameter, &update.m, &update.v}) tensor->touch();
  }
}

void adamw_(const Tensor& parameter, const Tensor& grad, const Tensor& m, const Tensor& v,
            const AdamWOptions& options) {
  const AdamWUpdate update{parameter, grad, m, v, options};
  adamw_(std::span(&update, 1));
}

void sgd_(std::span<const SGDUpdate> updates) {
  if (updates.empty()) return;
  const Device device = updates[0].parameter.device();
  std::vector<kernels::SGDArgs> args;
  std::vector<Tensor> held;  // dense copies of gradients
  for (const SGDUpdate& update : updates) {
    check_sgd(update);
    const auto& [parameter, grad, velocity, options] = update;
    check<DeviceError>(parameter.device() == device, "sgd_", "parameters are on ", device, " and ",
                       parameter.device());
    held.push_back(grad.defined() ? grad.detach().dense() : Tensor());
    args.push_back({.dtype = parameter.dtype(),
                    .n = parameter.numel(),
                    .weight = parameter.raw(),
                    .grad = grad.defined() ? held.back().raw() : nullptr,
                    .v = velocity.defined() ? velocity.raw() : nullptr,
                    .lr = options.lr,
                    .momentum = options.momentum,
                    .weight_decay = options.weight_decay,
                    .grad_scale = options.grad_scale,
                    .nesterov = options.nesterov});
  }
  kernels::optim_kernels(device).sgd(args.data(), static_cast<int64_t>(args.size()));
  for (const SGDUpdate& update : updates) {
    update.parameter.touch();
    if (update.velocity.defined()) update.velocity.touch();
  }
}

}  // namespace mosaic
