#include "apps/checks/timed_ops.h"

namespace mosaic::checks {
namespace {

using Sizes = TimedOp::Sizes;

Generator& draws() {
  static Generator rng(1);
  return rng;
}

Tensor drawn(const Shape& shape, Device device) {
  return normal(shape, 0, 1, draws(), f32, device);
}

Tensor leaf(const Shape& shape, Device device) {
  Tensor x = drawn(shape, device);
  x.track();
  return x;
}

double elements_of(const Tensor& x) {
  return static_cast<double>(x.numel());
}

TimedWork copy_work(const Sizes& s, Device device) {
  const Tensor x = drawn({s[0], s[1]}, device), y = empty_like(x);
  return {[=] {
            copy_(y, x);
            return y;
          },
          {},
          elements_of(x),
          2};
}

TimedWork transpose_work(const Sizes& s, Device device) {
  const Tensor x = drawn({s[0], s[1]}, device);
  return {[=] { return transpose(x).dense(); }, {}, elements_of(x), 2};
}

TimedWork add_work(const Sizes& s, Device device) {
  const Tensor x = drawn({s[0], s[1]}, device), y = drawn({s[0], s[1]}, device);
  return {[=] { return add(x, y); }, {}, elements_of(x), 3};
}

TimedWork gelu_work(const Sizes& s, Device device) {
  const Tensor x = leaf({s[0], s[1]}, device);
  return {[=] { return gelu(x); }, {x}, elements_of(x), 2, 0, 3};
}

TimedWork sum_work(const Sizes& s, Device device, int axis) {
  const Tensor x = drawn({s[0], s[1]}, device);
  return {[=] { return sum(x, axis); }, {}, elements_of(x), 1};
}

TimedWork softmax_work(const Sizes& s, Device device, bool log) {
  const Tensor x = leaf({s[0], s[1]}, device);
  return {[=] { return log ? log_softmax(x) : softmax(x); }, {x}, elements_of(x), 2, 0, 3};
}

TimedWork cross_entropy_work(const Sizes& s, Device device) {
  const Tensor x = leaf({s[0], s[1]}, device);
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < s[0]; ++i) ids.push_back(static_cast<int32_t>(i * 7 % s[1]));
  const Tensor targets = Tensor::from(ids, {s[0]}).to(device);
  return {[=] { return cross_entropy(x, targets, 0.1); }, {x}, elements_of(x), 1, 0, 2};
}

TimedWork layer_norm_work(const Sizes& s, Device device) {
  const Tensor x = leaf({s[0], s[1]}, device), gamma = leaf({s[1]}, device), beta = leaf({s[1]}, device);
  return {[=] { return layer_norm(x, gamma, beta); }, {x, gamma, beta}, elements_of(x), 2, 0, 3};
}

TimedWork add_layer_norm_work(const Sizes& s, Device device, double p) {
  const Tensor x = leaf({s[0], s[1]}, device), y = leaf({s[0], s[1]}, device), gamma = leaf({s[1]}, device),
               beta = leaf({s[1]}, device);
  return {[=] { return add_layer_norm(x, y, p, &draws(), gamma, beta); },
          {x, y, gamma, beta},
          elements_of(x),
          3,
          1,  // the sum
          4};
}

TimedWork dropout_work(const Sizes& s, Device device) {
  const Tensor x = leaf({s[0], s[1]}, device);
  return {[=] { return dropout(x, 0.1, draws()); }, {x}, elements_of(x), 2, 0, 2};
}

// Sizes: batch, queries, keys, heads, width of a head. Elements are the probabilities.
TimedWork attention_work(const Sizes& s, Device device, bool causal, double p) {
  const int64_t width = s[3] * s[4];
  const Tensor q = leaf({s[0], s[1], width}, device), k = leaf({s[0], s[2], width}, device),
               v = leaf({s[0], s[2], width}, device);
  const double elements = static_cast<double>(s[0] * s[1] * s[2] * s[3]);
  const double rows = static_cast<double>(2 * q.numel() + 2 * k.numel()) / elements;
  return {[=] {
            return attention(
                q, k, v, {.heads = s[3], .causal = causal, .key_mask = {}, .dropout = p, .rng = &draws()});
          },
          {q, k, v},
          elements,
          rows,
          1,
          2 * rows + 1};
}

TimedWork mix_work(const Sizes& s, Device device, bool per_neuron) {
  const Tensor stack = leaf({s[0], s[1], s[2]}, device);
  const Tensor alpha = per_neuron ? leaf({s[1], s[0]}, device) : leaf({s[0]}, device);
  const double m = static_cast<double>(s[0]);
  return {[=] { return mix_experts(alpha, stack); },
          {alpha, stack},
          static_cast<double>(s[1] * s[2]),
          m + 1,
          0,
          2 * m + 1};
}

TimedWork adamw_work(const Sizes& s, Device device) {
  const Tensor w = drawn({s[0], s[1]}, device), g = drawn({s[0], s[1]}, device),
               m = drawn({s[0], s[1]}, device), v = square(m);
  return {[=] {
            adamw_(w, g, m, v,
                   {.lr = 1e-6, .beta1 = 0.9, .beta2 = 0.98, .eps = 1e-8, .weight_decay = 0.01, .step = 5});
            return w;
          },
          {},
          elements_of(w),
          7};
}

std::vector<TimedOp> make_table() {
  const char* const rows_columns = "rows x columns";
  const char* const heads_meaning = "batch x queries x keys x heads x width";
  const char* const experts_meaning = "experts x out x in";
  const std::vector<Sizes> rows = {{4096, 128}, {4096, 512}}, logits = {{4096, 8000}};
  const std::vector<Sizes> heads = {{128, 32, 32, 4, 32}, {128, 32, 32, 8, 64}, {400, 10, 10, 4, 32},
                                    {68, 60, 60, 4, 64},  {64, 64, 64, 2, 128}, {128, 32, 32, 8, 16}};
  const std::vector<Sizes> some_heads = {heads[0], heads[3]};
  const std::vector<Sizes> steps = {{4, 1, 30, 8, 64}, {400, 1, 30, 4, 32}};
  const std::vector<Sizes> experts = {{2, 512, 128}, {2, 2048, 512}};
  return {
      {"copy_", rows_columns, {{4096, 512}, logits[0]}, copy_work},
      {"transpose", rows_columns, rows, transpose_work},
      {"add", rows_columns, rows, add_work},
      {"gelu", rows_columns, rows, gelu_work},
      {"dropout", rows_columns, rows, dropout_work},
      {"sum of rows", rows_columns, rows, [](const Sizes& s, Device on) { return sum_work(s, on, 1); }},
      {"sum of columns", rows_columns, rows, [](const Sizes& s, Device on) { return sum_work(s, on, 0); }},
      {"softmax", rows_columns, rows, [](const Sizes& s, Device on) { return softmax_work(s, on, false); }},
      {"log_softmax", rows_columns, rows,
       [](const Sizes& s, Device on) { return softmax_work(s, on, true); }},
      {"cross_entropy", "rows x classes", logits, cross_entropy_work},
      {"layer_norm", rows_columns, rows, layer_norm_work},
      {"add_layer_norm", rows_columns, rows,
       [](const Sizes& s, Device on) { return add_layer_norm_work(s, on, 0); }},
      {"add_dropout_layer_norm", rows_columns, rows,
       [](const Sizes& s, Device on) { return add_layer_norm_work(s, on, 0.1); }},
      {"attention", heads_meaning, heads,
       [](const Sizes& s, Device on) { return attention_work(s, on, false, 0); }},
      {"causal_attention", heads_meaning, some_heads,
       [](const Sizes& s, Device on) { return attention_work(s, on, true, 0); }},
      {"dropout_attention", heads_meaning, some_heads,
       [](const Sizes& s, Device on) { return attention_work(s, on, false, 0.1); }},
      {"decode_attention", heads_meaning, steps,
       [](const Sizes& s, Device on) { return attention_work(s, on, false, 0); }},
      {"mix_experts", experts_meaning, experts,
       [](const Sizes& s, Device on) { return mix_work(s, on, false); }},
      {"mix_neurons", experts_meaning, experts,
       [](const Sizes& s, Device on) { return mix_work(s, on, true); }},
      {"adamw_", rows_columns, {{512, 128}, {4096, 512}, {4096, 4096}}, adamw_work},
  };
}

}  // namespace

void TimedWork::backward(const Tensor& y, const Tensor& dy) const {
  for (const Tensor& x : leaves) x.zero_grad();
  GradSink sink(y.node());
  y.node()->rule({.saved = y.node()->saved, .dy = dy, .sink = sink});
}

const std::vector<TimedOp>& timed_ops() {
  static const std::vector<TimedOp> table = make_table();
  return table;
}

}  // namespace mosaic::checks
