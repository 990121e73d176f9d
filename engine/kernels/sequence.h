// Kernels of sequence layers: rotary positions and the cells of recurrent layers.
#pragma once

#include <cstdint>

#include "engine/core/dtype.h"

namespace mosaic::kernels {

// In every row of x and each of its heads, pairs of channels turn by an angle of the row's position:
//   (a, b) -> (a cos - s b sin, a s sin + b cos), s = -1 when `back` (the transpose: the derivative), else 1.
// Row r has the angles of table row r % positions. Pair i of a head is (2i, 2i + 1) when interleaved, else
// (i, i + pairs); channels from 2 pairs on are copied.
struct RotaryArgs {
  DType dtype;
  int64_t rows, heads, width, pairs, positions;  // columns: heads * width
  bool interleaved, back;
  const void* x;
  int64_t x_stride;
  const void* cosines;
  const void* sines;  // {positions, pairs}
  int64_t cosine_stride, sine_stride;
  void* y;
  int64_t y_stride;
  bool accumulate = false;
};

// Common to the cells: rows of pre-activations from the input and from the state, {rows, gates * width},
// added gate by gate. A row whose mask (null: none) is 0 keeps its state, and its gradient too.
struct CellShape {
  DType dtype;
  int64_t rows, width;
  const uint8_t* mask;
  int64_t mask_stride;
};

// Gates i, f, g, o; states {rows, 2 * width}, h before c:
//   c' = sigmoid(f) c + sigmoid(i) tanh(g),  h' = sigmoid(o) tanh(c').
struct LstmArgs {
  CellShape shape;
  const void* input;
  const void* recurrent;
  const void* state;
  int64_t input_stride, recurrent_stride, state_stride;
  void* next;   // {rows, 2 * width} dense
  void* gates;  // {rows, 4 * width} dense, after their nonlinearities, for the gradient; null: not wanted
};
struct LstmGradArgs {
  CellShape shape;
  const void* gates;
  const void* state;
  const void* next;  // dense
  const void* dnext;
  int64_t state_stride, dnext_stride;
  void* dgates;  // {rows, 4 * width} dense: of the sums, so of input and recurrent alike
  void* dstate;  // null: not wanted
  int64_t dstate_stride;
  bool dstate_add;
};

// Gates r, z, n; states h {rows, width}:
//   n = tanh(input_n + sigmoid(r) recurrent_n),  h' = (1 - sigmoid(z)) n + sigmoid(z) h.
struct GruArgs {
  CellShape shape;
  const void* input;
  const void* recurrent;
  const void* state;
  int64_t input_stride, recurrent_stride, state_stride;
  void* next;   // {rows, width} dense
  void* gates;  // {rows, 3 * width} dense, as above
};
struct GruGradArgs {
  CellShape shape;
  const void* gates;
  const void* recurrent;
  const void* state;
  const void* dnext;
  int64_t recurrent_stride, state_stride, dnext_stride;
  void* dinput;      // {rows, 3 * width} dense
  void* drecurrent;  // {rows, 3 * width} dense
  void* dstate;      // null: not wanted
  int64_t dstate_stride;
  bool dstate_add;
};

struct Sequence {
  virtual void rotary(const RotaryArgs&) const = 0;
  virtual void lstm(const LstmArgs&) const = 0;
  virtual void lstm_grad(const LstmGradArgs&) const = 0;
  virtual void gru(const GruArgs&) const = 0;
  virtual void gru_grad(const GruGradArgs&) const = 0;

 protected:
  ~Sequence() = default;
};

}  // namespace mosaic::kernels
