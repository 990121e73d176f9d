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

TEST_CASE("attention says what does not fit") {
  const Tensor x = Tensor::zeros({2, 3, 8}), other = Tensor::zeros({2, 4, 6});
  CHECK_THROWS_AS(attention(x, other, other, {.heads = 2, .key_mask = {}}), ShapeError);
  CHECK_THROWS_AS(attention(x, x, x, {.heads = 3, .key_mask = {}}), ShapeError);
  CHECK_THROWS_AS(attention(x, x, x, {.heads = 2, .key_mask = {}, .dropout = 0.1}), ArgumentError);
  CHECK_THROWS_AS(attention(x, x, x, {.heads = 2, .key_mask = Tensor::zeros({2, 4}, u8)}), ShapeError);
  CHECK_THROWS_AS(attention(x, x, x, {.heads = 2, .key_mask = Tensor::zeros({2, 3})}), DtypeError);
}
