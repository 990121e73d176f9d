// tokenizer.json, the one file of Hugging Face's tokenizers library that holds vocabulary and rules.
#pragma once

#include <string>

#include "data/text/wordpiece.h"

namespace mosaic::data {

// The whole file, as that library writes it for BERT.
json tokenizer_json(const WordPiece& wordpiece);
// Back from it. FormatError naming `where` and the key for anything but BERT's rules, and for ids that leave
// a gap.
WordPiece read_tokenizer_json(const json& value, const std::string& where);

// Parts that tokenizer_config.json has too. The special tokens by id, as text.
json added_tokens_by_id(const WordPiece& wordpiece);
json strip_accents_json(const BertTextOptions& options);  // null: as lower_case
// FormatError unless the token is one of the five special ones.
void check_added_token(const json& token, const std::string& where);

}  // namespace mosaic::data
