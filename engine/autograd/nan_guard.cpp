#include "engine/autograd/nan_guard.h"

#include <cmath>

#include "engine/ops/ops.h"

namespace mosaic {
namespace {
thread_local bool guarding = false;
}

NanGuard::NanGuard() : before_(guarding) {
  guarding = true;
}
NanGuard::~NanGuard() {
  guarding = before_;
}
bool NanGuard::active() {
  return guarding;
}

bool all_finite(const Tensor& x) {
  // A sum of squares is finite only if every element is (and none overflows double, which f32 cannot).
  if (x.dtype() != f64) return std::isfinite(squared_norm(x.detach()));
  for (const double value : x.detach().values()) {
    if (!std::isfinite(value)) return false;
  }
  return true;
}

void NanGuard::inspect_result(const Node& node, const Tensor& y) {
  check<GradError>(all_finite(y), node.op, "made a NaN or infinity in its result ", y.shape());
}

void NanGuard::inspect_gradient(const Node& from, const Tensor& gradient) {
  check<GradError>(all_finite(gradient), from.op, "backward made a NaN or infinity in a gradient ",
                   gradient.shape(), from.path.empty() ? "" : ", recorded in ", from.path);
}

}  // namespace mosaic
