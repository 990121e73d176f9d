// rotary: every pair of channels turns by its angle; the gradient turns back.
#include "engine/ops/rotary.h"

#include "engine/autograd/node.h"
#include "engine/kernels/kernels.h"
#include "engine/ops/check.h"
#include "engine/ops/half.h"

namespace mosaic {
namespace {

constexpr const char* op = "rotary";

void run(const Tensor& x, const Tensor& cosines, const Tensor& sines, const RotaryOptions& options, bool back,
         const Tensor& y, bool accumulate) {
  const Rows from = rows_of(x), to = rows_of(y), cosine = rows_of(cosines), sine = rows_of(sines);
  kernels::sequence_kernels(x.device())
      .rotary({.dtype = x.dtype(),
               .rows = from.rows,
               .heads = options.heads,
               .width = from.cols / options.heads,
               .pairs = cosine.cols,
               .positions = cosine.rows,
               .interleaved = options.interleaved,
               .back = back,
               .x = from.data,
               .x_stride = from.row_stride,
               .cosines = cosine.data,
               .sines = sine.data,
               .cosine_stride = cosine.row_stride,
               .sine_stride = sine.row_stride,
               .y = to.data,
               .y_stride = to.row_stride,
               .accumulate = accumulate});
}

void check_rotary(const Tensor& x, const Tensor& cosines, const Tensor& sines, const RotaryOptions& options) {
  check_defined(op, {&x, &cosines, &sines});
  check_terms(op, x, {&cosines, &sines});
  check<ShapeError>(
      x.rank() >= 2 && cosines.rank() == 2 && cosines.shape() == sines.shape() && x.dim(-2) == cosines.dim(0),
      op, "x {..., length, channels} with cosines and sines {length, pairs} expected, got ", x.shape(), ", ",
      cosines.shape(), " and ", sines.shape());
  check<ShapeError>(options.heads >= 1 && x.dim(-1) % options.heads == 0, op, x.dim(-1),
                    " channels cannot be divided among ", options.heads, " heads");
  const int64_t width = x.dim(-1) / options.heads;
  check<ShapeError>(2 * cosines.dim(1) <= width, op, cosines.dim(1), " pairs do not fit heads of ", width,
                    " channels");
}

}  // namespace

Tensor rotary(const Tensor& x, const Tensor& cosines, const Tensor& sines, const RotaryOptions& options) {
  check_rotary(x, cosines, sines, options);
  if (is_half(x.dtype())) {
    return rotary(widened(x), widened(cosines), widened(sines), options).to(x.dtype());
  }
  const Tensor y = empty_like(x), c = as_rows(cosines), s = as_rows(sines);
  run(as_rows(x), c, s, options, false, y, false);
  return record({.op = op,
                 .inputs = {x},
                 .saved = {c, s},
                 .backward =
                     [options](const Back& b) {
                       const Tensor dy = as_rows(b.dy);
                       b.sink.rows(0, [&](const Tensor& dx, bool accumulate) {
                         run(dy, b.saved[0], b.saved[1], options, true, dx, accumulate);
                       });
                     }},
                y);
}

}  // namespace mosaic
