// What a kernel may move. A budget is an op at a representative size with its floor: the bytes of its
// distinct inputs, read once, and of its results, written once, by the sizes of the tensors. The simulator
// counts the 32-byte sectors that the op's kernels ask for, as if there were no caches: temporaries and
// whatever is read again count against the op. These are counts, never times.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/engine.h"

namespace mosaic::test {

using Tensors = std::vector<Tensor>;

struct Work {
  std::function<void()> run;
  int64_t floor;  // bytes
};

struct Budget {
  const char* family;
  const char* op;
  double most;  // sectors * 32 over the floor; 0: compute-bound, reported only
  std::function<Work()> make;
  const char* note = "";  // why the floor is out of reach
};

std::vector<Budget> elementwise_budgets();
std::vector<Budget> row_budgets();
std::vector<Budget> layer_budgets();

inline const Device gpu{DeviceKind::cuda, 0};

// Random values, and ids below n.
Tensor drawn(const Shape& shape, DType dtype = f32);
Tensor drawn_ids(int64_t count, int64_t n);
// The same as the result of an op, so that its gradient is kept and not copied into a leaf's.
Tensor tracked(const Shape& shape, DType dtype = f32);

int64_t bytes_of(const Tensors& tensors);
// f without a graph. The floor: inputs, the result, and `more` bytes.
Work forward(const Tensors& inputs, const std::function<Tensor(const Tensors&)>& f, int64_t more = 0);
// f as in training: it saves `saved` bytes beside its inputs and its result.
Work training(const Tensors& inputs, const std::function<Tensor(const Tensors&)>& f, int64_t saved);
// The derivative rule of f. The floor: `saved` bytes, dy, and the gradients of those inputs that are tracked,
// twice when something was `delivered` to them before, which is added to.
enum class Delivered { nothing, before };
Work backward(const Tensors& inputs, const std::function<Tensor(const Tensors&)>& f, int64_t saved,
              Delivered delivered = Delivered::nothing);

}  // namespace mosaic::test
