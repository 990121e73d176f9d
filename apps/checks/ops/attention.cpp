#include <cmath>

#include "apps/checks/tables.h"

namespace mosaic::checks {
namespace {

struct Setup {
  int64_t batch, queries, keys, width, heads;
  bool causal = false;
  std::vector<uint8_t> mask = {};  // batch x keys
  double dropout = 0;

  bool sees(int64_t b, int64_t i, int64_t j) const {
    const bool shown = mask.empty() || mask[static_cast<size_t>(b * keys + j)] != 0;
    return shown && (!causal || j <= i + keys - queries);
  }
};

Tensor fused(const Setup& s, const Tensor& q, const Tensor& k, const Tensor& v) {
  Generator rng(12, 3);
  AttentionOptions options{
      .heads = s.heads, .causal = s.causal, .key_mask = {}, .dropout = s.dropout, .rng = &rng};
  if (!s.mask.empty()) options.key_mask = Tensor::from(s.mask, {s.batch, s.keys}, q.device());
  return attention(q, k, v, options);
}

Tensor split(const Tensor& x, int64_t heads) {  // {batch, heads, length, width / heads}
  const int axes[] = {0, 2, 1, 3};
  return permute(reshape(x, {x.dim(0), x.dim(1), heads, x.dim(2) / heads}), axes);
}

// What dropout makes of n ones.
Tensor factors(int64_t n, double rate, DType dtype) {
  Generator rng(12, 3);
  return dropout(Tensor::full({n}, 1, dtype), rate, rng);
}

// The definition, one op at a time. Hidden scores lose 1e30; a query that sees nothing is set to zero. kept:
// the factors of the probabilities.
Tensor composed(const Setup& s, const Tensor& q, const Tensor& k, const Tensor& v, Tensor kept = {}) {
  std::vector<double> hidden, seeing;
  for (int64_t b = 0; b < s.batch; ++b) {
    for (int64_t i = 0; i < s.queries; ++i) {
      bool any = false;
      for (int64_t j = 0; j < s.keys; ++j) {
        hidden.push_back(s.sees(b, i, j) ? 0 : -1e30);
        any |= s.sees(b, i, j);
      }
      seeing.push_back(any ? 1 : 0);
    }
  }
  const double scale = 1 / std::sqrt(static_cast<double>(s.width / s.heads));
  const Tensor scores = matmul(split(q, s.heads), transpose(split(k, s.heads))) * scale +
                        Tensor::from(hidden, {s.batch, 1, s.queries, s.keys}).to(q.dtype());
  Tensor p = softmax(scores) * Tensor::from(seeing, {s.batch, 1, s.queries, 1}).to(q.dtype());
  if (s.dropout > 0) {
    if (!kept.defined()) kept = factors(p.numel(), s.dropout, p.dtype());
    p = p * reshape(kept, p.shape());
  }
  const int axes[] = {0, 2, 1, 3};
  return reshape(permute(matmul(p, split(v, s.heads)), axes), {s.batch, s.queries, s.width});
}

OpCase attention_case(const char* name, const Setup& s) {
  const Shape q{s.batch, s.queries, s.width}, k{s.batch, s.keys, s.width};
  return {.name = name,
          .inputs = {q, k, k},
          .run = [s](const Tensors& t) { return fused(s, t[0], t[1], t[2]); },
          .composed = [s](const Tensors& t) { return composed(s, t[0], t[1], t[2]); }};
}

// Sequences one after another.
struct Sequences {
  std::vector<int64_t> queries, keys;
  int64_t width, heads;
  bool causal = false;
  double dropout = 0;
};

Tensor fused(const Sequences& s, const Tensor& q, const Tensor& k, const Tensor& v) {
  Generator rng(12, 3);
  return attention(q, k, v,
                   {.heads = s.heads,
                    .causal = s.causal,
                    .key_mask = {},
                    .queries = Segments(s.queries, q.device()),
                    .keys = Segments(s.keys, q.device()),
                    .dropout = s.dropout,
                    .rng = &rng});
}

// Each on its own.
Tensor composed(const Sequences& s, const Tensor& q, const Tensor& k, const Tensor& v) {
  const Segments queries(s.queries), keys(s.keys);
  const int64_t head = queries.longest() * keys.longest();  // elements of dropout for each
  const Tensor all = factors(queries.count() * s.heads * head, s.dropout, q.dtype());
  Tensors parts;
  int64_t i = 0, j = 0;
  for (size_t b = 0; b < s.queries.size(); ++b) {
    const int64_t m = s.queries[b], n = s.keys[b];
    if (m > 0 && n == 0) parts.push_back(Tensor::zeros({1, m, s.width}, q.dtype()));
    if (m > 0 && n > 0) {
      const auto first = static_cast<int64_t>(b) * s.heads;
      const Tensor kept =
          slice(reshape(slice(all, 0, first * head, (first + s.heads) * head), {s.heads, head}), 1, 0, m * n);
      parts.push_back(composed({1, m, n, s.width, s.heads, s.causal, {}, s.dropout}, slice(q, 1, i, i + m),
                               slice(k, 1, j, j + n), slice(v, 1, j, j + n), kept));
    }
    i += m;
    j += n;
  }
  return concat(parts, 1);
}

OpCase sequences_case(const char* name, const Sequences& s) {
  const Shape q{1, Segments(s.queries).elements(), s.width}, k{1, Segments(s.keys).elements(), s.width};
  return {.name = name,
          .inputs = {q, k, k},
          .run = [s](const Tensors& t) { return fused(s, t[0], t[1], t[2]); },
          .composed = [s](const Tensors& t) { return composed(s, t[0], t[1], t[2]); }};
}

}  // namespace

std::vector<OpCase> attention_cases() {
  const Setup packed{.batch = 2, .queries = 7, .keys = 7, .width = 16, .heads = 2, .causal = true};
  const auto part = [](const Tensor& x, int64_t i) { return slice(x, 2, 16 * i, 16 * (i + 1)); };
  return {
      attention_case("attention/plain", {2, 5, 9, 32, 2}),
      attention_case("attention/narrow heads", {2, 5, 9, 12, 4}),
      attention_case("attention/longer than a tile", {1, 21, 37, 16, 1}),
      attention_case("attention/causal", {2, 19, 19, 16, 2, true}),
      attention_case("attention/causal with earlier keys", {1, 3, 20, 16, 2, true}),
      attention_case("attention/causal, queries before the keys", {1, 6, 4, 8, 1, true}),
      attention_case("attention/one query", {3, 1, 11, 32, 2}),
      attention_case("attention/one query, masked", {2, 1, 5, 16, 2, false, {1, 1, 1, 0, 0, 1, 0, 1, 1, 0}}),
      attention_case("attention/padding", {2, 4, 5, 16, 2, false, {1, 1, 1, 0, 0, 1, 1, 1, 1, 1}}),
      attention_case("attention/gaps and a hidden row",
                     {2, 4, 5, 16, 2, true, {0, 1, 0, 1, 0, 0, 0, 0, 0, 0}}),
      attention_case("attention/dropout", {2, 9, 13, 16, 2, false, {}, 0.3}),
      attention_case("attention/dropout, causal, padding", {1, 6, 6, 8, 2, true, {1, 1, 1, 1, 1, 0}, 0.2}),
      attention_case("attention/dropout, many keys", {1, 2, 2500, 4, 1, false, {}, 0.1}),
      attention_case("attention/empty batch", {0, 3, 4, 8, 2}),
      sequences_case("attention/sequences", {{3, 9, 1, 20}, {5, 17, 2, 40}, 16, 2}),
      sequences_case("attention/sequences, causal", {{7, 1, 12}, {7, 1, 12}, 12, 3, true}),
      sequences_case("attention/sequences without queries or keys", {{2, 0, 3, 4}, {3, 4, 0, 1}, 8, 2}),
      sequences_case("attention/sequences, dropout", {{5, 11, 2}, {9, 13, 3}, 16, 2, false, 0.3}),
      sequences_case("attention/sequences, causal, dropout", {{6, 9, 1}, {6, 9, 1}, 8, 1, true, 0.2}),
      {.name = "attention/packed projection",
       .inputs = {{2, 7, 48}},
       .run = [=](const Tensors& t) { return fused(packed, part(t[0], 0), part(t[0], 1), part(t[0], 2)); },
       .composed =
           [=](const Tensors& t) { return composed(packed, part(t[0], 0), part(t[0], 1), part(t[0], 2)); }},
      {.name = "attention/packed result of an op",
       .inputs = {{2, 7, 48}},
       .run =
           [=](const Tensors& t) {
             const Tensor x = t[0] * 1.5;
             return fused(packed, part(x, 0), part(x, 1), part(x, 2));
           },
       .composed =
           [=](const Tensors& t) {
             const Tensor x = t[0] * 1.5;
             return composed(packed, part(x, 0), part(x, 1), part(x, 2));
           }},
      {.name = "attention/one tensor three times",
       .inputs = {{2, 7, 16}},
       .run = [=](const Tensors& t) { return fused(packed, t[0], t[0], t[0]); },
       .composed = [=](const Tensors& t) { return composed(packed, t[0], t[0], t[0]); }},
      {.name = "attention/keys shared by the batch",
       .inputs = {{3, 2, 8}, {1, 5, 8}},
       .run =
           [](const Tensors& t) {
             const Tensor k = expand(t[1], {3, 5, 8});
             return fused({3, 2, 5, 8, 2}, t[0], k, k);
           },
       .composed =
           [](const Tensors& t) {
             const Tensor k = expand(t[1], {3, 5, 8});
             return composed({3, 2, 5, 8, 2}, t[0], k, k);
           }},
  };
}

}  // namespace mosaic::checks
