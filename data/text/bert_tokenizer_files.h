// A WordPiece vocabulary as the tokenizer files of a BERT directory of Hugging Face's transformers.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "data/text/wordpiece.h"

namespace mosaic::data {

// The files that save_bert_tokenizer() writes.
inline constexpr const char* bert_tokenizer_files[] = {"vocab.txt", "tokenizer.json", "tokenizer_config.json",
                                                       "special_tokens_map.json"};

// One sentence why transformers' tokenizers cannot hold the vocabulary, nothing when they can: the slow one
// has no field for max_word_characters, which must be 100.
std::optional<std::string> why_no_bert_tokenizer(const WordPiece& wordpiece);

// Writes vocab.txt, tokenizer.json, tokenizer_config.json and special_tokens_map.json, from which
// transformers' AutoTokenizer, fast and slow, makes the ids of encode(text, SpecialText::tokens);
// `max_length` is the model's number of positions. ArgumentError when why_no_bert_tokenizer() has a reason.
void save_bert_tokenizer(const std::filesystem::path& directory, const WordPiece& wordpiece,
                         int64_t max_length);

// Reads vocab.txt, or tokenizer.json where there is none (transformers 5 writes no vocab.txt), with the
// options of tokenizer_config.json; without that file they are tokenizer.json's, else the defaults. The five
// special tokens stand anywhere. ResourceError when there is no vocabulary; FormatError naming file and key
// for other tokenizer classes, special tokens of other names, added tokens, words that are never split,
// options on which the files disagree, and a tokenizer.json that is not BERT's.
WordPiece load_bert_tokenizer(const std::filesystem::path& directory);

}  // namespace mosaic::data
