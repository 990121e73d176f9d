#include "nn/layers/recurrent.h"

#include "engine/ops/ops.h"
#include "engine/ops/recurrent.h"

namespace mosaic::nn {
namespace {

// Step t of {batch, length, ...}, a view without the axis.
Tensor at(const Tensor& x, int64_t t) {
  return squeeze(slice(x, 1, t, t + 1), 1);
}

}  // namespace

RecurrentStack::RecurrentStack(const char* kind, Cell cell, int64_t gates, int64_t parts,
                               const RecurrentOptions& options)
    : kind_(kind), cell_(cell), gates_(gates), parts_(parts), options_(options) {
  check<ArgumentError>(options.in > 0 && options.hidden > 0 && options.layers > 0, kind,
                       "sizes must be positive, got in ", options.in, ", hidden ", options.hidden, " and ",
                       options.layers, " layers");
  check<ArgumentError>(options.dropout >= 0 && options.dropout < 1, kind, "dropout must be in [0, 1), got ",
                       options.dropout);
  for (int64_t layer = 0; layer < options.layers; ++layer) {
    const int64_t in = layer == 0 ? options.in : directions() * options.hidden;
    for (int64_t d = 0; d < directions(); ++d) {
      Weights weights;
      weights.suffix = cat("_l", layer, d == 1 ? "_reverse" : "");
      weights.in = in;
      weights_.push_back(std::move(weights));
    }
  }
}

void RecurrentStack::visit(Visitor& v) {
  const int64_t rows = gates_ * options_.hidden;
  const Init init = Init::fan_in(options_.hidden);
  for (Weights& w : weights_) {
    v.parameter(cat("weight_ih", w.suffix), w.weight_ih, {rows, w.in}, init);
    v.parameter(cat("weight_hh", w.suffix), w.weight_hh, {rows, options_.hidden}, init);
    if (!options_.bias) continue;
    v.parameter(cat("bias_ih", w.suffix), w.bias_ih, {rows}, init);
    v.parameter(cat("bias_hh", w.suffix), w.bias_hh, {rows}, init);
  }
}

std::string RecurrentStack::describe() const {
  return cat(kind_, " ", options_.in, " -> ", options_.hidden, ", ", options_.layers, " layers",
             options_.bidirectional ? ", both directions" : "", options_.bias ? "" : ", without bias");
}

void RecurrentStack::check_state(const Tensor& state, const Tensor& x) const {
  if (!state.defined()) return;
  check<ShapeError>(x.rank() == 3 && state.shape() == Shape{static_cast<int64_t>(weights_.size()), x.dim(0),
                                                            options_.hidden},
                    kind_, "x ", x.shape(), " needs states {", weights_.size(), ", batch, ", options_.hidden,
                    "}, got ", state.shape());
}

Tensor RecurrentStack::pass(const Weights& weights, const Tensor& x, const Tensor& mask, bool reverse,
                            Tensor& state) const {
  const int64_t length = x.dim(1);
  if (length == 0) return Tensor::zeros({x.dim(0), 0, options_.hidden}, x.dtype(), x.device());
  const Tensor input = linear(x, weights.weight_ih, weights.bias_ih);  // {batch, length, gates * hidden}
  std::vector<Tensor> outputs(static_cast<size_t>(length));            // {batch, hidden} each
  for (int64_t done = 0; done < length; ++done) {
    const int64_t t = reverse ? length - 1 - done : done;
    const Tensor recurrent = linear(slice(state, 1, 0, options_.hidden), weights.weight_hh, weights.bias_hh);
    state = cell_(at(input, t), recurrent, state, mask.defined() ? at(mask, t) : Tensor());
    outputs[static_cast<size_t>(t)] = slice(state, 1, 0, options_.hidden);
  }
  const Tensor y = stack(outputs, 1);
  return mask.defined() ? where(unsqueeze(mask, -1), y, Tensor::zeros({}, y.dtype(), y.device())) : y;
}

RecurrentStack::Run RecurrentStack::run(const Tensor& x, const Tensor& mask, const Tensor& start,
                                        const Context& context) const {
  const Scope scope(name());
  check<ShapeError>(x.rank() == 3 && x.dim(2) == options_.in, kind_, "needs x {batch, length, ", options_.in,
                    "}, got ", x.shape());
  if (mask.defined()) {
    check<DtypeError>(mask.dtype() == u8, kind_, "the mask must be u8, got ", mask.dtype());
    check<ShapeError>(mask.shape() == Shape{x.dim(0), x.dim(1)}, kind_, "x ", x.shape(), " needs a mask {",
                      x.dim(0), ", ", x.dim(1), "}, got ", mask.shape());
  }
  const int64_t width = parts_ * options_.hidden;
  Tensor y = x;
  std::vector<Tensor> finals;  // {batch, width} each
  for (size_t i = 0; i < weights_.size();) {
    if (i > 0) y = dropout(y, options_.dropout, context);
    std::vector<Tensor> sides;  // {batch, length, hidden} each
    for (int64_t d = 0; d < directions(); ++d, ++i) {
      const auto index = static_cast<int64_t>(i);
      Tensor state = start.defined() ? squeeze(slice(start, 0, index, index + 1), 0)
                                     : Tensor::zeros({x.dim(0), width}, x.dtype(), x.device());
      sides.push_back(pass(weights_[i], y, mask, d == 1, state));
      finals.push_back(state);
    }
    y = sides.size() == 1 ? sides[0] : concat(sides, 2);
  }
  return {y, stack(finals)};
}

Lstm::Lstm(const Options& options) : RecurrentStack("Lstm", lstm_cell, 4, 2, options) {}

Lstm::Lstm(const Options& options, Generator& rng) : Lstm(options) {
  initialise(*this, next_stream(rng));
}

Lstm::Result Lstm::operator()(const Tensor& x, const Tensor& mask, const LstmState& start,
                              const Context& context) const {
  check<ArgumentError>(start.h.defined() == start.c.defined(), "Lstm", "only one of h and c was given");
  check_state(start.h, x);
  check_state(start.c, x);
  const Tensor parts[] = {start.h, start.c};
  const Run run = this->run(x, mask, start.h.defined() ? concat(parts, 2) : Tensor(), context);
  const int64_t n = options().hidden;
  return {run.y, {slice(run.states, 2, 0, n), slice(run.states, 2, n, 2 * n)}};
}

Gru::Gru(const Options& options) : RecurrentStack("Gru", gru_cell, 3, 1, options) {}

Gru::Gru(const Options& options, Generator& rng) : Gru(options) {
  initialise(*this, next_stream(rng));
}

Gru::Result Gru::operator()(const Tensor& x, const Tensor& mask, const Tensor& start,
                            const Context& context) const {
  check_state(start, x);
  const Run run = this->run(x, mask, start, context);
  return {run.y, run.states};
}

}  // namespace mosaic::nn
