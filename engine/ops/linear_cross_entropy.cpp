// The last layer of a language model and its loss in one: the logits of a few rows at a time are made, read
// for the loss, turned into their own gradient and multiplied into those of x, weight and bias while they are
// in the cache; the whole {rows, classes} matrix is never there. The gradients are therefore made with the
// loss, for an incoming gradient of one, and scaled by the one that comes.
#include <algorithm>

#include "engine/autograd/node.h"
#include "engine/kernels/kernels.h"
#include "engine/ops/check.h"
#include "engine/ops/half.h"
#include "engine/ops/ops.h"
#include "engine/ops/product.h"

namespace mosaic {
namespace {

// Rows of logits at a time: 8 MB of f32 on the CPU, whose last cache they should fit; a GPU wants long
// products. Part of the result's definition, as the sums over rows go chunk by chunk.
int64_t chunk_rows(int64_t classes, Device device) {
  const int64_t values = device == cpu() ? int64_t{1} << 21 : int64_t{1} << 26;
  return std::max<int64_t>(values / std::max<int64_t>(classes, 1), 64);
}

// What is summed over the chunks; a gradient that nobody wants is undefined.
struct Sums {
  Tensor each, nll;  // {n}
  Tensor dx, dweight, dbias;
};

constexpr int64_t no_class = -1;  // no target is ignored

struct Rates {
  double smoothing;
  bool nll;
};

void add_chunk(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& targets,
               const Rates& rates, int64_t first, int64_t last, const Tensor& one, const Sums& sums) {
  const Tensor rows = slice(x, 0, first, last), t = slice(targets, 0, first, last);
  const Tensor logits = linear(rows, weight, bias);  // {chunk, classes}
  const Tensor each = slice(sums.each, 0, first, last), lse = empty_like(each);
  const kernels::Softmax& softmax = kernels::softmax_kernels(x.device());
  softmax.cross_entropy({.dtype = logits.dtype(),
                         .rows = logits.dim(0),
                         .cols = logits.dim(1),
                         .x = logits.raw(),
                         .x_stride = logits.dim(1),
                         .targets = t.data<int32_t>(),
                         .smoothing = rates.smoothing,
                         .ignore = no_class,
                         .loss = each.raw(),
                         .lse = lse.raw()});
  // With l the logits: each = lse - (1 - s) l[t] - s mean(l), and -log p[t] = lse - l[t].
  if (rates.nll) copy_(slice(sums.nll, 0, first, last), sub(lse, gather(logits, t)));
  if (!sums.dx.defined() && !sums.dweight.defined() && !sums.dbias.defined()) return;
  softmax.cross_entropy_grad({.dtype = logits.dtype(),
                              .rows = logits.dim(0),
                              .cols = logits.dim(1),
                              .x = logits.raw(),
                              .x_stride = logits.dim(1),
                              .targets = t.data<int32_t>(),
                              .smoothing = rates.smoothing,
                              .ignore = no_class,
                              .lse = lse.raw(),
                              .dy = one.raw(),
                              .dy_stride = 0,
                              .dx = logits.raw(),
                              .dx_stride = logits.dim(1),
                              .accumulate = false});
  if (sums.dx.defined()) product(logits, weight, slice(sums.dx, 0, first, last), false);
  if (sums.dweight.defined()) product(transpose(logits), rows, sums.dweight, first > 0);
  if (sums.dbias.defined()) column_sums(logits, sums.dbias, first > 0);
}

void check_operands(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& targets,
                    double label_smoothing) {
  constexpr const char* op = "linear_cross_entropy";
  check_defined(op, {&x, &weight});
  check_float(op, {&x, &weight, &bias});
  check_ids(op, "targets", targets, x);
  check<ShapeError>(x.rank() == 2 && weight.rank() == 2 && x.dim(1) == weight.dim(1), op, "x ", x.shape(),
                    " does not fit weight ", weight.shape());
  check<ShapeError>(!bias.defined() || bias.shape() == Shape{weight.dim(0)}, op, "bias must be {",
                    weight.dim(0), "}, got ", bias.defined() ? bias.shape() : Shape{});
  check<ShapeError>(targets.shape() == Shape{x.dim(0)}, op, "x ", x.shape(),
                    " needs one target for each row, got targets ", targets.shape());
  check<ShapeError>(weight.dim(0) > 0, op, "needs classes, got weight ", weight.shape());
  check(label_smoothing >= 0 && label_smoothing <= 1, op, "label_smoothing must lie in [0, 1], got ",
        label_smoothing);
}

// Half types take the way through their logits: their products have kernels of their own.
SummedLoss composed(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& targets,
                    const Rates& rates) {
  const Tensor logits = linear(x, weight, bias);
  SummedLoss out{.loss = sum(cross_entropy(logits, targets, rates.smoothing)), .nll = {}};
  if (rates.nll) {
    const NoGrad quiet;
    out.nll = sum(cross_entropy(logits, targets));
  }
  return out;
}

}  // namespace

SummedLoss linear_cross_entropy(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                const Tensor& targets, double label_smoothing, bool nll) {
  const Rates rates{label_smoothing, nll};
  if (x.defined() && is_half(x.dtype())) return composed(x, weight, bias, targets, rates);
  check_operands(x, weight, bias, targets, label_smoothing);
  const int64_t n = x.dim(0), classes = weight.dim(0);
  const Tensor t = targets.dense();
  check_targets("linear_cross_entropy", t, classes, 0);
  Sums sums;
  const auto like = [&](const Tensor& input, bool zero) {
    if (!wants_grad({&input})) return Tensor();
    return zero ? Tensor::zeros(input.shape(), input.dtype(), input.device())
                : Tensor::empty(input.shape(), input.dtype(), input.device());
  };
  sums.dx = like(x, false), sums.dweight = like(weight, n == 0), sums.dbias = like(bias, n == 0);
  SummedLoss out;
  {
    const NoGrad quiet;
    const Tensor rows = as_rows(x).detach(), w = as_rows(weight).detach(),
                 b = bias.defined() ? bias.detach() : bias;
    sums.each = Tensor::empty({n}, x.dtype(), x.device());
    if (nll) sums.nll = empty_like(sums.each);
    const Tensor one = Tensor::full({}, 1, x.dtype(), x.device());
    const int64_t chunk = chunk_rows(classes, x.device());
    for (int64_t first = 0; first < n; first += chunk)
      add_chunk(rows, w, b, t, rates, first, std::min(first + chunk, n), one, sums);
    out.loss = sum(sums.each);
    if (nll) out.nll = sum(sums.nll);
  }
  if (!wants_grad({&x, &weight, &bias})) return out;
  out.loss = record({.op = "linear_cross_entropy",
                     .inputs = {x, weight, bias},
                     .saved = {sums.dx, sums.dweight, sums.dbias},
                     .backward =
                         [](const Back& b) {
                           for (size_t i = 0; i < 3; ++i) {
                             if (b.sink.wants(i)) b.sink.add(i, mul(b.saved[i], b.dy));
                           }
                         }},
                    out.loss);
  return out;
}

}  // namespace mosaic
