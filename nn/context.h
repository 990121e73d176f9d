// What a forward pass is told besides its inputs. Given with every call, so one model may serve several
// threads, a training pass and an evaluation at once.
#pragma once

#include <functional>
#include <vector>

#include "engine/core/random.h"
#include "engine/core/tensor.h"

namespace mosaic::nn {

struct Context {
  bool training = false;     // dropout on
  Generator* rng = nullptr;  // where dropout masks come from; needed when training with a rate above zero
  // What activations are held in: f32, or a half type beside parameters that stay f32.
  DType precision = f32;
  // When training, layers keep nothing but their inputs and run again during backward: a third more time, and
  // memory for one layer's inner results instead of all. Gradients are the same but for rounding.
  bool recompute = false;
};

// The rate to use now: zero outside training. ArgumentError when a mask is needed and there is no generator.
double active_rate(double rate, const Context& context);

// dropout(x, active rate); x itself when the rate is zero.
Tensor dropout(const Tensor& x, double rate, const Context& context);

// layer(inputs), which is recomputed during backward when the context says so. What else the layer reads is
// captured.
Tensor run_layer(const Context& context, const std::vector<Tensor>& inputs,
                 const std::function<Tensor(const std::vector<Tensor>&)>& layer);

// Where activations begin: x in the half type of the context; x itself otherwise.
Tensor in_precision(const Tensor& x, const Context& context);

}  // namespace mosaic::nn
