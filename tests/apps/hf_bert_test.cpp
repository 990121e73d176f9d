// Directories of transformers: tests/golden/bert_hf, which tests/peers/bert_hf.py made with it, and our own.
#include "apps/common/hf_bert.h"

#include <cstdlib>
#include <functional>

#include "apps/common/text.h"
#include "engine/core/file.h"
#include "engine/io/safetensors.h"
#include "tests/nn/bert_support.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::apps;
using namespace mosaic::test;
using nn::testing::largest_difference;
namespace fs = std::filesystem;

namespace {

const fs::path golden_folder = fs::path(MOSAIC_TESTS_FOLDER) / "golden" / "bert_hf";

// Texts and pairs as one batch, as transformers pads it.
struct Batch {
  Tensor ids, types, mask;
  nn::BertInput input() const { return {.ids = ids, .types = types, .mask = mask}; }
};
Batch encoded(const data::WordPiece& wordpiece, const json& texts, int64_t max_length) {
  std::vector<data::BertInput> rows;
  size_t length = 0;
  for (const json& text : texts) {
    std::vector<std::vector<int32_t>> parts;
    for (const json& part : text)
      parts.push_back(wordpiece.encode(part.get<std::string>(), data::SpecialText::tokens));
    rows.push_back(parts.size() == 1 ? wordpiece.input(parts[0], max_length)
                                     : wordpiece.input(parts[0], parts[1], max_length));
    length = std::max(length, rows.back().ids.size());
  }
  std::vector<int32_t> ids, types;
  std::vector<uint8_t> mask;
  for (data::BertInput& row : rows) {
    const size_t padding = length - row.ids.size();
    mask.insert(mask.end(), row.ids.size(), 1);
    mask.insert(mask.end(), padding, 0);
    row.ids.insert(row.ids.end(), padding, wordpiece.pad());
    row.types.insert(row.types.end(), padding, 0);
    ids.insert(ids.end(), row.ids.begin(), row.ids.end());
    types.insert(types.end(), row.types.begin(), row.types.end());
  }
  const Shape shape{static_cast<int64_t>(rows.size()), static_cast<int64_t>(length)};
  return {.ids = Tensor::from(std::span<const int32_t>(ids), shape),
          .types = Tensor::from(std::span<const int32_t>(types), shape),
          .mask = Tensor::from(std::span<const uint8_t>(mask), shape)};
}

// What the first class of "architectures" gives for a batch.
Tensor logits(const nn::Bert& model, const Batch& batch) {
  const Tensor stream = model.encode(batch.input());
  if (model.config().mlm)
    return reshape(model.mlm_logits(stream, arange(batch.ids.numel())),
                   {batch.ids.dim(0), batch.ids.dim(1), model.config().vocabulary});
  return model.config().labels > 0 ? model.classify(stream) : stream;
}

double relative_difference(const Tensor& ours, const Tensor& theirs) {
  double scale = 0;
  for (const double v : theirs.values()) scale = std::max(scale, std::abs(v));
  return largest_difference(ours, theirs) / scale;
}

// "[PAD]" and the others first or, like the words, in an order of their own.
data::WordPiece vocabulary(bool special_first) {
  std::vector<std::string> tokens{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  if (!special_first) tokens = {"b", "[MASK]", "[SEP]", "[UNK]", "Caf\u00e9", "[PAD]", "[CLS]"};
  for (const char* word : {"the", "dog", "un", "##aff", "##able", "cafe", "na",  "##ive", "\u4e2d", "\u56fd",
                           "!",   ".",   ",",  "'",     "[",      "]",    "don", "t",     "The",    "\u0130"})
    tokens.push_back(word);
  for (char c = 'a'; c <= 'z'; ++c) tokens.push_back(cat("##", c));
  return data::WordPiece::from_tokens(tokens, {.text = {.lower_case = special_first}});
}

const char* const texts =
    R"([["The unaffable dog, don't!"], ["Caf\u00e9 na\u00efve \u0130", "\u4e2d\u56fd. the the the"],
  ["the [MASK] [SEP]dog", "\ud83d\ude00 \u0301 the\u00a0dog\u200b\t."], ["BERT"]])";

nn::BertConfig sizes(const data::WordPiece& wordpiece, bool padded_table = false) {
  nn::BertConfig config;
  config.vocabulary = padded_table ? (wordpiece.size() / 8 + 1) * 8 : wordpiece.size();
  config.padding = wordpiece.pad();
  config.positions = 40, config.width = 12;
  config.layers.assign(2, {.hidden = 12, .heads = 3, .ffn = 20});
  return config;
}

}  // namespace

TEST_SUITE("apps/hf_bert") {
  TEST_CASE("directories made by transformers give its ids and its logits") {
    for (const std::string name : {"mlm", "classifier"}) {
      CAPTURE(name);
      CHECK(is_hf_directory(golden_folder / name));
      const HfBertModel opened = open_hf_bert(golden_folder / name);
      const SafetensorsFile golden(golden_folder / (name + ".safetensors"));
      const json given = parse_json(golden.metadata().at("texts"), "texts");
      const Batch batch = encoded(opened.wordpiece, given, opened.model->config().positions);
      CHECK(batch.ids.values() == golden.tensor("ids").values());
      CHECK(batch.types.values() == golden.tensor("types").values());
      CHECK(batch.mask.values() == golden.tensor("mask").values());
      const double difference = relative_difference(logits(*opened.model, batch), golden.tensor("logits"));
      CAPTURE(difference);  // 6.2e-7 and 3.2e-7 with AVX2
      CHECK(difference < 1e-5);
      using Names = std::vector<std::string>;
      CHECK(opened.labels == (name == "mlm" ? Names{} : Names{"no", "perhaps", "yes"}));
    }
  }

  // With MOSAIC_HF_OUT set the directories stay there for tests/peers/bert_hf.py.
  TEST_CASE("directories that transformers opens") {
    const TemporaryFolder temporary;
    const char* out = std::getenv("MOSAIC_HF_OUT");
    const fs::path folder = out ? out : temporary.path();
    const auto round_trip = [&](const std::string& name, const nn::BertConfig& config,
                                const data::WordPiece& wordpiece, const std::vector<std::string>& labels) {
      CAPTURE(name);
      const auto model = nn::testing::scrambled(config);
      save_hf_bert(folder / name, *model, wordpiece, labels, true);
      const Batch batch = encoded(wordpiece, parse_json(texts, "texts"), config.positions);
      const Tensor ours = logits(*model, batch);
      save_safetensors(
          folder / (name + ".safetensors"),
          {{"ids", batch.ids}, {"types", batch.types}, {"mask", batch.mask}, {"logits", ours.detach()}},
          {{"texts", texts}});

      CHECK(is_hf_directory(folder / name));
      CHECK(SafetensorsFile(folder / name / "model.safetensors").metadata().at("format") == "pt");
      const HfBertModel again = open_hf_bert(folder / name);
      CHECK(again.wordpiece.hash() == wordpiece.hash());
      CHECK(again.wordpiece.options() == wordpiece.options());
      CHECK(again.labels == labels);
      return relative_difference(logits(*again.model, batch), ours);
    };
    const data::WordPiece uncased = vocabulary(true), cased = vocabulary(false);
    nn::BertConfig config = sizes(uncased);
    CHECK(round_trip("mlm", config, uncased, {}) == 0);
    config.layers[0].ffn = 7, config.layers[1].ffn = 33;
    CHECK(round_trip("padded", config, uncased, {}) <= 1e-6);
    config = sizes(cased, true);
    CHECK(round_trip("more-rows", config, cased, {}) == 0);
    config.mlm = false;
    CHECK(round_trip("encoder", config, cased, {}) == 0);
    config.labels = 3, config.classifier_dropout = 0.5;
    CHECK(round_trip("classifier", config, cased, {"no", "perhaps", "yes"}) == 0);
    config.labels = 1;
    CHECK(round_trip("regression", config, cased, {"LABEL_0"}) == 0);
  }

  TEST_CASE("nothing is overwritten unasked, nothing foreign is written into") {
    const TemporaryFolder folder;
    const data::WordPiece wordpiece = vocabulary(true);
    const auto model = nn::testing::scrambled(sizes(wordpiece));
    const auto refused = [&](const fs::path& path, bool overwrite) {
      return message_of<UsageError>([&] { save_hf_bert(path, *model, wordpiece, {}, overwrite); });
    };
    save_hf_bert(folder / "m", *model, wordpiece, {}, false);
    const std::string before = hash_file(folder / "m/config.json");
    CHECK(contains(refused(folder / "m", false), "holds a model already: --force replaces it"));
    save_hf_bert(folder / "m", *model, wordpiece, {}, true);
    CHECK(hash_file(folder / "m/config.json") == before);
    folder.file("m/added_tokens.json", "{}");
    CHECK(contains(refused(folder / "m", true),
                   "holds added_tokens.json, which is no part of what is written"));
    folder.file("notes/todo.txt", "x");
    CHECK(contains(refused(folder / "notes", true), "holds todo.txt"));
    CHECK(contains(refused(folder.file("file", "x"), true), "holds no model of mosaic"));

    // Refused before the old model is touched.
    save_hf_bert(folder / "old", *model, wordpiece, {}, false);
    nn::Bert wide = nn::testing::made(nn::testing::bert_config(true));
    CHECK(contains(message_of<UsageError>([&] { save_hf_bert(folder / "old", wide, wordpiece, {}, true); }),
                   "cannot be written for transformers: layers with bottlenecks"));
    const auto short_words = data::WordPiece::from_tokens({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"},
                                                          {.max_word_characters = 9});
    CHECK(
        contains(message_of<UsageError>([&] { save_hf_bert(folder / "old", *model, short_words, {}, true); }),
                 "words have at most 9 characters"));
    CHECK_THROWS_AS(save_hf_bert(folder / "old", *model, wordpiece, {"a"}, true), ArgumentError);
    CHECK(contains(
        message_of<FormatError>([&] { save_hf_bert(folder / "old", *model, vocabulary(false), {}, true); }),
        "rows of word embeddings"));
    CHECK(hash_file(folder / "old/config.json") == before);
    CHECK_NOTHROW(open_hf_bert(folder / "old"));
  }

  TEST_CASE("directories that cannot be opened say why") {
    const TemporaryFolder folder;
    const auto refusal = [&]<class E>(E*, const std::function<void(const fs::path&)>& change) {
      fs::remove_all(folder / "m");
      fs::copy(golden_folder / "mlm", folder / "m", fs::copy_options::recursive);
      change(folder / "m");
      return message_of<E>([&] { open_hf_bert(folder / "m"); });
    };
    FormatError* format = nullptr;
    ResourceError* resource = nullptr;
    const auto without = [](const char* name) {
      return [name](const fs::path& directory) { fs::remove(directory / name); };
    };
    CHECK(refusal(format, [](const fs::path&) {}) == "no exception");
    CHECK(contains(refusal(resource, without("config.json")), "it has no config.json"));
    CHECK(contains(refusal(resource, without("model.safetensors")), "has no model.safetensors"));
    CHECK(contains(refusal(format,
                           [&](const fs::path& directory) {
                             fs::remove(directory / "model.safetensors");
                             folder.file("m/pytorch_model.bin", "PK\x03\x04 and so on");
                           }),
                   "pytorch_model.bin] looks like a PyTorch pickle"));
    CHECK(contains(refusal(format,
                           [&](const fs::path& directory) {
                             fs::remove(directory / "model.safetensors");
                             folder.file("m/model.safetensors.index.json", "{}");
                           }),
                   "has its weights in several files"));
    CHECK(contains(refusal(format,
                           [&](const fs::path& directory) {
                             json config = load_json(directory / "config.json");
                             config["pad_token_id"] = 3;
                             save_json(directory / "config.json", config);
                           }),
                   "config.json] pads with id 3, in the vocabulary [PAD] is 0"));
    CHECK(contains(refusal(format,
                           [&](const fs::path& directory) {
                             std::string words = read_file(directory / "vocab.txt");
                             folder.file("m/vocab.txt", words + "one\nmore\n");
                           }),
                   "rows of word embeddings, the vocabulary"));
    CHECK_FALSE(is_hf_directory(folder / "nothing"));
    CHECK_FALSE(is_hf_directory(folder.file("n/config.json", "{").parent_path()));
    CHECK_FALSE(is_hf_directory(folder.file("n/config.json", "{\"format\": \"mosaic-bert\"}").parent_path()));
    CHECK_FALSE(is_hf_directory(folder.file("n/config.json", "[]").parent_path()));
  }
}
