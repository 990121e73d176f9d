// BERT's division of text into words, the step before WordPiece: clean, lower-case, split at white space,
// punctuation and Chinese characters.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mosaic::data {

struct BertTextOptions {
  bool lower_case = true;                  // the "uncased" models; false for "cased" ones
  std::optional<bool> strip_accents = {};  // unset: as lower_case
  bool split_chinese = true;               // every Chinese character is a word of its own
  bool strips_accents() const { return strip_accents.value_or(lower_case); }
  bool operator==(const BertTextOptions& other) const {
    return lower_case == other.lower_case && strips_accents() == other.strips_accents() &&
           split_chinese == other.split_chinese;
  }
};

// Characters that carry no text (U+0000, U+FFFD, controls but for tab and line ends, format characters,
// private use) are removed and white space becomes spaces; Chinese characters are set between spaces; the
// text is decomposed (NFD) and loses its nonspacing marks; each character is lower-cased by itself, so a
// capital sigma is never final. Categories are those of utf8proc's Unicode version; characters younger than
// another tokenizer's tables may be treated otherwise there.
std::string bert_normalize(std::string_view text, const BertTextOptions& options = {});

// The words of normalised text, as views into it: split at white space, which is dropped, and at punctuation
// (category P* and every ASCII character that is neither letter, digit nor space), of which each character is
// a word.
std::vector<std::string_view> bert_split(std::string_view normalized);

// U+4E00 and the other blocks of CJK ideographs, without a gap (Hugging Face's fast tokenizer leaves out
// U+2B820 to U+2B91F); not Hangul, Hiragana or Katakana, which are written in words.
bool is_chinese(uint32_t code_point);

}  // namespace mosaic::data
