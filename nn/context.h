// What a forward pass is told besides its inputs. Given with every call, so one model may serve several
// threads, a training pass and an evaluation at once.
#pragma once

#include "engine/core/random.h"
#include "engine/core/tensor.h"

namespace mosaic::nn {

struct Context {
  bool training = false;     // dropout on
  Generator* rng = nullptr;  // where dropout masks come from; needed when training with a rate above zero
  // What activations are held in: f32, or a half type beside parameters that stay f32.
  DType precision = f32;
};

// The rate to use now: zero outside training. ArgumentError when a mask is needed and there is no generator.
double active_rate(double rate, const Context& context);

// dropout(x, active rate); x itself when the rate is zero.
Tensor dropout(const Tensor& x, double rate, const Context& context);

// Where activations begin: x in the half type of the context; x itself otherwise.
Tensor in_precision(const Tensor& x, const Context& context);

}  // namespace mosaic::nn
