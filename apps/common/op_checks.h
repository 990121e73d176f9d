// Built-in checks of the engine's operations on the machine at hand.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/core/tensor.h"

namespace mosaic::apps {

// One operation on drawn inputs; must give the same result every time.
struct OpCheck {
  std::string op;             // "layer_norm"
  std::vector<Shape> inputs;  // drawn uniformly from [low, high]
  std::function<Tensor(const std::vector<Tensor>&)> run;
  double low = -2, high = 2;
  double gap = 0;  // values nearer to zero are moved away (kinks, poles)
};
std::vector<OpCheck> op_checks();

struct OpCheckResult {
  double worst = 0;     // relative error of the gradient, f64
  std::string failure;  // empty when everything held
};
// Gradient against differences in f64; f32 against f64; the same bits with one thread and with two; the
// baseline instruction set against the one in use.
OpCheckResult run_check(const OpCheck& check, double tolerance);
// On another device against the CPU, values and gradients, f32 and f64; and the same bits when run again.
// `worst` is the largest error of f32.
OpCheckResult run_check_on(Device device, const OpCheck& check);

}  // namespace mosaic::apps
