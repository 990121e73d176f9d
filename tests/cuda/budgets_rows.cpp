// Budgets of what works on rows and columns: reductions, softmax, losses, normalisations.
#include "engine/ops/norm.h"
#include "tests/cuda/budget.h"

namespace mosaic::test {
namespace {

constexpr int64_t rows = 256, cols = 512;
const Shape matrix{rows, cols};
constexpr int64_t matrix_bytes = rows * cols * 4, row_bytes = cols * 4, column_bytes = rows * 4;

using Op = std::function<Tensor(const Tensors&)>;

Budget reduction(const char* op, const Op& f, const Shape& shape = matrix, double most = 1.25,
                 const char* note = "") {
  return {"reductions", op, most, [=] { return forward({drawn(shape)}, f); }, note};
}

// Softmax of rows of some length; its gradient needs the result.
Budget softmax_budget(const char* op, const Shape& shape, const Op& f, double most = 1.25,
                      const char* note = "") {
  return {"softmax", op, most, [=] { return forward({drawn(shape)}, f); }, note};
}
Budget softmax_gradient(const char* op, const Shape& shape, const Op& f, double most = 1.25,
                        const char* note = "") {
  return {"softmax", op, most, [=] { return backward({tracked(shape)}, f, shape.numel() * 4); }, note};
}

Work loss(bool back, double smoothing) {
  constexpr int64_t tokens = 24, vocabulary = 8000;
  const Tensor targets = drawn_ids(tokens, vocabulary);
  const auto f = [=](const Tensors& x) { return cross_entropy(x[0], targets, smoothing); };
  const Shape logits{tokens, vocabulary};
  return back ? backward({tracked(logits)}, f, logits.numel() * 4 + 3 * 4 * tokens)
              : forward({drawn(logits)}, f, 2 * 4 * tokens);
}

Tensor layer_norm_of(const Tensors& x) {
  return layer_norm(x[0], x[1], x[2]);
}
Tensor rms_norm_of(const Tensors& x) {
  return rms_norm(x[0], x[1]);
}
// layer_norm(x + dropout(y))
Tensor residual(const Tensors& x) {
  Generator rng(3);
  return add_layer_norm(x[0], x[1], 0.1, &rng, x[2], x[3]);
}
Tensor batch_norm_of(const Tensors& x) {
  return batch_norm(x[0], x[1], x[2]).y;
}

Work channels_normalised(const Shape& shape) {
  const Shape row{shape[1]};
  return forward({drawn(shape), drawn(row), drawn(row)}, batch_norm_of);
}
Work channels_normalised_back(const Shape& shape) {
  const Shape row{shape[1]};
  return backward({tracked(shape), tracked(row), tracked(row)}, batch_norm_of,
                  4 * (shape.numel() + 3 * shape[1]));
}

Work normalised(const Shape& shape) {
  const Shape row{shape[1]};
  return forward({drawn(shape), drawn(row), drawn(row)}, layer_norm_of);
}
Work normalised_back(const Shape& shape) {
  const Shape row{shape[1]};
  return backward({tracked(shape), tracked(row), tracked(row)}, layer_norm_of,
                  4 * (shape.numel() + shape[1] + 2 * shape[0]));
}

}  // namespace

std::vector<Budget> row_budgets() {
  const Op softmax_of = [](const Tensors& x) { return softmax(x[0]); };
  const Op log_softmax_of = [](const Tensors& x) { return log_softmax(x[0]); };
  const Op logsumexp_of = [](const Tensors& x) { return logsumexp(x[0], 1); };
  const Op max_of = [](const Tensors& x) { return max(x[0], 1); };
  const Op max_of_columns = [](const Tensors& x) { return max(x[0], 0); };
  const Shape channels{4, 16, 32, 32}, large{8, 4, 64, 64};
  return {
      reduction("sum of rows", [](const Tensors& x) { return sum(x[0], 1); }),
      reduction("sum of columns", [](const Tensors& x) { return sum(x[0], 0); }),
      reduction("sum of a middle axis", [](const Tensors& x) { return sum(x[0], 1); }, {8, 64, 256}),
      reduction("mean of all", [](const Tensors& x) { return mean(x[0]); }),
      reduction("max of rows", max_of),
      reduction("max of columns", max_of_columns),
      {"reductions", "max of columns, gradient", 1.25,
       [=] { return backward({tracked(matrix)}, max_of_columns, row_bytes); }},
      reduction("argmax of rows", [](const Tensors& x) { return argmax(x[0], 1); }),
      reduction("top 5 of rows", [](const Tensors& x) { return topk(x[0], 5).values; }),
      reduction("logsumexp of rows", logsumexp_of),
      {"reductions", "logsumexp, gradient", 1.25,
       [=] { return backward({tracked(matrix)}, logsumexp_of, matrix_bytes + column_bytes); }},
      {"reductions", "max, gradient", 1.25,
       [=] { return backward({tracked(matrix)}, max_of, column_bytes); }},
      softmax_budget("softmax", matrix, softmax_of),
      softmax_budget("softmax, rows of 4,096", {32, 4096}, softmax_of),
      softmax_budget("softmax, rows of 16,384", {8, 16384}, softmax_of),
      softmax_budget("log_softmax", matrix, log_softmax_of),
      softmax_gradient("softmax, gradient", matrix, softmax_of),
      softmax_gradient("log_softmax, gradient", matrix, log_softmax_of),
      softmax_gradient("log_softmax, gradient, of 16,384", {8, 16384}, log_softmax_of),
      {"cross-entropy", "cross_entropy, 8,000 classes", 1.25, [] { return loss(false, 0); }},
      {"cross-entropy", "with label smoothing", 1.25, [] { return loss(false, 0.1); }},
      {"cross-entropy", "gradient", 1.25, [] { return loss(true, 0.1); }},
      {"norms", "layer_norm", 1.25, [] { return normalised(matrix); }},
      {"norms", "layer_norm, rows of 1,024", 1.25,
       [] {
         return normalised({128, 1024});
       }},
      {"norms", "layer_norm, rows of 2,560", 1.25,
       [] {
         return normalised({1024, 2560});
       }},
      {"norms", "layer_norm, gradients", 1.25, [] { return normalised_back(matrix); }},
      {"norms", "layer_norm, gradients, of 1,024", 1.25,
       [] {
         return normalised_back({128, 1024});
       }},
      {"norms", "rms_norm", 1.25,
       [] {
         return forward({drawn(matrix), drawn({cols})}, rms_norm_of);
       }},
      {"norms", "rms_norm, gradients", 1.25,
       [] {
         return backward({tracked(matrix), tracked({cols})}, rms_norm_of,
                         matrix_bytes + row_bytes + column_bytes);
       }},
      {"norms", "add_layer_norm with dropout", 1.25,
       [] {
         return training({tracked(matrix), tracked(matrix), drawn({cols}), drawn({cols})}, residual,
                         matrix_bytes + 2 * column_bytes);
       }},
      {"norms", "add_layer_norm, gradients", 1.25,
       [] {
         return backward({tracked(matrix), tracked(matrix), tracked({cols}), tracked({cols})}, residual,
                         matrix_bytes + row_bytes + 2 * column_bytes);
       }},
      {"batch norm", "batch_norm", 1.05, [=] { return channels_normalised(channels); }},
      {"batch norm", "batch_norm, gradients", 1.05, [=] { return channels_normalised_back(channels); }},
      {"batch norm", "batch_norm, channels of 32,768", 2.05, [=] { return channels_normalised(large); },
       "a channel is read for its mean, its variance and its result"},
      {"batch norm", "batch_norm, channels of 32,768, gradients", 2.05,
       [=] { return channels_normalised_back(large); }, "x and dy are read for the sums and for the result"},
  };
}

}  // namespace mosaic::test
