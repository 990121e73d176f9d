// Which tokens make a sequence: in a padded batch {batch, length, ...} those of its mask, in packed sequences
// {1, tokens, ...}, which have no padding, the segments of the token axis. Layers that work token by token
// take either; attention is told.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "engine/core/tensor.h"
#include "engine/ops/segments.h"

namespace mosaic::nn {

struct Sequences {
  Sequences() = default;  // a batch without padding
  Sequences(Tensor key_mask) : mask(std::move(key_mask)) {}
  Sequences(Segments parts) : segments(std::move(parts)) {}

  Tensor mask;  // u8 {batch, length}: 1 = a token; undefined: all are
  Segments segments;
};

// Token ids of sequences one after another.
struct PackedTokens {
  Tensor ids;        // i32 {1, tokens}
  Tensor positions;  // i32 {1, tokens}: of each in its sequence, from 0
  Segments segments;
};

// How long each row of right-padded ids, i32 {batch, length}, is without its padding. ArgumentError for a row
// with padding before a token, with its number; DtypeError and ShapeError for what is no batch of ids.
std::vector<int64_t> lengths_of(const Tensor& ids, int64_t padding);
// The same of a mask, u8 {batch, length}.
std::vector<int64_t> lengths_of(const Tensor& mask);

// The first lengths[i] values of each row i of x, i32 {batch, length} -> i32 {1, all}, on the device.
Tensor packed(const Tensor& x, const std::vector<int64_t>& lengths, Device device);
// The same with positions and segments.
PackedTokens packed_tokens(const Tensor& ids, const std::vector<int64_t>& lengths, Device device);

}  // namespace mosaic::nn
