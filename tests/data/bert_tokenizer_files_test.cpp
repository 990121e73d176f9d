// WordPiece vocabularies as transformers' tokenizer files.
#include "data/text/bert_tokenizer_files.h"

#include <doctest/doctest.h>

#include <functional>

#include "data/text/lines.h"
#include "engine/core/error.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::data;
using namespace mosaic::test;
using Texts = std::vector<std::string>;

namespace {

// The special tokens stand apart and out of their usual order.
const Texts tokens{"a",      "[MASK]", "un", "##a", "[SEP]", "[CLS]",
                   "\u4e2d", "[PAD]",  "\"", "A",   "[UNK]", "##\u00e9"};

WordPiece cased() {
  return WordPiece::from_tokens(tokens, {.text = {.lower_case = false}});
}

// The refusal of a directory that save_bert_tokenizer() wrote, with one JSON file changed.
std::string refusal(const char* file, const std::function<void(json&)>& change,
                    bool without_vocabulary = false) {
  const TemporaryFolder folder;
  save_bert_tokenizer(folder.path(), cased(), 32);
  if (without_vocabulary) std::filesystem::remove(folder / "vocab.txt");
  json value = load_json(folder / file);
  change(value);
  save_json(folder / file, value);
  const std::string text = message_of<FormatError>([&] { load_bert_tokenizer(folder.path()); });
  CHECK(contains(text, file));
  return text;
}
std::string config_refusal(const char* key, const json& given) {
  return refusal("tokenizer_config.json", [&](json& value) { value[key] = given; });
}
std::string whole_refusal(const std::function<void(json&)>& change) {
  return refusal("tokenizer.json", change, true);
}

}  // namespace

TEST_CASE("tokenizer files are written and read back") {
  const TemporaryFolder folder;
  for (const std::optional<bool> strips :
       {std::optional<bool>(), std::optional(true), std::optional(false)}) {
    for (const bool lower : {false, true}) {
      const WordPieceOptions options{
          .text = {.lower_case = lower, .strip_accents = strips, .split_chinese = lower}};
      const WordPiece written = WordPiece::from_tokens(tokens, options);
      save_bert_tokenizer(folder.path(), written, 32);
      for (const char* dropped : {"", "vocab.txt", "tokenizer_config.json"}) {
        if (*dropped) std::filesystem::remove(folder / dropped);
        const WordPiece read = load_bert_tokenizer(folder.path());
        CHECK(read.hash() == written.hash());
        CHECK(read.options() == options);
        CHECK(read.pad() == 7);
        CHECK(read.mask() == 1);
      }
    }
  }
}

TEST_CASE("the fields of tokenizer_config.json and tokenizer.json") {
  const TemporaryFolder folder;
  save_bert_tokenizer(folder.path(), cased(), 32);
  CHECK(read_lines(folder / "vocab.txt") == tokens);
  const json config = load_json(folder / "tokenizer_config.json");
  CHECK(config["do_lower_case"] == false);
  CHECK(config["strip_accents"].is_null());
  CHECK(config["model_max_length"] == 32);
  CHECK(config["mask_token"] == "[MASK]");
  CHECK(config["tokenizer_class"] == "BertTokenizer");
  CHECK(config["added_tokens_decoder"]["7"]["content"] == "[PAD]");
  CHECK(config["added_tokens_decoder"].size() == 5);
  CHECK(load_json(folder / "special_tokens_map.json").size() == 5);
  const json whole = load_json(folder / "tokenizer.json");
  CHECK(whole["model"]["vocab"]["[UNK]"] == 10);
  CHECK(whole["model"]["vocab"].size() == tokens.size());
  CHECK(whole["normalizer"].dump() ==
        R"({"type":"BertNormalizer","clean_text":true,)"
        R"("handle_chinese_chars":true,"strip_accents":null,"lowercase":false})");
  CHECK(whole["post_processor"]["special_tokens"]["[SEP]"]["ids"] == json::array({4}));
  std::string ids;
  for (const json& token : whole["added_tokens"]) ids += token["id"].dump() + " ";
  CHECK(ids == "1 4 5 7 10 ");
  const WordPiece other = WordPiece::from_tokens(tokens, {.max_word_characters = 50});
  CHECK(contains(message_of<ArgumentError>([&] { save_bert_tokenizer(folder.path(), other, 32); }),
                 "at most 50 characters here and always 100 in transformers"));
}

TEST_CASE("vocab.txt alone, and what old versions leave out") {
  const TemporaryFolder folder;
  CHECK(contains(message_of<ResourceError>([&] { load_bert_tokenizer(folder.path()); }),
                 "has neither vocab.txt nor tokenizer.json"));
  cased().save(folder / "vocab.txt");
  CHECK(load_bert_tokenizer(folder.path()).options() == WordPieceOptions{});
  folder.file("added_tokens.json", "{}");
  folder.file("tokenizer_config.json", R"({"do_lower_case": false, "model_max_length": 512})");
  CHECK(load_bert_tokenizer(folder.path()).options() == cased().options());
  folder.file("tokenizer_config.json", R"({"tokenizer_class": "BertTokenizerFast", "cls_token":
    {"content": "[CLS]", "lstrip": false}, "never_split": [], "strip_accents": null})");
  CHECK(load_bert_tokenizer(folder.path()).options() == WordPieceOptions{});
  folder.file("added_tokens.json", R"({"<new>": 12})");
  CHECK(contains(message_of<FormatError>([&] { load_bert_tokenizer(folder.path()); }),
                 "added_tokens.json] has 1 tokens beside vocab.txt"));
}

TEST_CASE("tokenizer_config.json that is not BERT's is refused by its key") {
  CHECK(contains(
      config_refusal("tokenizer_class", "RobertaTokenizer"),
      R"("tokenizer_class" must be one of "BertTokenizer", "BertTokenizerFast", got "RobertaTokenizer")"));
  CHECK(contains(config_refusal("tokenizer_class", 3), R"("tokenizer_class" must be a string)"));
  CHECK(contains(config_refusal("do_lower_case", "yes"), R"("do_lower_case" must be true or false)"));
  CHECK(contains(config_refusal("strip_accents", 1), R"("strip_accents" must be true or false)"));
  CHECK(contains(config_refusal("tokenize_chinese_chars", 1),
                 R"("tokenize_chinese_chars" must be true or false)"));
  CHECK(
      contains(config_refusal("do_basic_tokenize", false), R"("do_basic_tokenize" must be true, got false)"));
  CHECK(contains(config_refusal("never_split", {"a"}), R"("never_split" must be empty)"));
  CHECK(contains(config_refusal("mask_token", "<mask>"),
                 R"("mask_token" must be one of "[MASK]", got "<mask>")"));
  CHECK(contains(config_refusal("pad_token", {{"content", "<pad>"}}),
                 R"(tokenizer_config.json: pad_token] "content" must be one of "[PAD]", got "<pad>")"));
  CHECK(contains(config_refusal("added_tokens_decoder", {{"12", {{"content", "<new>"}}}}),
                 R"(added_tokens_decoder: 12] "content" must be one of "[PAD]", )"));
}

TEST_CASE("tokenizer.json that is not BERT's is refused by its key") {
  CHECK(contains(whole_refusal([](json& v) { v["model"]["type"] = "BPE"; }),
                 R"(tokenizer.json: model] "type" must be one of "WordPiece", got "BPE")"));
  CHECK(contains(whole_refusal([](json& v) { v["model"]["unk_token"] = "<unk>"; }), R"("unk_token")"));
  CHECK(contains(whole_refusal([](json& v) { v["model"]["continuing_subword_prefix"] = "@@"; }), R"("@@")"));
  CHECK(contains(whole_refusal([](json& v) { v["model"]["max_input_chars_per_word"] = 0; }),
                 R"("max_input_chars_per_word" must be an integer in 1..)"));
  CHECK(contains(whole_refusal([](json& v) { v["model"]["vocab"]["a"] = 1; }),
                 "the ids of 12 tokens must be 0 to 11, each once, got 1 for \"[MASK]\""));
  CHECK(contains(whole_refusal([](json& v) { v["model"]["vocab"]["a"] = 12; }), "got 12 for \"a\""));
  CHECK(contains(whole_refusal([](json& v) { v["model"]["vocab"]["a"] = -1; }), "got -1 for \"a\""));
  CHECK(contains(whole_refusal([](json& v) { v["model"]["vocab"]["a"] = "0"; }), "got \"0\" for \"a\""));
  CHECK(contains(whole_refusal([](json& v) {
                   v["model"]["vocab"].erase("[PAD]");
                   v["model"]["vocab"]["x"] = 7;
                 }),
                 "tokenizer.json] has no [PAD] among its 12 tokens"));
  CHECK(contains(whole_refusal([](json& v) { v["normalizer"]["type"] = "NFC"; }),
                 R"("BertNormalizer", got "NFC")"));
  CHECK(contains(whole_refusal([](json& v) { v["normalizer"]["clean_text"] = false; }), R"("clean_text")"));
  CHECK(contains(whole_refusal([](json& v) { v["normalizer"] = nullptr; }),
                 R"("normalizer" must be an object)"));
  CHECK(
      contains(whole_refusal([](json& v) { v["pre_tokenizer"]["type"] = "Whitespace"; }), R"("Whitespace")"));
  CHECK(contains(whole_refusal([](json& v) {
                   v["added_tokens"].push_back({{"content", "<new>"}});
                 }),
                 R"("<new>")"));
  CHECK(contains(whole_refusal([](json& v) { v["normalizer"]["lowercase"] = true; }),
                 R"(tokenizer.json] has the text options {"lower_case":true,)"));
}
