// Optimizer updates over dense memory.
#pragma once

#include <cstdint>

#include "engine/core/dtype.h"

namespace mosaic::kernels {

// One Adam update of n elements. With g = grad_scale * grad (+ decay * weight unless decoupled):
//   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,
//   weight = (decoupled ? 1 - lr decay : 1) weight - lr / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + eps).
// Sources: Kingma and Ba, "Adam" (2015); Loshchilov and Hutter, "Decoupled weight decay regularization"
// (2019).
struct AdamWArgs {
  DType dtype;
  int64_t n;
  void* weight;
  const void* grad;  // null counts as zeros
  void* m;
  void* v;
  double lr, beta1, beta2, eps, weight_decay, grad_scale;
  int64_t step;  // t >= 1
  bool decoupled;
};

// One step of gradient descent over n elements. With g = grad_scale * grad + weight_decay * weight:
//   v = momentum v + g,  weight -= lr (nesterov ? g + momentum v : v); without v: weight -= lr g.
// Source of the Nesterov form: Sutskever et al., "On the importance of initialization and momentum in deep
// learning" (2013), shifted by one step so that gradients are taken at the weights.
struct SGDArgs {
  DType dtype;
  int64_t n;
  void* weight;
  const void* grad;  // null counts as zeros
  void* v;           // null: no momentum
  double lr, momentum, weight_decay, grad_scale;
  bool nesterov;
};

struct Optim {
  // Updates of `count` tensors that share no memory: a GPU is asked once for many.
  virtual void adamw(const AdamWArgs* updates, int64_t count) const = 0;
  virtual void sgd(const SGDArgs* updates, int64_t count) const = 0;

 protected:
  ~Optim() = default;
};

}  // namespace mosaic::kernels
