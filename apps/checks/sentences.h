// Drawn sentence pairs for small translation models.
#pragma once

#include <vector>

#include "engine/core/random.h"
#include "nn/loss.h"

namespace mosaic::checks {

inline constexpr int32_t vocabulary = 24, padding_id = 1, eos_id = 2;

// Pairs of different lengths, right-padded; decoder input = eos and the target without its end.
inline nn::SequenceBatch draw_sentences(int64_t rows, int64_t length, Generator rng) {
  std::vector<int32_t> source, input, target;
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t n = length - r % 3;
    int32_t before = eos_id;
    for (int64_t t = 0; t < length; ++t) {
      const auto word = [&] { return static_cast<int32_t>(4 + rng.below(vocabulary - 4)); };
      source.push_back(t + 1 < n ? word() : t + 1 == n ? eos_id : padding_id);
      target.push_back(t + 1 < n ? word() : t + 1 == n ? eos_id : padding_id);
      input.push_back(t < n ? before : padding_id);
      before = target.back();
    }
  }
  const Shape shape{rows, length};
  return {Tensor::from(source, shape), Tensor::from(input, shape), Tensor::from(target, shape)};
}

}  // namespace mosaic::checks
