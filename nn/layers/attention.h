// Multi-head attention with its projections, for whole sequences and, with caches, for one new token at a
// time.
//
// Heads only partition the `channels` of the projections: their number changes no parameter.
#pragma once

#include <span>

#include "nn/layers/linear.h"
#include "nn/layers/row_moves.h"
#include "nn/layers/sequences.h"

namespace mosaic::nn {

// Keys and values of the tokens seen so far. Room is made in blocks, so that most steps only append.
class KeyValueCache {
 public:
  int64_t length() const { return length_; }
  int64_t rows() const { return packed_.defined() ? packed_.dim(0) : 0; }
  // Adds one token a row: packed {rows, 1, 2 * channels}, keys before values.
  void append(const Tensor& packed);
  Tensor keys() const;    // {rows, length, channels}, a view
  Tensor values() const;  // {rows, length, channels}, a view
  void select(const RowMoves& moves);

 private:
  Tensor packed_;  // {rows, capacity, 2 * channels}
  int64_t length_ = 0;
};

class SelfAttention final : public Module {
 public:
  struct Options {
    int64_t width, channels, heads;
    bool causal = false;
    double dropout = 0;  // of the attention probabilities
  };
  explicit SelfAttention(const Options& options);
  SelfAttention(const Options& options, Generator& rng);

  // x {batch, length, width} or packed {1, tokens, width} -> the same shape.
  Tensor operator()(const Tensor& x, const Sequences& sequences, const Context& context = {}) const;
  // One new token a row, x {rows, 1, width}, attending to the cache and itself; appends to the cache.
  Tensor step(const Tensor& x, KeyValueCache& cache) const;

  void visit(Visitor& v) override;
  std::string describe() const override;

 private:
  Options options_;
  Linear in_proj_;   // width -> 3 * channels: queries, keys, values
  Linear out_proj_;  // channels -> width
};

// Queries from one sequence, keys and values from another of its own width. HAT packs the three projections
// in one matrix {3 * channels, width}; here queries have their own, because the widths are elastic apart. The
// function is the same, and so is the initial distribution: the Xavier bound of the packed matrix.
class CrossAttention final : public Module {
 public:
  struct Options {
    int64_t width, memory_width, channels, heads;
    double dropout = 0;
  };
  explicit CrossAttention(const Options& options);
  CrossAttention(const Options& options, Generator& rng);

  // Keys and values of a memory {batch, memory, memory_width} -> {batch, memory, 2 * channels}, keys before
  // values: made once a sentence when decoding.
  Tensor project(const Tensor& memory) const;
  // x {batch, length, width} against projected memory -> {batch, length, width}; or both packed, `own` being
  // the segments of x.
  Tensor operator()(const Tensor& x, const Tensor& projected, const Sequences& memory,
                    const Context& context = {}, const Segments& own = {}) const;

  void visit(Visitor& v) override;
  std::string describe() const override;

 private:
  Options options_;
  Linear q_proj_;    // width -> channels
  Linear kv_proj_;   // memory_width -> 2 * channels
  Linear out_proj_;  // channels -> width
};

}  // namespace mosaic::nn
