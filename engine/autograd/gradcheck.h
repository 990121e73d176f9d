// Numerical check of derivatives, public: for tests, for new ops and for teaching.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "engine/core/tensor.h"

namespace mosaic {

struct GradcheckOptions {
  double step = 1e-3;       // of the five-point difference quotient, error of order step^4
  double tolerance = 1e-6;  // largest accepted relative error
  int64_t max_elements =
      96;             // elements checked one by one per input; larger inputs: that many, drawn at random
  uint64_t seed = 1;  // of the cotangent and the draws
};

struct GradcheckResult {
  bool ok = true;
  double worst = 0;  // largest relative error seen
  double tolerance = 0;
  std::string where;  // "input 1 at 17: analytic 0.25, numeric 0.75"
};

// Compares backward with differences for every input (f64, dense). The result is contracted with a random
// cotangent: a plain sum cannot see a wrong softmax or norm. The error of an element is relative to the
// larger of its two values and the root mean square of that input's gradient. ArgumentError unless inputs are
// f64.
GradcheckResult gradcheck(const std::function<Tensor(const std::vector<Tensor>&)>& f,
                          const std::vector<Tensor>& inputs, const GradcheckOptions& options = {});
// For one input.
GradcheckResult gradcheck(const std::function<Tensor(const Tensor&)>& f, const Tensor& x,
                          const GradcheckOptions& options = {});

// "ok: worst 3e-9 of 1e-06" or "FAILED: ...".
std::ostream& operator<<(std::ostream& out, const GradcheckResult& result);

}  // namespace mosaic
