#include <cmath>

#include "apps/checks/tables.h"

namespace mosaic::checks {
namespace {

struct Angles {
  Tensor cosines, sines;  // {length, pairs}
};
Angles angles(int64_t length, int64_t pairs, const Tensor& like) {
  const Tensor a =
      reshape(arange(length * pairs, accumulated(like.dtype()), like.device()) * 0.37 - 1, {length, pairs});
  return {cos(a), sin(a)};
}

// Head by head and pair by pair.
Tensor composed_rotary(const Tensor& x, int64_t heads, int64_t pairs, bool interleaved) {
  const int64_t length = x.dim(-2), width = x.dim(-1) / heads;
  const Angles table = angles(length, pairs, x);
  std::vector<Tensor> channels;
  for (int64_t c = 0; c < x.dim(-1); ++c) {
    const int64_t in = c % width, head = c - in;
    if (in >= 2 * pairs) {
      channels.push_back(slice(x, -1, c, c + 1));
      continue;
    }
    const int64_t pair = interleaved ? in / 2 : in % pairs;
    const bool second = interleaved ? in % 2 == 1 : in >= pairs;
    const int64_t a = head + (interleaved ? 2 * pair : pair), b = a + (interleaved ? 1 : pairs);
    const Tensor first = slice(x, -1, a, a + 1), other = slice(x, -1, b, b + 1);
    const Tensor cosine = slice(table.cosines, 1, pair, pair + 1),
                 sine = slice(table.sines, 1, pair, pair + 1);
    channels.push_back(second ? first * sine + other * cosine : first * cosine - other * sine);
  }
  return concat(channels, -1);
}

OpCase rotary_case(const char* name, const Shape& x, int64_t heads, int64_t pairs, bool interleaved) {
  return {.name = name,
          .inputs = {x},
          .run =
              [=](const Tensors& t) {
                const Angles table = angles(t[0].dim(-2), pairs, t[0]);
                return rotary(t[0], table.cosines, table.sines, {.heads = heads, .interleaved = interleaved});
              },
          .composed = [=](const Tensors& t) { return composed_rotary(t[0], heads, pairs, interleaved); }};
}

// Every third row rests.
Tensor resting(int64_t rows, const Tensor& like) {
  std::vector<uint8_t> values;
  for (int64_t i = 0; i < rows; ++i) values.push_back(i % 3 == 1 ? 0 : 1);
  return Tensor::from(std::span<const uint8_t>(values), {rows}, like.device());
}

Tensor unless_resting(const Tensor& mask, const Tensor& next, const Tensor& state) {
  return mask.defined() ? where(unsqueeze(mask, 1), next, state) : next;
}

Tensor composed_lstm(const Tensor& x, const Tensor& u, const Tensor& state, const Tensor& mask) {
  const int64_t n = state.dim(1) / 2;
  const auto gate = [&](int64_t i) {
    return slice(x, 1, i * n, (i + 1) * n) + slice(u, 1, i * n, (i + 1) * n);
  };
  const Tensor c = sigmoid(gate(1)) * slice(state, 1, n, 2 * n) + sigmoid(gate(0)) * tanh(gate(2));
  const Tensor parts[] = {sigmoid(gate(3)) * tanh(c), c};
  return unless_resting(mask, concat(parts, 1), state);
}

Tensor composed_gru(const Tensor& x, const Tensor& u, const Tensor& h, const Tensor& mask) {
  const int64_t n = h.dim(1);
  const auto part = [n](const Tensor& t, int64_t i) { return slice(t, 1, i * n, (i + 1) * n); };
  const Tensor r = sigmoid(part(x, 0) + part(u, 0)), z = sigmoid(part(x, 1) + part(u, 1));
  const Tensor fresh = tanh(part(x, 2) + r * part(u, 2));
  return unless_resting(mask, (1 - z) * fresh + z * h, h);
}

using CellOp = Tensor (*)(const Tensor&, const Tensor&, const Tensor&, const Tensor&);

OpCase cell_case(const char* name, CellOp run, CellOp composed, int64_t rows, int64_t gates, int64_t state,
                 bool masked) {
  const auto call = [=](CellOp cell) {
    return [=](const Tensors& t) { return cell(t[0], t[1], t[2], masked ? resting(rows, t[0]) : Tensor()); };
  };
  return {.name = name,
          .inputs = {{rows, gates}, {rows, gates}, {rows, state}},
          .run = call(run),
          .composed = call(composed)};
}

}  // namespace

std::vector<OpCase> rotary_cases() {
  return {
      rotary_case("rotary/halves", {2, 5, 24}, 3, 4, false),
      rotary_case("rotary/interleaved", {2, 5, 24}, 3, 4, true),
      rotary_case("rotary/odd heads, partly", {3, 7, 22}, 2, 3, false),
      rotary_case("rotary/odd heads, partly, interleaved", {3, 7, 22}, 2, 5, true),
      rotary_case("rotary/wide", {1, 3, 140}, 1, 70, false),
      rotary_case("rotary/no pairs", {2, 3, 5}, 1, 0, false),
      rotary_case("rotary/one sequence", {9, 6}, 1, 3, false),
      rotary_case("rotary/four axes", {2, 2, 3, 8}, 2, 2, true),
      rotary_case("rotary/empty batch", {0, 4, 8}, 2, 2, false),
      rotary_case("rotary/no rows", {2, 0, 8}, 2, 2, false),
      {.name = "rotary/part of a packed projection",
       .inputs = {{2, 5, 24}},
       .run =
           [](const Tensors& t) {
             const Angles table = angles(5, 2, t[0]);
             return rotary(slice(t[0] * 1.5, 2, 8, 16), table.cosines, table.sines, {.heads = 2});
           },
       .composed =
           [](const Tensors& t) { return composed_rotary(slice(t[0] * 1.5, 2, 8, 16), 2, 2, false); }},
  };
}

std::vector<OpCase> cell_cases() {
  return {
      cell_case("lstm_cell/odd", lstm_cell, composed_lstm, 5, 4 * 7, 2 * 7, false),
      cell_case("lstm_cell/wide", lstm_cell, composed_lstm, 3, 4 * 129, 2 * 129, false),
      cell_case("lstm_cell/some rows rest", lstm_cell, composed_lstm, 7, 4 * 9, 2 * 9, true),
      cell_case("lstm_cell/empty", lstm_cell, composed_lstm, 0, 4 * 8, 2 * 8, true),
      {.name = "lstm_cell/one tensor for both, state given twice",
       .inputs = {{3, 20}, {3, 10}},
       .run = [](const Tensors& t) { return lstm_cell(t[0], t[0], t[1]) * t[1]; },
       .composed = [](const Tensors& t) { return composed_lstm(t[0], t[0], t[1], {}) * t[1]; }},
      {.name = "lstm_cell/two steps of one projection",
       .inputs = {{4, 2, 24}, {4, 12}},
       .run =
           [](const Tensors& t) {
             const auto step = [&](int64_t i) { return squeeze(slice(t[0], 1, i, i + 1), 1); };
             return lstm_cell(step(1), step(0), lstm_cell(step(0), step(1), t[1]), resting(4, t[0]));
           },
       .composed =
           [](const Tensors& t) {
             const auto step = [&](int64_t i) { return squeeze(slice(t[0], 1, i, i + 1), 1); };
             return composed_lstm(step(1), step(0), composed_lstm(step(0), step(1), t[1], {}),
                                  resting(4, t[0]));
           }},
      cell_case("gru_cell/odd", gru_cell, composed_gru, 5, 3 * 7, 7, false),
      cell_case("gru_cell/wide", gru_cell, composed_gru, 3, 3 * 129, 129, false),
      cell_case("gru_cell/some rows rest", gru_cell, composed_gru, 7, 3 * 9, 9, true),
      cell_case("gru_cell/empty", gru_cell, composed_gru, 0, 3 * 8, 8, true),
      {.name = "gru_cell/one tensor for both, state given twice",
       .inputs = {{3, 15}, {3, 5}},
       .run = [](const Tensors& t) { return gru_cell(t[0], t[0], t[1]) * t[1]; },
       .composed = [](const Tensors& t) { return composed_gru(t[0], t[0], t[1], {}) * t[1]; }},
  };
}

}  // namespace mosaic::checks
