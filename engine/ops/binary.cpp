// Functions of two operands that are broadcast together. The functions and their derivatives are in
// kernels/binary_on.h, side by side.
#include <algorithm>
#include <array>
#include <optional>

#include "engine/autograd/node.h"
#include "engine/kernels/kernels.h"
#include "engine/ops/check.h"
#include "engine/ops/half.h"
#include "engine/ops/loop.h"
#include "engine/ops/ops.h"
#include "engine/ops/sum_to.h"

namespace mosaic {
namespace {

using kernels::BinaryOp;

void* place_of(const Tensor& tensor) {
  return tensor.defined() ? tensor.raw() : nullptr;
}

Tensor binary(const char* name, BinaryOp op, const Tensor& a, const Tensor& b, std::vector<Tensor> saved,
              BackwardRule rule) {
  check_defined(name, {&a, &b});
  check_float(name, {&a, &b});
  const Tensor y = Tensor::empty(Shape::broadcast(a.shape(), b.shape()), a.dtype(), a.device());
  if (y.numel() > 0) {
    kernels::elementwise_kernels(y.device())
        .binary({.op = op,
                 .dtype = y.dtype(),
                 .a = a.raw(),
                 .b = b.raw(),
                 .y = y.raw(),
                 .loop = make_loop<3>(y.shape(), {&a, &b, &y})});
  }
  return record({.op = name, .inputs = {a, b}, .saved = std::move(saved), .backward = std::move(rule)}, y);
}

// The op in f32 when the device's kernels know no half types; else undefined.
Tensor in_f32(const char* name, const Tensor& a, const Tensor& b,
              Tensor (*op)(const Tensor&, const Tensor&)) {
  check_defined(name, {&a, &b});
  if (!half_in_f32(a)) return {};
  check_float(name, {&a, &b});
  return op(widened(a), widened(b)).to(a.dtype());
}

// Gradients of operands that were not broadcast; an undefined target: not wanted.
void run_whole(const Back& back, BinaryOp op, const GradTarget& da, const GradTarget& db) {
  const Tensor &a = back.saved[0], &b = back.saved[1], &dy = back.dy;
  kernels::elementwise_kernels(dy.device())
      .binary_back({.op = op,
                    .dtype = dy.dtype(),
                    .a = place_of(a),
                    .b = place_of(b),
                    .dy = dy.raw(),
                    .da = place_of(da.tensor),
                    .add_da = da.accumulate,
                    .db = place_of(db.tensor),
                    .add_db = db.accumulate,
                    .loop = make_loop<5>(dy.shape(), {&a, &b, &dy, &da.tensor, &db.tensor})});
}

void deliver_whole(const Back& back, BinaryOp op, const std::array<bool, 2>& wanted) {
  GradTarget targets[2];
  for (size_t i = 0; i < 2; ++i) {
    if (wanted[i]) targets[i] = back.sink.target(i);
  }
  if (back.dy.numel() == 0) return;
  const Tensor &da = targets[0].tensor, &db = targets[1].tensor;
  if (da.defined() && db.defined() && da.storage() == db.storage()) {
    // They may be views of one tensor, and the elements of one gradient lie where others of the other do.
    run_whole(back, op, targets[0], {});
    run_whole(back, op, {}, targets[1]);
  } else {
    run_whole(back, op, targets[0], targets[1]);
  }
}

using Strides3 = std::array<int64_t, 3>;

// Strides of x over {outer, n, cols}, as binary_sum takes them; none where it does not lie so.
std::optional<Strides3> strides_over(const SummedAxes& axes, const Tensor& x, const Shape& whole) {
  const auto strides = axes.strides(x, whole);
  if (strides && axes.cols == 1 && (*strides)[1] != 1) return {};
  return strides;
}

// What binary_sum reads: x, or a dense copy of it, and its strides.
struct Grouped {
  Tensor x;
  Strides3 strides;

  Grouped(const SummedAxes& axes, const Tensor& tensor, const Shape& whole) {
    const auto found = strides_over(axes, tensor, whole);
    x = found ? tensor : expand(tensor, whole).dense();
    strides = found ? *found : *strides_over(axes, x, whole);
  }
};

// Where binary_sum writes the other operand's gradient: its place, or memory that is delivered afterwards.
struct Aside {
  GradTarget target, place;
  Strides3 strides{};

  Aside() = default;
  Aside(const SummedAxes& axes, const GradTarget& wanted, const Tensor& dy) : target(wanted), place(wanted) {
    auto found = strides_over(axes, target.tensor, dy.shape());
    if (!found) {
      place = {empty_like(dy), false};
      found = strides_over(axes, place.tensor, dy.shape());
    }
    strides = *found;
  }
  void deliver() const {
    if (!place.tensor.defined() || place.tensor.storage() == target.tensor.storage()) return;
    const Tensor dx = reshape(place.tensor, target.tensor.shape());
    target.accumulate ? add_(target.tensor, dx) : copy_(target.tensor, dx);
  }
};

// Gradient i, summed to `shape`, and the other one with it when that is wanted.
void deliver_summed(const Back& back, BinaryOp op, size_t i, const Shape& shape, bool with_other) {
  const Shape& whole = back.dy.shape();
  const SummedAxes axes = *summed_axes(whole, shape);
  const Tensor sum = Tensor::empty(axes.summed(whole), back.dy.dtype(), back.dy.device()),
               repeated = back.saved[i].defined() ? expand(back.saved[i], sum.shape()).dense() : Tensor();
  const Grouped other(axes, back.saved[1 - i], whole), dy(axes, back.dy, whole);
  const Aside dother = with_other ? Aside(axes, back.sink.target(1 - i), back.dy) : Aside();
  kernels::Loop<3> loop{.rank = 3, .sizes = {axes.outer, axes.n, axes.cols}};
  std::copy_n(other.strides.data(), 3, loop.strides[0]);
  std::copy_n(dy.strides.data(), 3, loop.strides[1]);
  std::copy_n(dother.strides.data(), 3, loop.strides[2]);
  kernels::elementwise_kernels(sum.device())
      .binary_sum({.op = op,
                   .dtype = sum.dtype(),
                   .repeats_first = i == 0,
                   .repeated = place_of(repeated),
                   .other = other.x.raw(),
                   .dy = dy.x.raw(),
                   .sum = sum.raw(),
                   .dother = place_of(dother.place.tensor),
                   .add_dother = dother.place.accumulate,
                   .loop = loop});
  dother.deliver();
  back.sink.add(i, sum_to(sum, shape));
}

// The rule of ops that save a and b, each where a gradient is written in it.
BackwardRule gradients_of(BinaryOp op, const Tensor& a, const Tensor& b) {
  return [op, shapes = std::array{a.shape(), b.shape()}](const Back& back) {
    const int64_t n = back.dy.numel();
    std::array<bool, 2> wanted{back.sink.wants(0), back.sink.wants(1)};
    for (size_t i = 0; i < 2; ++i) {
      if (!wanted[i] || shapes[i].numel() == n) continue;
      if (n == 0) {
        back.sink.add(i, Tensor::zeros(shapes[i], back.dy.dtype(), back.dy.device()));
      } else {
        const bool with_other = wanted[1 - i] && shapes[1 - i].numel() == n;
        deliver_summed(back, op, i, shapes[i], with_other);
        if (with_other) return;
      }
      wanted[i] = false;
    }
    if (wanted[0] || wanted[1]) deliver_whole(back, op, wanted);
  };
}

}  // namespace

Tensor add(const Tensor& a, const Tensor& b) {
  if (const Tensor y = in_f32("add", a, b, add); y.defined()) return y;
  return binary("add", BinaryOp::add, a, b, {}, [sa = a.shape(), sb = b.shape()](const Back& back) {
    if (back.sink.wants(0)) back.sink.add(0, sum_to(back.dy, sa));
    if (back.sink.wants(1)) back.sink.add(1, sum_to(back.dy, sb));
  });
}

Tensor sub(const Tensor& a, const Tensor& b) {
  if (const Tensor y = in_f32("sub", a, b, sub); y.defined()) return y;
  return binary("sub", BinaryOp::sub, a, b, {}, [sa = a.shape(), sb = b.shape()](const Back& back) {
    if (back.sink.wants(0)) back.sink.add(0, sum_to(back.dy, sa));
    if (back.sink.wants(1)) back.sink.add(1, neg(sum_to(back.dy, sb)));
  });
}

Tensor mul(const Tensor& a, const Tensor& b) {
  if (const Tensor y = in_f32("mul", a, b, mul); y.defined()) return y;
  // Each factor is kept only for the other's gradient.
  return binary("mul", BinaryOp::mul, a, b, {b.tracked() ? a : Tensor(), a.tracked() ? b : Tensor()},
                gradients_of(BinaryOp::mul, a, b));
}

Tensor div(const Tensor& a, const Tensor& b) {
  if (const Tensor y = in_f32("div", a, b, div); y.defined()) return y;
  return binary("div", BinaryOp::div, a, b, {b.tracked() ? a : Tensor(), b},
                gradients_of(BinaryOp::div, a, b));
}

Tensor maximum(const Tensor& a, const Tensor& b) {
  if (const Tensor y = in_f32("maximum", a, b, maximum); y.defined()) return y;
  return binary("maximum", BinaryOp::maximum, a, b, {a, b}, gradients_of(BinaryOp::maximum, a, b));
}
Tensor minimum(const Tensor& a, const Tensor& b) {
  if (const Tensor y = in_f32("minimum", a, b, minimum); y.defined()) return y;
  return binary("minimum", BinaryOp::minimum, a, b, {a, b}, gradients_of(BinaryOp::minimum, a, b));
}

}  // namespace mosaic
