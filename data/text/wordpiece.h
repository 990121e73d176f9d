// WordPiece, BERT's subwords: words split by bert_words.h, then each cut into the longest tokens known.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/text/bert_words.h"
#include "engine/core/json.h"

namespace mosaic::data {

struct WordPieceOptions {
  BertTextOptions text = {};
  int64_t max_word_characters = 100;  // a longer word is [UNK]
  bool operator==(const WordPieceOptions&) const = default;
};
json describe(const WordPieceOptions& options);
WordPieceOptions wordpiece_options(const json& value, const std::string& where);

// What "[SEP]" and the other special tokens mean when a text contains them: the characters they are written
// with (a user cannot forge a sentence end), or the tokens (for texts with [MASK] in them).
enum class SpecialText { characters, tokens };

// One sentence or a pair as a BERT model reads it.
struct BertInput {
  std::vector<int32_t> ids;    // [CLS] first [SEP], then for a pair second [SEP]
  std::vector<int32_t> types;  // 0 up to the first [SEP] included, 1 behind it
  int64_t dropped = 0;         // ids left out because the input was too long
};

// Sizes that two texts of these sizes are cut to so that they fill `room` together: the longer one loses its
// end until both are equal, then both; an odd one goes to the text that was longer, else to the second.
std::pair<int64_t, int64_t> longest_first(int64_t first, int64_t second, int64_t room);

// A vocabulary with its text rules; cheap to copy, safe to use from several threads. Tokens, ids and inputs
// equal those of Hugging Face's (fast) BERT tokenizer. The first BERT code differs from both in rare cases:
// there a sigma at the end of a word becomes final in lower case, characters of private use stay, and of a
// pair that is cut an odd token always goes to the first text.
class WordPiece {
 public:
  static constexpr size_t max_tokens = size_t{1} << 24;

  // Reads vocab.txt: one token a line, its id the line's number from 0. FormatError "file:line" for an empty
  // line, a token with white space in it, a token given before (the first line is named); FormatError when
  // [PAD], [UNK], [CLS], [SEP] or [MASK] is missing, wherever they stand.
  static WordPiece load(const std::filesystem::path& path, const WordPieceOptions& options = {});
  // The same from memory; `origin` stands for the file's name.
  static WordPiece from_tokens(std::vector<std::string> tokens, const WordPieceOptions& options = {},
                               const std::string& origin = "vocabulary");
  void save(const std::filesystem::path& path) const;  // vocab.txt, atomic

  int64_t size() const;
  const std::string& token(int32_t id) const;  // ArgumentError unless 0 <= id < size()
  std::optional<int32_t> find(std::string_view token) const;
  const WordPieceOptions& options() const;
  // XXH3-64 of the tokens as vocab.txt holds them.
  const std::string& hash() const;

  int32_t pad() const { return special(0); }
  int32_t unk() const { return special(1); }
  int32_t cls() const { return special(2); }
  int32_t sep() const { return special(3); }
  int32_t mask() const { return special(4); }
  bool is_special(int32_t id) const;       // one of the five
  bool is_continuation(int32_t id) const;  // written "##..."; false outside the vocabulary

  // FormatError, naming both numbers, unless `where` (a model's embedding table) has a row for each token;
  // tables are often padded to a rounder number.
  void check_rows(int64_t rows, const std::string& where) const;

  // Ids without [CLS] and [SEP]. A word of which a part is no token is [UNK] as a whole.
  std::vector<int32_t> encode(std::string_view text, SpecialText special = SpecialText::characters) const;
  std::vector<std::string> pieces(std::string_view text, SpecialText special = SpecialText::characters) const;
  // One word that bert_split() gave; its ids are appended.
  void append_word(std::string_view word, std::vector<int32_t>& ids) const;

  // Encoded texts with [CLS] and [SEP], cut to at most max_length ids: a single one at its end, a pair
  // by longest_first. ArgumentError for a max_length with no room for a token (3 and 5 at least).
  BertInput input(std::span<const int32_t> ids, int64_t max_length) const;
  BertInput input(std::span<const int32_t> first, std::span<const int32_t> second, int64_t max_length) const;

  // The text of ids: tokens parted by spaces but for continuations and before . ? ! and ,; what cleaning
  // removed is lost. An id behind the vocabulary's end (padding of an embedding table) is [UNK]. Special
  // tokens are left out when asked. ArgumentError for a negative id.
  std::string decode(std::span<const int32_t> ids, bool skip_special = true) const;

 private:
  struct Model;
  explicit WordPiece(std::shared_ptr<const Model> model) : model_(std::move(model)) {}
  int32_t special(size_t which) const;
  std::shared_ptr<const Model> model_;
};

}  // namespace mosaic::data
