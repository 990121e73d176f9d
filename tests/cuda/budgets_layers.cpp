// Budgets of layers: lookups, gates, rotary positions, recurrent cells, mixtures, pools, attention.
#include <set>

#include "engine/ops/activation.h"
#include "engine/ops/pool.h"
#include "engine/ops/recurrent.h"
#include "engine/ops/rotary.h"
#include "tests/cuda/budget.h"

namespace mosaic::test {
namespace {

constexpr int64_t rows = 256, cols = 512;
constexpr int64_t matrix_bytes = rows * cols * 4;

int64_t distinct(const Tensor& ids) {
  const std::vector<double> values = ids.values();
  return static_cast<int64_t>(std::set<double>(values.begin(), values.end()).size());
}

constexpr int64_t vocabulary = 6000, width = 256, tokens = 1024;
const Shape table{vocabulary, width};

Work looked_up() {
  const Tensor weights = drawn(table), ids = drawn_ids(tokens, vocabulary);
  return {[=] { embedding(weights, ids); }, 4 * (distinct(ids) * width + tokens * width + tokens)};
}

// Of the whole table; or added to one, where only rows that are looked up need be touched.
Work looked_up_back(Delivered delivered) {
  const Tensor ids = drawn_ids(tokens, vocabulary), weights = drawn(table).track();
  Work work = backward(
      {weights}, [ids](const Tensors& x) { return embedding(x[0], ids, 1); }, 4 * tokens, delivered);
  if (delivered == Delivered::before) work.floor -= 2 * 4 * (vocabulary - distinct(ids)) * width;
  return work;
}

Work gated(bool back, Gate gate) {
  const Shape shape{rows, 2 * cols};
  const auto f = [gate](const Tensors& x) { return glu(x[0], gate); };
  return back ? backward({tracked(shape)}, f, 2 * matrix_bytes) : forward({drawn(shape)}, f);
}

Work turned(bool back, bool interleaved) {
  constexpr int64_t heads = 8, head = 64, length = 64, batch = 4;
  const Tensor cosines = drawn({length, head / 2}), sines = drawn({length, head / 2});
  const auto f = [=](const Tensors& x) {
    return rotary(x[0], cosines, sines, {.heads = heads, .interleaved = interleaved});
  };
  const Shape shape{batch, length, heads * head};
  const int64_t tables = bytes_of({cosines, sines});
  return back ? backward({tracked(shape)}, f, tables) : forward({drawn(shape)}, f, tables);
}

using Cell = Tensor (*)(const Tensor&, const Tensor&, const Tensor&, const Tensor&);
// Of 128 rows; `gates` and `states` of `width` columns each.
Work cell(Cell step, int64_t gates, int64_t states, bool back) {
  const Shape in{128, gates * width}, state{128, states * width};
  const auto f = [step](const Tensors& x) { return step(x[0], x[1], x[2], {}); };
  const int64_t kept = 4 * in.numel();
  if (!back) {
    const int64_t unread = states == 2 ? 4 * 128 * width : 0;  // h before the step
    return training({tracked(in), tracked(in), drawn(state)}, f, kept - unread);
  }
  // The derivative of an LSTM reads gates, cells before and after; that of a GRU the state and a third of
  // `recurrent`.
  const int64_t read = kept + 4 * 128 * width * 2;
  return backward({tracked(in), tracked(in), tracked(state)}, f, read);
}

Work mixed(int64_t experts, bool per_neuron, bool back) {
  const Shape stack{experts, rows, cols}, alpha = per_neuron ? Shape{rows, experts} : Shape{experts};
  const auto f = [](const Tensors& x) { return mix_experts(x[0], x[1]); };
  if (!back) return forward({drawn(alpha), drawn(stack)}, f);
  return backward({tracked(alpha), tracked(stack)}, f, 4 * (alpha.numel() + stack.numel()));
}

const Shape image{4, 16, 48, 48};
Work pooled(const std::function<Tensor(const Tensor&)>& pool, bool back, int64_t kept) {
  const auto f = [pool](const Tensors& x) { return pool(x[0]); };
  return back ? backward({tracked(image)}, f, kept) : forward({drawn(image)}, f);
}

Work attended(bool back) {
  const Shape shape{2, 64, 128};
  const auto f = [](const Tensors& x) { return attention(x[0], x[1], x[2], {.heads = 2, .key_mask = {}}); };
  if (!back) return forward({drawn(shape), drawn(shape), drawn(shape)}, f);
  return backward({tracked(shape), tracked(shape), tracked(shape)}, f,
                  4 * 4 * shape.numel() + 4 * 2 * 2 * 64);
}

}  // namespace

std::vector<Budget> layer_budgets() {
  const auto max_pool = [](const Tensor& x) { return max_pool2d(x, {.kernel = 2}); };
  const auto average_pool = [](const Tensor& x) { return average_pool2d(x, {.kernel = 2}); };
  const int64_t windows = image.numel() / 4;
  return {
      {"embedding", "embedding", 1.25, [] { return looked_up(); }},
      {"embedding", "gradient of the table", 1.25, [] { return looked_up_back(Delivered::nothing); }},
      {"embedding", "gradient added to the table", 1.25, [] { return looked_up_back(Delivered::before); }},
      {"gated units", "SwiGLU", 1.25, [] { return gated(false, Gate::silu); }},
      {"gated units", "SwiGLU, gradient", 1.25, [] { return gated(true, Gate::silu); }},
      {"gated units", "GEGLU, gradient", 1.25, [] { return gated(true, Gate::gelu); }},
      {"rotary", "rotary, halves", 1.25, [] { return turned(false, false); }},
      {"rotary", "rotary, halves, gradient", 1.25, [] { return turned(true, false); }},
      {"rotary", "rotary, interleaved", 1.25, [] { return turned(false, true); }},
      {"cells", "lstm_cell", 1.25, [] { return cell(lstm_cell, 4, 2, false); }},
      {"cells", "lstm_cell, gradients", 1.25, [] { return cell(lstm_cell, 4, 2, true); }},
      {"cells", "gru_cell", 1.25, [] { return cell(gru_cell, 3, 1, false); }},
      {"cells", "gru_cell, gradients", 1.25, [] { return cell(gru_cell, 3, 1, true); }},
      {"mixing", "two experts, a layer", 1.25, [] { return mixed(2, false, false); }},
      {"mixing", "six experts, a neuron", 1.25, [] { return mixed(6, true, false); }},
      {"mixing", "two experts, a layer, gradients", 1.25, [] { return mixed(2, false, true); }},
      {"mixing", "six experts, a neuron, gradients", 1.25, [] { return mixed(6, true, true); }},
      {"pools", "max_pool2d", 1.05, [=] { return pooled(max_pool, false, 0); }},
      {"pools", "max_pool2d with places", 1.05,
       [=] {
         return training(
             {tracked(image)}, [=](const Tensors& x) { return max_pool(x[0]); }, 4 * windows);
       }},
      {"pools", "max_pool2d, gradient", 1.05, [=] { return pooled(max_pool, true, 4 * windows); }},
      {"pools", "average_pool2d", 1.05, [=] { return pooled(average_pool, false, 0); }},
      {"pools", "average_pool2d, gradient", 1.05, [=] { return pooled(average_pool, true, 0); }},
      {"attention", "attention, 64 x 64 of 64", 0, [] { return attended(false); }, "compute-bound"},
      {"attention", "attention, gradients", 0, [] { return attended(true); }, "compute-bound"},
  };
}

}  // namespace mosaic::test
