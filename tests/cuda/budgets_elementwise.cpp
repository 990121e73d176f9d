// Budgets of what works element by element: unary and binary functions, broadcasting, copies, dropout,
// optimizers.
#include "engine/ops/activation.h"
#include "tests/cuda/budget.h"

namespace mosaic::test {
namespace {

constexpr int64_t rows = 256, cols = 512;
const Shape matrix{rows, cols};
constexpr int64_t matrix_bytes = rows * cols * 4;

Work convert(DType from, DType to) {
  return forward({drawn(matrix).to(from)}, [to](const Tensors& x) { return x[0].to(to); });
}

// The dense copy of a view of x.
Work copied(const Tensor& x, const std::function<Tensor(const Tensor&)>& view) {
  const Tensor from = view(x);
  return {[from] { from.dense(); }, 2 * bytes_of({from})};
}

Work dropped(bool back) {
  const auto f = [](const Tensors& x) {
    Generator rng(3);
    return dropout(x[0], 0.1, rng);
  };
  return back ? backward({tracked(matrix)}, f, 0) : forward({drawn(matrix)}, f);
}

Work concatenated(int axis, bool back) {
  const auto f = [axis](const Tensors& x) { return concat(x, axis); };
  const Shape half = matrix.with(axis, matrix[axis] / 2);
  return back ? backward({tracked(half), tracked(half)}, f, 0) : forward({drawn(half), drawn(half)}, f);
}

Work adam() {
  std::vector<AdamWUpdate> updates;
  int64_t bytes = 0;
  for (const Shape& shape : {matrix, Shape{cols}, Shape{100, 33}, Shape{2, cols}}) {
    updates.push_back(
        {drawn(shape),
         drawn(shape),
         Tensor::zeros(shape, f32, gpu),
         Tensor::zeros(shape, f32, gpu),
         {.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.98, .eps = 1e-8, .weight_decay = 0.1, .step = 1}});
    bytes += 7 * bytes_of({updates.back().parameter});  // parameter, m and v both ways
  }
  return {[updates] { adamw_(updates); }, bytes};
}

Work momentum() {
  const SGDUpdate update{drawn(matrix), drawn(matrix), drawn(matrix), {.lr = 0.1, .momentum = 0.9}};
  return {[update] { sgd_(std::span(&update, 1)); }, 5 * matrix_bytes};
}

Work filled() {
  const Tensor x = Tensor::empty(matrix, f32, gpu);
  return {[x] { fill_(x, 3); }, matrix_bytes};
}

Tensor sum_of_two(const Tensors& x) {
  return x[0] + x[1];
}
Tensor product(const Tensors& x) {
  return x[0] * x[1];
}
Tensor larger_of_two(const Tensors& x) {
  return maximum(x[0], x[1]);
}

}  // namespace

std::vector<Budget> elementwise_budgets() {
  return {
      {"functions", "exp", 1.25,
       [] { return forward({drawn(matrix)}, [](const Tensors& x) { return exp(x[0]); }); }},
      {"functions", "gelu", 1.25,
       [] { return forward({drawn(matrix)}, [](const Tensors& x) { return gelu(x[0]); }); }},
      {"functions", "gelu, gradient", 1.25,
       [] {
         return backward(
             {tracked(matrix)}, [](const Tensors& x) { return gelu(x[0]); }, matrix_bytes);
       }},
      {"functions", "silu, gradient added", 1.25,
       [] {
         return backward(
             {tracked(matrix)}, [](const Tensors& x) { return silu(x[0]); }, matrix_bytes, Delivered::before);
       }},
      {"functions", "sigmoid, f64", 1.25,
       [] { return forward({drawn(matrix, f64)}, [](const Tensors& x) { return sigmoid(x[0]); }); }},
      {"binary", "add", 1.25,
       [] {
         return forward({drawn(matrix), drawn(matrix)}, sum_of_two);
       }},
      {"binary", "product, gradients", 1.05,
       [] {
         return backward({tracked(matrix), tracked(matrix)}, product, 2 * matrix_bytes);
       }},
      {"binary", "maximum, gradients", 1.05,
       [] {
         return backward({tracked(matrix), tracked(matrix)}, larger_of_two, 2 * matrix_bytes);
       }},
      {"binary", "equal", 1.25,
       [] {
         return forward({drawn(matrix), drawn(matrix)}, [](const Tensors& x) { return equal(x[0], x[1]); });
       }},
      {"binary", "where", 1.25,
       [] {
         return forward({drawn(matrix).to(u8), drawn(matrix), drawn(matrix)},
                        [](const Tensors& x) { return where(x[0], x[1], x[2]); });
       }},
      {"broadcast", "matrix + row", 1.25,
       [] {
         return forward({drawn({4 * rows, cols}), drawn({cols})}, sum_of_two);
       }},
      {"broadcast", "matrix * column", 1.25,
       [] {
         return forward({drawn(matrix), drawn({rows, 1})}, product);
       }},
      {"broadcast", "matrix + row, gradient of the row", 1.25,
       [] {
         return backward({drawn(matrix), tracked({cols})}, sum_of_two, 0);
       }},
      {"broadcast", "matrix * row, gradients", 1.1,
       [] {
         return backward({tracked(matrix), tracked({cols})}, product, matrix_bytes + 4 * cols);
       }},
      {"broadcast", "matrix * row, gradient of the row", 1.1,
       [] {
         return backward({drawn(matrix), tracked({cols})}, product, matrix_bytes);
       }},
      {"broadcast", "matrix * column, gradients", 1.15,
       [] {
         return backward({tracked(matrix), tracked({rows, 1})}, product, matrix_bytes + 4 * rows);
       }},
      {"copies", "f32 to f64", 1.25, [] { return convert(f32, f64); }},
      {"copies", "f32 to u8", 1.25, [] { return convert(f32, u8); }},
      {"copies", "fill", 1.25, [] { return filled(); }},
      {"copies", "transposed", 1.25,
       [] { return copied(drawn(matrix), [](const Tensor& x) { return transpose(x); }); }},
      {"copies", "transposed, odd, f64", 1.25,
       [] {
         return copied(drawn({3, 131, 257}, f64), [](const Tensor& x) { return transpose(x); });
       }},
      {"copies", "heads apart", 1.25,
       [] {
         return copied(drawn({4, 64, 8, 64}), [](const Tensor& x) { return transpose(x, 1, 2); });
       }},
      {"copies", "columns", 1.25,
       [] { return copied(drawn(matrix), [](const Tensor& x) { return slice(x, 1, 64, 192); }); }},
      {"copies", "concat of rows", 1.25, [] { return concatenated(0, false); }},
      {"copies", "concat of columns", 1.25, [] { return concatenated(1, false); }},
      {"copies", "concat of columns, gradients", 1.25, [] { return concatenated(1, true); }},
      {"random", "normal", 1.25,
       [] {
         return forward({}, [](const Tensors&) {
           Generator rng(3);
           return normal(matrix, 0, 1, rng, f32, gpu);
         });
       }},
      {"random", "dropout", 1.25, [] { return dropped(false); }},
      {"random", "dropout, gradient", 1.25, [] { return dropped(true); }},
      {"optimizers", "AdamW, four tensors", 1.25, [] { return adam(); }},
      {"optimizers", "SGD with momentum", 1.25, [] { return momentum(); }},
  };
}

}  // namespace mosaic::test
