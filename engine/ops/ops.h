// The public ops, with those of activation.h (activations, gated linear units), norm.h (RMS and batch norm),
// conv.h and pool.h beside them. All are recorded for backward when an input is tracked, unless said
// otherwise.
//
// Rules shared by all: inputs of one op have one dtype and one device (DtypeError, DeviceError name the odd
// one); sizes that do not fit throw ShapeError with both shapes; inputs may be strided views; zero-size
// inputs are allowed; results are dense and new unless called a view. Integer and mask results are never
// tracked.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/core/random.h"
#include "engine/core/tensor.h"
#include "engine/ops/segments.h"

namespace mosaic {

// --- create (never tracked)
// ---------------------------------------------------------------------------------
Tensor arange(int64_t n, DType dtype = i32, Device device = cpu());  // 0, 1, ... n-1
Tensor uniform(const Shape& shape, double low, double high, Generator& rng, DType dtype = f32,
               Device device = cpu());
Tensor normal(const Shape& shape, double mean, double deviation, Generator& rng, DType dtype = f32,
              Device device = cpu());

// --- in place (never tracked; the version of the storage is advanced)
// ---------------------------------------
void fill_(const Tensor& x, double value);
void copy_(const Tensor& to, const Tensor& from);  // same shape; converts the dtype, moves between devices
void add_(const Tensor& to, const Tensor& from, double scale = 1);  // to += scale * from
void scale_(const Tensor& x, double factor);

// --- elementwise with broadcasting
// --------------------------------------------------------------------------
Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
Tensor div(const Tensor& a, const Tensor& b);
Tensor maximum(const Tensor& a, const Tensor& b);  // ties: half of the gradient to each
Tensor minimum(const Tensor& a, const Tensor& b);
Tensor add(const Tensor& x, double value);
Tensor mul(const Tensor& x, double value);
Tensor pow(const Tensor& x, double exponent);
Tensor neg(const Tensor& x);
Tensor exp(const Tensor& x);
Tensor log(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor rsqrt(const Tensor& x);  // 1 / sqrt(x)
Tensor square(const Tensor& x);
Tensor abs(const Tensor& x);  // gradient 0 at 0
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor sigmoid(const Tensor& x);
Tensor relu(const Tensor& x);  // gradient 0 at 0
Tensor gelu(const Tensor& x);  // x * Phi(x), by erf
Tensor clamp(const Tensor& x, double low, double high);
Tensor where(const Tensor& mask, const Tensor& a, const Tensor& b);  // mask u8: a where not 0
// Comparisons give u8, never tracked.
Tensor equal(const Tensor& a, const Tensor& b);
Tensor less(const Tensor& a, const Tensor& b);
Tensor is_finite(const Tensor& x);

inline Tensor operator+(const Tensor& a, const Tensor& b) {
  return add(a, b);
}
inline Tensor operator-(const Tensor& a, const Tensor& b) {
  return sub(a, b);
}
inline Tensor operator*(const Tensor& a, const Tensor& b) {
  return mul(a, b);
}
inline Tensor operator/(const Tensor& a, const Tensor& b) {
  return div(a, b);
}
inline Tensor operator-(const Tensor& x) {
  return neg(x);
}
inline Tensor operator+(const Tensor& x, double value) {
  return add(x, value);
}
inline Tensor operator-(const Tensor& x, double value) {
  return add(x, -value);
}
inline Tensor operator*(const Tensor& x, double value) {
  return mul(x, value);
}
inline Tensor operator/(const Tensor& x, double value) {
  return mul(x, 1 / value);
}
inline Tensor operator+(double value, const Tensor& x) {
  return add(x, value);
}
inline Tensor operator-(double value, const Tensor& x) {
  return add(neg(x), value);
}
inline Tensor operator*(double value, const Tensor& x) {
  return mul(x, value);
}

// --- views (no copy; gradients go straight into the region of the base)
// --------------------------------------
Tensor slice(const Tensor& x, int axis, int64_t begin, int64_t end);  // [begin, end) along an axis
Tensor leading(const Tensor& x, const Shape& shape);  // x[:shape[0], :shape[1], ...], same rank
Tensor permute(const Tensor& x, std::span<const int> axes);
Tensor transpose(const Tensor& x, int a = -2, int b = -1);
Tensor squeeze(const Tensor& x, int axis);
Tensor unsqueeze(const Tensor& x, int axis);
// A view when the layout allows it, else of a dense copy. One size may be -1.
Tensor reshape(const Tensor& x, const Shape& shape);
Tensor reshape(const Tensor& x, std::initializer_list<int64_t> sizes);
// Repeats axes of size one (and new leading axes) with stride zero; the gradient is summed.
Tensor expand(const Tensor& x, const Shape& shape);
// Copies:
Tensor concat(std::span<const Tensor> parts, int axis);
Tensor stack(std::span<const Tensor> parts, int axis = 0);

// --- products
// -----------------------------------------------------------------------------------------------
// {..., m, k} x {..., k, n} -> {..., m, n}; leading axes broadcast.
Tensor matmul(const Tensor& a, const Tensor& b);
enum class Activation : uint8_t { none, relu };
// x {..., in}, weight {out, in}, bias {out} or undefined -> activation(x W^T + b) {..., out}. weight may be a
// slice by rows or, transposed, by columns: it is read in place. (Products of few rows are faster by
// columns.)
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              Activation activation = Activation::none);

// --- reductions
// ---------------------------------------------------------------------------------------------
Tensor sum(const Tensor& x);  // all elements -> {}
Tensor mean(const Tensor& x);
Tensor sum(const Tensor& x, int axis, bool keep = false);
Tensor mean(const Tensor& x, int axis, bool keep = false);
Tensor max(const Tensor& x, int axis, bool keep = false);  // gradient to the first maximum
Tensor logsumexp(const Tensor& x, int axis, bool keep = false);
Tensor argmax(const Tensor& x, int axis);  // i32, first maximum
// The k largest of the last axis in descending order, ties by lower index. Not tracked.
struct TopK {
  Tensor values, indices;
};  // {..., k}, i32 {..., k}
TopK topk(const Tensor& x, int64_t k);

// --- softmax and losses
// -------------------------------------------------------------------------------------
Tensor softmax(const Tensor& x);  // over the last axis
Tensor log_softmax(const Tensor& x);
// Label-smoothed cross-entropy of the last axis: logits {..., classes}, targets i32 {...} -> {...} with
// (1 - s) * (-log p[t]) + s / classes * sum_c(-log p[c]); 0 where t == ignore. ArgumentError for a target
// outside the classes.
Tensor cross_entropy(const Tensor& logits, const Tensor& targets, double label_smoothing = 0,
                     int64_t ignore = -100);
// A language model's last layer with its loss: the sum over rows of cross_entropy(linear(x, weight, bias),
// targets, label_smoothing), and of -log p[t] (not tracked; undefined unless `nll`). x {n, in}, weight
// {classes, in}, bias {classes} or undefined, targets i32 {n}. Logits exist for a few rows at a time only.
// The loss has the bits of the composed one; gradients are made at once, with an incoming gradient of one.
struct SummedLoss {
  Tensor loss, nll;  // {}
};
SummedLoss linear_cross_entropy(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                const Tensor& targets, double label_smoothing = 0, bool nll = false);

// --- normalisation
// ------------------------------------------------------------------------------------------ Over the last
// axis: (x - mean) / sqrt(variance + eps) * gamma + beta; gamma, beta {cols}.
Tensor layer_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, double eps = 1e-5);
// layer_norm(x + dropout(y, p)): one pass over a residual block's end (post-norm Transformers).
// rng may be null when p == 0.
Tensor add_layer_norm(const Tensor& x, const Tensor& y, double dropout, Generator* rng, const Tensor& gamma,
                      const Tensor& beta, double eps = 1e-5);

// --- attention
// ----------------------------------------------------------------------------------------------
struct AttentionOptions {
  int64_t heads = 1;
  bool causal = false;  // query i sees keys 0..i + (Lk - Lq)
  Tensor key_mask;      // u8 {batch, Lk}: 1 = visible; undefined = all visible
  // Sequences without padding: q is {1, all queries, width}, k and v {1, all keys, width}, and the queries of
  // a sequence see its keys. Both or neither, of as many sequences; no key_mask then.
  Segments queries = {}, keys = {};
  double dropout = 0;        // of the probabilities
  Generator* rng = nullptr;  // needed when dropout > 0
};
// Scaled dot-product attention, scale 1/sqrt(width / heads): q {batch, Lq, width}, k {batch, Lk, width},
// v {batch, Lk, width} -> {batch, Lq, width}; head h owns channels [h, h+1) * width / heads. q, k and v may
// be slices of one packed projection. A query that sees no key gives zeros. Of segments Lq and Lk are each
// sequence's own.
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options);

// --- indexing
// ----------------------------------------------------------------------------------------------- table
// {rows, width} (may be a column slice), ids i32 {...} -> {..., width}. The gradient of row `padding` stays
// zero (-1: none). ArgumentError for an id outside the table.
Tensor embedding(const Tensor& table, const Tensor& ids, int64_t padding = -1);
// Rows of axis 0 in the order of indices i32 {n}.
Tensor index_select(const Tensor& x, const Tensor& indices);
// x {..., n}, indices i32 {...} -> the chosen element of each row {...}.
Tensor gather(const Tensor& x, const Tensor& indices);

// --- random
// ------------------------------------------------------------------------------------------------- Zeroes
// with probability p and scales the rest by 1/(1-p). Saves the generator's position, not a mask.
Tensor dropout(const Tensor& x, double p, Generator& rng);

// --- mixture of supernets
// ------------------------------------------------------------------------------------ Weighted sum of expert
// weights. experts {m, out, in} or {m, out} (usually a slice of a larger stack); alpha {m} (one coefficient
// an expert) or {out, m} (one a neuron and expert) -> {out, in} or {out}.
Tensor mix_experts(const Tensor& alpha, const Tensor& experts);

// --- optimizer steps (in place, never tracked)
// ----------------------------------------------------------------
struct AdamWOptions {
  double lr, beta1, beta2, eps, weight_decay;
  int64_t step;           // 1 at the first update
  bool decoupled = true;  // AdamW; false adds weight_decay * weight to the gradient (Adam with L2)
  double grad_scale = 1;  // multiplies the gradient first (token count, clipping)
};
struct AdamWUpdate {
  Tensor parameter, grad, m, v;
  AdamWOptions options;
};
// Parameters must be dense, distinct and on one device; an undefined grad counts as zeros. Nothing is changed
// when one of the updates is refused.
void adamw_(std::span<const AdamWUpdate> updates);
void adamw_(const Tensor& parameter, const Tensor& grad, const Tensor& m, const Tensor& v,
            const AdamWOptions& options);

// Gradient descent. With g = grad_scale * grad + weight_decay * parameter and a velocity v:
//   v = momentum v + g,  parameter -= lr v, or lr (g + momentum v) with Nesterov's momentum (Sutskever et al.
//   2013, with gradients taken at the parameters); without a velocity parameter -= lr g.
struct SGDOptions {
  double lr, momentum = 0, weight_decay = 0;
  bool nesterov = false;
  double grad_scale = 1;
};
struct SGDUpdate {
  Tensor parameter, grad, velocity;  // velocity undefined: no momentum
  SGDOptions options;
};
// Parameters and velocities must be dense, distinct and on one device; an undefined grad counts as zeros.
// Nothing is changed when one of the updates is refused. ArgumentError for momentum without a velocity.
void sgd_(std::span<const SGDUpdate> updates);
// Sum of squares in double, in a fixed order; for gradient norms. Of several tensors: the sum over them in
// their order, read from their devices at the end.
double squared_norm(const Tensor& x);
double squared_norm(std::span<const Tensor> tensors);

}  // namespace mosaic
