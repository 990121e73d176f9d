// Every kernel family at the lengths around a vector, a warp and a block: 1, 31, 32, 33, 77 and 257.
#include "apps/checks/tables.h"

namespace mosaic::checks {
namespace {

constexpr int64_t lengths[] = {1, 31, 32, 33, 77, 257};

Tensor targets_for(const Tensor& logits) {
  std::vector<int32_t> ids;
  const int64_t classes = logits.dim(-1);
  for (int64_t i = 0; i < logits.dim(0); ++i) ids.push_back(static_cast<int32_t>((i * 5 + 3) % classes));
  return Tensor::from(ids, {logits.dim(0)}, logits.device());
}

void add_rows(std::vector<OpCase>& cases, int64_t n) {
  const auto named = [n](const char* op) { return cat(op, "/", n); };
  cases.push_back(
      {.name = named("gelu"), .inputs = {{3, n}}, .run = [](const Tensors& t) { return gelu(t[0]); }});
  cases.push_back(
      {.name = named("silu"), .inputs = {{3, n}}, .run = [](const Tensors& t) { return silu(t[0]); }});
  cases.push_back({.name = named("glu"), .inputs = {{3, 2 * n}}, .run = [](const Tensors& t) {
                     return glu(t[0], Gate::silu);
                   }});
  cases.push_back({.name = named("add"), .inputs = {{3, n}, {n}}, .run = [](const Tensors& t) {
                     return t[0] * t[1] + t[0];
                   }});
  cases.push_back({.name = named("dropout"), .inputs = {{3, n}}, .run = [](const Tensors& t) {
                     Generator rng(5);
                     return dropout(t[0], 0.4, rng);
                   }});
  cases.push_back(
      {.name = named("softmax"), .inputs = {{3, n}}, .run = [](const Tensors& t) { return softmax(t[0]); }});
  cases.push_back({.name = named("cross_entropy"), .inputs = {{3, n}}, .run = [](const Tensors& t) {
                     return cross_entropy(t[0], targets_for(t[0]), 0.1);
                   }});
  cases.push_back(
      {.name = named("sum"), .inputs = {{3, n}}, .run = [](const Tensors& t) { return sum(t[0], 1); }});
  cases.push_back({.name = cat("sum/columns ", n), .inputs = {{n, 3}}, .run = [](const Tensors& t) {
                     return sum(t[0], 0);
                   }});
  cases.push_back(
      {.name = cat("sum/all ", n), .inputs = {{3, n}}, .run = [](const Tensors& t) { return sum(t[0]); }});
  cases.push_back({.name = named("logsumexp"), .inputs = {{3, n}}, .run = [](const Tensors& t) {
                     return logsumexp(t[0], 1);
                   }});
  cases.push_back({.name = cat("mul/column ", n), .inputs = {{3, n}, {3, 1}}, .run = [](const Tensors& t) {
                     return t[0] * t[1];
                   }});
  cases.push_back({.name = cat("div/row ", n), .inputs = {{n, 3}, {3}}, .run = [](const Tensors& t) {
                     return t[0] / (t[1] * t[1] + 1.0);
                   }});
  for (const Shape& shape : {Shape{n, 3}, Shape{3, n, 5}, Shape{4, n}}) {
    const int axis = shape.rank() - 2;
    cases.push_back({.name = cat("max/columns ", shape),
                     .inputs = {shape},
                     .run = [=](const Tensors& t) { return max(t[0], axis); },
                     .gradcheck_step = 1e-5});
  }
  cases.push_back({.name = cat("argmax/columns ", n),
                   .inputs = {{n, 3}},
                   .run = [](const Tensors& t) { return argmax(t[0], 0); },
                   .differentiable = false});
  cases.push_back({.name = named("argmax"),
                   .inputs = {{3, n}},
                   .run = [](const Tensors& t) { return argmax(t[0], 1); },
                   .differentiable = false});
  cases.push_back({.name = named("topk"),
                   .inputs = {{3, n}},
                   .run = [n](const Tensors& t) { return topk(t[0], std::min<int64_t>(n, 4)).indices; },
                   .differentiable = false});
}

void add_layers(std::vector<OpCase>& cases, int64_t n) {
  const auto named = [n](const char* op) { return cat(op, "/", n); };
  cases.push_back(
      {.name = named("add_rms_norm"), .inputs = {{3, n}, {3, n}, {n}}, .run = [](const Tensors& t) {
         Generator rng(3);
         return add_rms_norm(t[0], t[1], 0.3, &rng, t[2]);
       }});
  // A row of one element has no variance: its gradients are zero but for rounding.
  if (n > 1) {
    cases.push_back({.name = named("layer_norm"), .inputs = {{3, n}, {n}, {n}}, .run = [](const Tensors& t) {
                       return layer_norm(t[0], t[1], t[2]);
                     }});
    cases.push_back(
        {.name = named("add_layer_norm"), .inputs = {{3, n}, {3, n}, {n}, {n}}, .run = [](const Tensors& t) {
           Generator rng(3);
           return add_layer_norm(t[0], t[1], 0.3, &rng, t[2], t[3]);
         }});
  }
  cases.push_back(
      {.name = cat("batch_norm/given, ", n), .inputs = {{3, n}, {n}, {n}}, .run = [n](const Tensors& t) {
         const Tensor ones = Tensor::full({n}, 1, t[0].dtype(), t[0].device());
         return batch_norm(t[0], t[1], t[2], ones, ones);
       }});
  cases.push_back({.name = named("embedding"), .inputs = {{4, n}}, .run = [](const Tensors& t) {
                     return embedding(t[0], Tensor::from(std::vector<int32_t>{3, 0, 3}, {3}, t[0].device()));
                   }});
  cases.push_back({.name = named("mix_experts"), .inputs = {{3, 2}, {2, 3, n}}, .run = [](const Tensors& t) {
                     return mix_experts(t[0], t[1]);
                   }});
  cases.push_back({.name = cat("mix_experts/biases ", n),
                   .inputs = {{n, 2}, {2, n}},
                   .run = [](const Tensors& t) { return mix_experts(t[0], t[1]); }});
  cases.push_back({.name = named("linear"), .inputs = {{3, n}, {5, n}, {5}}, .run = [](const Tensors& t) {
                     return linear(t[0], t[1], t[2]);
                   }});
}

// Lengths of both sides, and widths of a head.
void add_attention(std::vector<OpCase>& cases, int64_t n) {
  const auto attend = [](const Tensors& t) {
    Generator rng(8);
    return attention(t[0], t[1], t[2],
                     {.heads = 1, .causal = true, .key_mask = {}, .dropout = 0.2, .rng = &rng});
  };
  if (n <= 77) {
    cases.push_back(
        {.name = cat("attention/length ", n), .inputs = {{1, n, 4}, {1, n, 4}, {1, n, 4}}, .run = attend});
  }
  cases.push_back(
      {.name = cat("attention/width ", n), .inputs = {{1, 3, n}, {1, 4, n}, {1, 4, n}}, .run = attend});
}

}  // namespace

std::vector<OpCase> row_length_cases() {
  std::vector<OpCase> cases;
  for (const int64_t n : lengths) add_rows(cases, n);
  return cases;
}

std::vector<OpCase> layer_width_cases() {
  std::vector<OpCase> cases;
  for (const int64_t n : lengths) add_layers(cases, n);
  return cases;
}

std::vector<OpCase> attention_size_cases() {
  std::vector<OpCase> cases;
  for (const int64_t n : lengths) add_attention(cases, n);
  return cases;
}

}  // namespace mosaic::checks
