// The tokenisations BLEU is defined with: mteval's 13a and international, Chinese, characters, and none.
#pragma once

#include <string>
#include <string_view>

namespace mosaic::data {

// 13a: mteval-v13a for Western languages (ASCII punctuation apart, "." and "," kept inside numbers).
// intl: mteval-v14 international (Unicode punctuation and symbols apart, punctuation kept between digits).
// zh: every Chinese character a token, the rest as 13a but without its unescaping, and a stop at either end
// of the line keeps to its neighbour. character: every character a token. none: the text as it is.
enum class BleuTokenizer { v13a, intl, zh, character, none };

// "13a", "intl", "zh", "char", "none": as in signatures. ArgumentError for another name, which it lists.
std::string to_string(BleuTokenizer tokenizer);
BleuTokenizer bleu_tokenizer(const std::string& name);

// The text with white space between tokens (not collapsed; split_words of normalize.h gives the tokens).
std::string tokenize(BleuTokenizer tokenizer, std::string_view text);

// Splits compounds for the tokenised BLEU of older translation papers: "a-b" becomes "a ##AT##-##AT## b".
// A hyphen is split when both neighbours are no spaces; left to right, matches do not overlap ("x-y-z" splits
// at the first hyphen only).
std::string split_compounds(std::string_view text);

}  // namespace mosaic::data
