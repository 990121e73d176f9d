// Attention whose query heads share keys and values in groups: grouped-query attention (Ainslie et al. 2023,
// "GQA: Training Generalized Multi-Query Transformer Models"), with one group multi-query attention (Shazeer
// 2019, "Fast Transformer Decoding: One Write-Head is All You Need").
#pragma once

#include <optional>

#include "engine/ops/ops.h"
#include "nn/layers/attention.h"
#include "nn/layers/rotary.h"

namespace mosaic::nn {

// attention() with options.heads heads of q {batch, Lq, heads * w} and `groups` heads of k and v {batch, Lk,
// groups * w} -> {batch, Lq, heads * w}; query head h reads group h / (heads / groups), as in PyTorch and
// transformers. Several queries: keys and values are repeated (a copy); a single one, as in decoding, reads
// them in place. ShapeError when heads are not a multiple of groups or the widths do not fit.
Tensor grouped_attention(const Tensor& q, const Tensor& k, const Tensor& v, int64_t groups,
                         const AttentionOptions& options);

// Self-attention with its projections. With as many groups as heads and without rotary positions it is
// SelfAttention: the same parameters, the same bits.
class GroupedAttention final : public Module {
 public:
  struct Options {
    int64_t width, channels, heads;
    int64_t groups;  // heads of keys and values; divides `heads`
    bool causal = false;
    double dropout = 0;  // of the attention probabilities
    // Queries and keys turn by their positions; width must be channels / heads.
    std::optional<RotaryPositions::Options> rotary = {};
  };
  explicit GroupedAttention(const Options& options);
  GroupedAttention(const Options& options, Generator& rng);

  // x {batch, length, width}, key_mask u8 {batch, length} (1 = visible; undefined: all) -> {batch, length,
  // width}.
  Tensor operator()(const Tensor& x, const Tensor& key_mask, const Context& context = {}) const;
  // One new token a row, x {rows, 1, width}, at the position after the cache's, attending to the cache and
  // itself; appends to the cache, which holds groups, not heads, and keys that have turned.
  Tensor step(const Tensor& x, KeyValueCache& cache) const;

  void visit(Visitor& v) override;
  std::string describe() const override;

 private:
  struct Projected {
    Tensor q, k, v;
  };
  Projected project(const Tensor& x, int64_t first) const;

  Options options_;
  int64_t kv_channels_;
  std::optional<RotaryPositions> rotary_;
  Linear in_proj_;   // width -> channels + 2 * kv_channels: queries, keys, values
  Linear out_proj_;  // channels -> width
};

}  // namespace mosaic::nn
