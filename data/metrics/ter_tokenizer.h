// Tercom's tokenisation, as TER is computed on it.
#pragma once

#include <string>
#include <string_view>

namespace mosaic::data {

struct TerOptions {
  bool normalized = false;      // entities unescaped, Western punctuation apart
  bool no_punctuation = false;  // without . , ? : ; ! " ( )
  bool asian_support = false;   // with normalized: ideographs and Asian marks apart; with no_punctuation: the
                                // Asian and full width marks removed, too; alone without effect
  bool case_sensitive = false;  // otherwise lower case
};

// The text with white space between tokens (not collapsed). All of Tercom's rules, with one consequence of
// its patterns kept: runs of Hiragana and Katakana stay whole, since the rules that would set them apart look
// for a text of nothing else and the normalised text has spaces at its ends.
std::string tokenize_tercom(std::string_view text, const TerOptions& options);

}  // namespace mosaic::data
