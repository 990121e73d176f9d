#include <doctest/doctest.h>

#include <cmath>

#include "tests/support/op_case.h"

using namespace mosaic;

namespace {

struct Setup {
  int64_t batch, queries, keys, width, heads;
  bool causal = false;
  std::vector<uint8_t> mask = {};  // batch x keys
  double dropout = 0;
};

Tensor fused(const Setup& s, const Tensor& q, const Tensor& k, const Tensor& v) {
  Generator rng(12, 3);
  AttentionOptions options{
      .heads = s.heads, .causal = s.causal, .key_mask = {}, .dropout = s.dropout, .rng = &rng};
  if (!s.mask.empty()) options.key_mask = Tensor::from(s.mask, {s.batch, s.keys}, q.device());
  return attention(q, k, v, options);
}

}  // namespace

TEST_CASE("attention over no keys gives zeros, whatever padded keys hold") {
  CHECK(squared_norm(fused({2, 3, 0, 8, 2}, Tensor::full({2, 3, 8}, 1), Tensor::zeros({2, 0, 8}),
                           Tensor::zeros({2, 0, 8}))) == 0);
  Generator rng(2);
  const Tensor q = normal({1, 3, 8}, 0, 1, rng), k = normal({1, 5, 8}, 0, 1, rng);
  const Tensor dirty = Tensor::empty({1, 5, 8});
  copy_(dirty, k);
  fill_(slice(dirty, 1, 4, 5), std::nan(""));  // behind the mask
  const Setup s{1, 3, 5, 8, 2, false, {1, 1, 1, 1, 0}};
  CHECK(test::same_bits(fused(s, q, dirty, dirty), fused(s, q, k, k)));
}

TEST_CASE("a query decoded alone has the bits of the same query among the others") {
  Generator rng(3);
  const Tensor q = normal({2, 6, 32}, 0, 1, rng), k = normal({2, 6, 32}, 0, 1, rng),
               v = normal({2, 6, 32}, 0, 1, rng);
  const Tensor all = fused({2, 6, 6, 32, 2, true}, q, k, v);
  const Tensor last = fused({2, 1, 6, 32, 2, true}, slice(q, 1, 5, 6), k, v);
  CHECK(test::same_bits(last, slice(all, 1, 5, 6)));
}

TEST_CASE("sequences one after another have the bits of a padded batch") {
  Generator rng(4);
  const Tensor x = normal({3, 6, 32}, 0, 1, rng);
  const std::vector<int64_t> lengths{4, 6, 1};
  Setup s{3, 6, 6, 32, 2, true};
  std::vector<Tensor> rows;
  for (size_t b = 0; b < lengths.size(); ++b) {
    const auto at = static_cast<int64_t>(b);
    rows.push_back(slice(slice(x, 0, at, at + 1), 1, 0, lengths[b]));
    for (int64_t j = 0; j < s.keys; ++j) s.mask.push_back(j < lengths[b] ? 1 : 0);
  }
  const Tensor padded = fused(s, x, x, x), packed = concat(rows, 1);
  const Segments segments(lengths);
  const Tensor y =
      attention(packed, packed, packed,
                {.heads = 2, .causal = true, .key_mask = {}, .queries = segments, .keys = segments});
  int64_t first = 0;
  for (size_t b = 0; b < lengths.size(); ++b) {
    const auto at = static_cast<int64_t>(b);
    CHECK(test::same_bits(slice(y, 1, first, first + lengths[b]),
                          slice(slice(padded, 0, at, at + 1), 1, 0, lengths[b])));
    first += lengths[b];
  }
}

TEST_CASE("attention says what does not fit") {
  const Tensor x = Tensor::zeros({2, 3, 8}), other = Tensor::zeros({2, 4, 6});
  CHECK_THROWS_AS(attention(x, other, other, {.heads = 2, .key_mask = {}}), ShapeError);
  CHECK_THROWS_AS(attention(x, x, x, {.heads = 3, .key_mask = {}}), ShapeError);
  CHECK_THROWS_AS(attention(x, x, x, {.heads = 2, .key_mask = {}, .dropout = 0.1}), ArgumentError);
  CHECK_THROWS_AS(attention(x, x, x, {.heads = 2, .key_mask = Tensor::zeros({2, 4}, u8)}), ShapeError);
  CHECK_THROWS_AS(attention(x, x, x, {.heads = 2, .key_mask = Tensor::zeros({2, 3})}), DtypeError);
  const Tensor rows = Tensor::zeros({1, 6, 8});
  const Segments fit({2, 4}), three({1, 2, 3}), long_ones({3, 4});
  const auto segments = [](const Segments& queries, const Segments& keys, const Tensor& mask = {}) {
    return AttentionOptions{.heads = 2, .key_mask = mask, .queries = queries, .keys = keys};
  };
  CHECK(attention(rows, rows, rows, segments(fit, fit)).shape() == rows.shape());
  CHECK_THROWS_AS(attention(x, x, x, segments(fit, fit)), ShapeError);
  CHECK_THROWS_AS(attention(rows, rows, rows, segments(fit, long_ones)), ShapeError);
  CHECK_THROWS_AS(attention(rows, rows, rows, segments(fit, three)), ArgumentError);
  CHECK_THROWS_AS(attention(rows, rows, rows, segments(fit, {})), ArgumentError);
  CHECK_THROWS_AS(attention(rows, rows, rows, segments(fit, fit, Tensor::zeros({1, 6}, u8))), ArgumentError);
  CHECK_THROWS_AS(Segments({2, -1}), ArgumentError);
}
