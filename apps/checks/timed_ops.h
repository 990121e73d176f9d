// The ops that training and search spend their time in beside matrix products, ready to be timed: the table
// of `mosaic bench ops` and of the selftest's timings.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace mosaic::checks {

// One op on one shape. Values are counted by the definition: each tensor read or written once, in units of
// `elements`.
struct TimedWork {
  std::function<Tensor()> run;
  std::vector<Tensor> leaves;  // that get gradients
  double elements = 0;
  double values = 0;           // evaluated
  double kept_values = 0;      // written in addition for the backward
  double backward_values = 0;  // 0: no backward

  // The op's rule alone, on the result of a run that was recorded: a sweep would copy the seed first.
  void backward(const Tensor& y, const Tensor& dy) const;
};

struct TimedOp {
  using Sizes = std::vector<int64_t>;

  std::string name;
  const char* meaning;  // of the sizes: "rows x columns"
  std::vector<Sizes> shapes;
  std::function<TimedWork(const Sizes&, Device)> make;
};

const std::vector<TimedOp>& timed_ops();

}  // namespace mosaic::checks
