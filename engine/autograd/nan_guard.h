// NanGuard: names the first op that made a NaN or an infinity, forward or backward.
#pragma once

#include "engine/autograd/node.h"

namespace mosaic {

// While one is alive on a thread, every recorded result and every delivered gradient is looked at; the first
// that is not finite throws GradError with the op, the shapes and the module path. Costs one pass per tensor.
class NanGuard {
 public:
  NanGuard();
  ~NanGuard();
  NanGuard(const NanGuard&) = delete;
  NanGuard& operator=(const NanGuard&) = delete;

  static bool active();
  static void inspect_result(const Node& node, const Tensor& y);
  static void inspect_gradient(const Node& from, const Tensor& gradient);

 private:
  bool before_;
};

// Whether every element of a float tensor is finite.
bool all_finite(const Tensor& x);

}  // namespace mosaic
