// Grouped-query attention against attention head by head.
#include "nn/layers/grouped_attention.h"

#include "apps/checks/tables.h"

namespace mosaic::checks {
namespace {

using namespace nn;

// Head by head, each by itself.
Tensor by_heads(const Tensor& q, const Tensor& k, const Tensor& v, int64_t groups,
                const AttentionOptions& options) {
  const int64_t width = q.dim(2) / options.heads, repeats = options.heads / groups;
  AttentionOptions one = options;
  one.heads = 1;
  std::vector<Tensor> parts;
  for (int64_t h = 0; h < options.heads; ++h) {
    const int64_t g = h / repeats;
    parts.push_back(attention(slice(q, 2, h * width, (h + 1) * width),
                              slice(k, 2, g * width, (g + 1) * width),
                              slice(v, 2, g * width, (g + 1) * width), one));
  }
  return concat(parts, 2);
}

OpCase grouped_case(const char* name, const Shape& q, const Shape& k, int64_t groups,
                    const AttentionOptions& options) {
  return {.name = name,
          .inputs = {q, k, k},
          .run =
              [=](const Tensors& t) {
                AttentionOptions there = options;
                if (options.key_mask.defined()) there.key_mask = options.key_mask.to(t[0].device());
                return grouped_attention(t[0], t[1], t[2], groups, there);
              },
          .composed = [=](const Tensors& t) { return by_heads(t[0], t[1], t[2], groups, options); }};
}

}  // namespace

std::vector<OpCase> grouped_attention_cases() {
  const Tensor mask = Tensor::from(std::vector<uint8_t>{1, 1, 0, 1, 1, 1, 1, 1, 1, 0}, {2, 5});
  return {
      grouped_case("grouped_attention/causal", {2, 5, 18}, {2, 5, 6}, 2,
                   {.heads = 6, .causal = true, .key_mask = {}}),
      grouped_case("grouped_attention/one group, mask", {2, 3, 20}, {2, 5, 5}, 1,
                   {.heads = 4, .key_mask = mask}),
      grouped_case("grouped_attention/one query", {2, 1, 24}, {2, 5, 12}, 3,
                   {.heads = 6, .causal = true, .key_mask = mask}),
      grouped_case("grouped_attention/empty", {0, 3, 8}, {0, 4, 4}, 1, {.heads = 2, .key_mask = {}}),
  };
}

}  // namespace mosaic::checks
