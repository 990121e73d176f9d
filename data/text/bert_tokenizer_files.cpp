#include "data/text/bert_tokenizer_files.h"

#include <array>
#include <utility>

#include "data/text/bert_tokenizer_json.h"
#include "engine/core/error.h"

namespace mosaic::data {
namespace fs = std::filesystem;
namespace {

constexpr int64_t word_characters_there = 100;

// The keys by which transformers knows the special tokens.
constexpr std::array<std::pair<const char*, const char*>, 5> roles{{{"pad_token", "[PAD]"},
                                                                    {"unk_token", "[UNK]"},
                                                                    {"cls_token", "[CLS]"},
                                                                    {"sep_token", "[SEP]"},
                                                                    {"mask_token", "[MASK]"}}};

bool given(Fields& fields, const char* key) {
  return fields.has(key) && !fields.any(key).is_null();
}

// A token is written as its text or as an object with the text under "content".
void check_role(Fields& fields, const char* key, const char* token) {
  if (!given(fields, key)) return;
  const json& value = fields.any(key);
  if (value.is_object()) {
    Fields(value, cat(fields.where(), ": ", key)).one_of("content", {token});
  } else {
    fields.one_of(key, {token});
  }
}

BertTextOptions read_config(const fs::path& path) {
  const json value = load_json(path);
  Fields fields(value, path.string());
  if (given(fields, "tokenizer_class"))
    fields.one_of("tokenizer_class", {"BertTokenizer", "BertTokenizerFast"});
  for (const auto& [key, token] : roles) check_role(fields, key, token);
  if (given(fields, "do_basic_tokenize") && !fields.boolean("do_basic_tokenize"))
    throw FormatError(fields.where(),
                      "\"do_basic_tokenize\" must be true, got false: texts are always split "
                      "into words first");
  if (given(fields, "never_split") && !fields.any("never_split").empty())
    throw FormatError(fields.where(),
                      "\"never_split\" must be empty: words that are never split are not read");
  if (given(fields, "added_tokens_decoder"))
    for (const auto& [id, token] : fields.object("added_tokens_decoder").items())
      check_added_token(token, cat(fields.where(), ": added_tokens_decoder: ", id));
  BertTextOptions options{.lower_case = fields.boolean_or("do_lower_case", true)};
  if (given(fields, "strip_accents")) options.strip_accents = fields.boolean("strip_accents");
  options.split_chinese = fields.boolean_or("tokenize_chinese_chars", true);
  return options;
}

// Tokens behind the vocabulary's end, which old versions keep in a file of their own.
void check_added_file(const fs::path& path) {
  if (!fs::exists(path)) return;
  const json value = load_json(path);
  if (!value.empty())
    throw FormatError(path.string(), cat("has ", value.size(),
                                         " tokens beside vocab.txt; only vocabularies "
                                         "without added tokens are read"));
}

}  // namespace

std::optional<std::string> why_no_bert_tokenizer(const WordPiece& wordpiece) {
  const int64_t characters = wordpiece.options().max_word_characters;
  if (characters == word_characters_there) return std::nullopt;
  return cat("words have at most ", characters, " characters here and always ", word_characters_there,
             " in transformers");
}

void save_bert_tokenizer(const fs::path& directory, const WordPiece& wordpiece, int64_t max_length) {
  const auto reason = why_no_bert_tokenizer(wordpiece);
  if (reason) throw ArgumentError("save_bert_tokenizer", *reason);
  const WordPieceOptions& options = wordpiece.options();
  json names;
  for (const auto& [key, token] : roles) names[key] = token;
  json config = names;
  config["added_tokens_decoder"] = added_tokens_by_id(wordpiece);
  config["clean_up_tokenization_spaces"] = true;
  config["do_basic_tokenize"] = true;
  config["do_lower_case"] = options.text.lower_case;
  config["model_max_length"] = max_length;
  config["never_split"] = nullptr;
  config["strip_accents"] = strip_accents_json(options.text);
  config["tokenize_chinese_chars"] = options.text.split_chinese;
  config["tokenizer_class"] = "BertTokenizer";
  wordpiece.save(directory / "vocab.txt");
  save_json(directory / "special_tokens_map.json", names);
  save_json(directory / "tokenizer_config.json", config);
  save_json(directory / "tokenizer.json", tokenizer_json(wordpiece));
}

WordPiece load_bert_tokenizer(const fs::path& directory) {
  const fs::path words = directory / "vocab.txt", whole = directory / "tokenizer.json",
                 config = directory / "tokenizer_config.json";
  check_added_file(directory / "added_tokens.json");
  WordPieceOptions options;
  if (fs::exists(config)) options.text = read_config(config);
  if (fs::exists(words)) return WordPiece::load(words, options);
  check<ResourceError>(fs::exists(whole), directory.c_str(), "has neither vocab.txt nor tokenizer.json");
  WordPiece read = read_tokenizer_json(load_json(whole, uint64_t{1} << 30), whole.string());
  check<FormatError>(!fs::exists(config) || read.options().text == options.text, whole.c_str(),
                     "has the text options ", describe(read.options()).dump(), ", tokenizer_config.json ",
                     describe(options).dump());
  return read;
}

}  // namespace mosaic::data
