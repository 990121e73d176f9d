// LSTM and GRU over padded batches of sequences: several layers, one or both directions. Parameters have
// PyTorch's names, shapes and gate order, so its state dicts can be loaded.
//
// A mask u8 {batch, length} says where tokens are (1) and where padding is (0), anywhere in a row. Padding
// leaves the states unchanged, so the final states are those after each sequence's last token in either
// direction; the output is 0 there. Padded inputs must be finite but do not matter otherwise.
#pragma once

#include <string>
#include <vector>

#include "nn/module.h"

namespace mosaic::nn {

struct RecurrentOptions {
  int64_t in, hidden;
  int64_t layers = 1;
  bool bias = true;
  bool bidirectional = false;
  double dropout = 0;  // of what a layer hands to the next
};

// What both share; the state of a layer and direction is `parts` vectors of `hidden` side by side.
class RecurrentStack : public Module {
 public:
  void visit(Visitor& v) override;
  std::string describe() const override;
  const RecurrentOptions& options() const { return options_; }
  int64_t directions() const { return options_.bidirectional ? 2 : 1; }

 protected:
  using Cell = Tensor (*)(const Tensor& input, const Tensor& recurrent, const Tensor& state,
                          const Tensor& mask);
  // ArgumentError unless sizes are positive and the rate is in [0, 1).
  RecurrentStack(const char* kind, Cell cell, int64_t gates, int64_t parts, const RecurrentOptions& options);

  struct Run {
    Tensor y;       // {batch, length, directions * hidden}
    Tensor states;  // {layers * directions, batch, parts * hidden}
  };
  Run run(const Tensor& x, const Tensor& mask, const Tensor& start, const Context& context) const;
  // ShapeError unless `state`, {layers * directions, batch, hidden} or undefined, fits x.
  void check_state(const Tensor& state, const Tensor& x) const;

 private:
  struct Weights {  // of one layer and direction
    std::string suffix;
    int64_t in;
    Tensor weight_ih, weight_hh;  // {gates * hidden, in}, {gates * hidden, hidden}
    Tensor bias_ih, bias_hh;      // {gates * hidden}, undefined without bias
  };
  Tensor pass(const Weights& weights, const Tensor& x, const Tensor& mask, bool reverse, Tensor& state) const;

  const char* kind_;
  Cell cell_;
  int64_t gates_, parts_;
  RecurrentOptions options_;
  std::vector<Weights> weights_;  // forward before reverse in each layer
};

struct LstmState {
  Tensor h, c;  // {layers * directions, batch, hidden}, forward before reverse in each layer
};

// Long short-term memory (Hochreiter and Schmidhuber 1997); see lstm_cell. Gates i, f, g, o.
class Lstm final : public RecurrentStack {
 public:
  using Options = RecurrentOptions;
  explicit Lstm(const Options& options);
  Lstm(const Options& options, Generator& rng);  // U(-hidden^-1/2, hidden^-1/2)

  struct Result {
    Tensor y;         // {batch, length, directions * hidden}, the last layer's
    LstmState state;  // the final ones
  };
  // x {batch, length, in}; mask undefined: no padding; start undefined (both or neither): zeros.
  Result operator()(const Tensor& x, const Tensor& mask = {}, const LstmState& start = {},
                    const Context& context = {}) const;
};

// Gated recurrent unit (Cho et al. 2014); see gru_cell. Gates r, z, n.
class Gru final : public RecurrentStack {
 public:
  using Options = RecurrentOptions;
  explicit Gru(const Options& options);
  Gru(const Options& options, Generator& rng);  // U(-hidden^-1/2, hidden^-1/2)

  struct Result {
    Tensor y;  // {batch, length, directions * hidden}, the last layer's
    Tensor h;  // {layers * directions, batch, hidden}, the final states
  };
  // x {batch, length, in}; mask undefined: no padding; start undefined: zeros.
  Result operator()(const Tensor& x, const Tensor& mask = {}, const Tensor& start = {},
                    const Context& context = {}) const;
};

}  // namespace mosaic::nn
