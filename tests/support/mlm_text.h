// A small vocabulary and made-up text for tests of masked language modelling.
#pragma once

#include <string>
#include <vector>

#include "data/text/wordpiece.h"
#include "engine/core/error.h"
#include "engine/core/random.h"

namespace mosaic::test {

// Special tokens 0..4, then "w0".."w49".
inline const data::WordPiece& vocabulary() {
  static const data::WordPiece wordpiece = [] {
    std::vector<std::string> tokens{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    for (int i = 0; i < 50; ++i) tokens.push_back(cat("w", i));
    return data::WordPiece::from_tokens(tokens);
  }();
  return wordpiece;
}

// 300 documents of one to thirty lines.
inline std::string made_up_text(uint64_t seed, int documents = 300) {
  Generator random(seed);
  std::string text;
  for (int d = 0; d < documents; ++d) {
    for (uint64_t line = 0; line <= random.below(30); ++line) {
      for (uint64_t word = 0; word <= random.below(20); ++word) text += cat("w", random.below(50), " ");
      text += "\n";
    }
    text += d % 3 ? "\n" : " \t\n\n";
  }
  return text;
}

}  // namespace mosaic::test
