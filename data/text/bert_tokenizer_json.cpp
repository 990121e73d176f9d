#include "data/text/bert_tokenizer_json.h"

#include <algorithm>
#include <array>
#include <vector>

#include "engine/core/error.h"

namespace mosaic::data {
namespace {

std::array<int32_t, 5> special_ids(const WordPiece& wordpiece) {
  std::array<int32_t, 5> ids{wordpiece.pad(), wordpiece.unk(), wordpiece.cls(), wordpiece.sep(),
                             wordpiece.mask()};
  std::sort(ids.begin(), ids.end());  // the library reads added tokens in the order of their ids only
  return ids;
}

json added_token(const std::string& token) {
  return {{"content", token}, {"single_word", false}, {"lstrip", false},
          {"rstrip", false},  {"normalized", false},  {"special", true}};
}

json special_part(const char* token, int type) {
  return {{"SpecialToken", {{"id", token}, {"type_id", type}}}};
}
json sequence_part(const char* name, int type) {
  return {{"Sequence", {{"id", name}, {"type_id", type}}}};
}
json special_token(const char* token, int32_t id) {
  return {{"id", token}, {"ids", json::array({id})}, {"tokens", json::array({token})}};
}

// [CLS] A [SEP] and [CLS] A [SEP] B [SEP], the second text with type 1.
json post_processor(const WordPiece& wordpiece) {
  json single = json::array({special_part("[CLS]", 0), sequence_part("A", 0), special_part("[SEP]", 0)});
  json pair = single;
  pair.push_back(sequence_part("B", 1));
  pair.push_back(special_part("[SEP]", 1));
  return {{"type", "TemplateProcessing"},
          {"single", std::move(single)},
          {"pair", std::move(pair)},
          {"special_tokens",
           {{"[CLS]", special_token("[CLS]", wordpiece.cls())},
            {"[SEP]", special_token("[SEP]", wordpiece.sep())}}}};
}

json vocabulary(const WordPiece& wordpiece) {
  json ids = json::object();
  // Appended: an ordered json looks through all its keys at every insertion by name.
  auto& members = static_cast<json::object_t::Container&>(ids.get_ref<json::object_t&>());
  for (int32_t id = 0; id < wordpiece.size(); ++id) members.emplace_back(wordpiece.token(id), id);
  return ids;
}

std::vector<std::string> tokens_by_id(const json& ids, const std::string& where) {
  std::vector<std::string> tokens(ids.size());
  std::vector<bool> seen(ids.size());
  for (const auto& [token, id] : ids.items()) {
    const bool fits = id.is_number_unsigned() && id.get<uint64_t>() < tokens.size();
    if (!fits || seen[id.get<size_t>()])
      throw FormatError(where, cat("the ids of ", tokens.size(), " tokens must be 0 to ", tokens.size() - 1,
                                   ", each once, got ", id.dump(), " for \"", token, "\""));
    seen[id.get<size_t>()] = true;
    tokens[id.get<size_t>()] = token;
  }
  return tokens;
}

BertTextOptions read_normalizer(const json& value, const std::string& where) {
  Fields fields(value, where);
  fields.one_of("type", {"BertNormalizer"});
  if (!fields.boolean("clean_text"))
    throw FormatError(where, "\"clean_text\" must be true, got false: texts are always cleaned");
  BertTextOptions options{.lower_case = fields.boolean("lowercase")};
  if (!fields.any("strip_accents").is_null()) options.strip_accents = fields.boolean("strip_accents");
  options.split_chinese = fields.boolean("handle_chinese_chars");
  fields.finish();
  return options;
}

}  // namespace

json tokenizer_json(const WordPiece& wordpiece) {
  json added = json::array();
  for (const int32_t id : special_ids(wordpiece)) {
    json token = {{"id", id}};
    token.update(added_token(wordpiece.token(id)));
    added.push_back(std::move(token));
  }
  const WordPieceOptions& options = wordpiece.options();
  json value;
  value["version"] = "1.0";
  value["truncation"] = nullptr;
  value["padding"] = nullptr;
  value["added_tokens"] = std::move(added);
  value["normalizer"] = {{"type", "BertNormalizer"},
                         {"clean_text", true},
                         {"handle_chinese_chars", options.text.split_chinese},
                         {"strip_accents", strip_accents_json(options.text)},
                         {"lowercase", options.text.lower_case}};
  value["pre_tokenizer"] = {{"type", "BertPreTokenizer"}};
  value["post_processor"] = post_processor(wordpiece);
  value["decoder"] = {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}};
  value["model"] = {{"type", "WordPiece"},
                    {"unk_token", "[UNK]"},
                    {"continuing_subword_prefix", "##"},
                    {"max_input_chars_per_word", options.max_word_characters},
                    {"vocab", vocabulary(wordpiece)}};
  return value;
}

WordPiece read_tokenizer_json(const json& value, const std::string& where) {
  Fields fields(value, where);
  for (const json& token : fields.array("added_tokens")) check_added_token(token, where + ": added_tokens");
  WordPieceOptions options;
  options.text = read_normalizer(fields.object("normalizer"), where + ": normalizer");
  Fields(fields.object("pre_tokenizer"), where + ": pre_tokenizer").one_of("type", {"BertPreTokenizer"});
  Fields model(fields.object("model"), where + ": model");
  model.one_of("type", {"WordPiece"});
  model.one_of("unk_token", {"[UNK]"});
  model.one_of("continuing_subword_prefix", {"##"});
  options.max_word_characters = model.integer("max_input_chars_per_word", 1, 1 << 20);
  return WordPiece::from_tokens(tokens_by_id(model.object("vocab"), model.where() + ": vocab"), options,
                                where);
}

json added_tokens_by_id(const WordPiece& wordpiece) {
  json tokens;
  for (const int32_t id : special_ids(wordpiece))
    tokens[std::to_string(id)] = added_token(wordpiece.token(id));
  return tokens;
}

json strip_accents_json(const BertTextOptions& options) {
  return options.strip_accents ? json(*options.strip_accents) : json(nullptr);
}

void check_added_token(const json& token, const std::string& where) {
  Fields(token, where).one_of("content", {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"});
}

}  // namespace mosaic::data
