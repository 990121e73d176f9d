#include "data/mlm_corpus.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "data/text/wordpiece_trainer.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/parallel.h"
#include "tests/support/mlm_text.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::data;
using namespace mosaic::test;
using Ids = std::vector<int32_t>;
using Sequences = std::vector<Ids>;

namespace {

Sequences all(const MlmSequences& side) {
  Sequences out;
  for (int64_t i = 0; i < side.size(); ++i) out.push_back(side.read(i));
  return out;
}

const MlmCorpusOptions tenth{.packing = {.length = 32}, .valid_share = 0.1};

}  // namespace

TEST_CASE("a corpus is built, read back, and the same for any number of threads") {
  const TemporaryFolder folder;
  const auto a = folder.file("a.txt", made_up_text(1)), b = folder.file("b.txt", made_up_text(2));
  const json manifest = build_mlm_corpus({a, b}, vocabulary(), folder / "corpus", tenth);
  const MlmCorpus corpus = MlmCorpus::open(folder / "corpus", vocabulary());
  CHECK(corpus.manifest() == manifest);
  CHECK(manifest["id_bytes"] == 2);
  CHECK(manifest["sources"][0]["file"] == "a.txt");
  CHECK(manifest["train"]["documents"].get<int>() + manifest["valid"]["documents"].get<int>() == 600);
  const int valid_documents = manifest["valid"]["documents"].get<int>();
  CHECK((valid_documents > 30 && valid_documents < 95));
  int64_t tokens = 0;
  for (const MlmSequences& side : {corpus.train(), corpus.valid()}) {
    int64_t here = 0;
    for (const Ids& ids : all(side)) {
      CHECK((ids.front() == 2 && ids.back() == 3 && ids.size() <= 32));
      here += static_cast<int64_t>(ids.size()) - 2;
      for (size_t i = 1; i + 1 < ids.size(); ++i) CHECK(ids[i] >= 5);
    }
    CHECK(here == side.tokens());
    tokens += here;
  }
  WordCounts words;
  words.add_file(a);
  words.add_file(b);
  CHECK(tokens == words.words());
  CHECK_THROWS_AS(corpus.train().read(-1), ArgumentError);
  CHECK_THROWS_AS(corpus.train().read(corpus.train().size()), ArgumentError);

  const int before = threads();
  for (const int team : {1, 3}) {
    set_threads(team);
    build_mlm_corpus({a, b}, vocabulary(), folder / cat("corpus", team), tenth);
    CHECK(MlmCorpus::open(folder / cat("corpus", team), vocabulary()).hash() == corpus.hash());
  }
  set_threads(before);
  // Other files in another order: each document stays on its side.
  build_mlm_corpus({b}, vocabulary(), folder / "only-b", tenth);
  const Sequences more = all(corpus.valid());
  const Sequences fewer = all(MlmCorpus::open(folder / "only-b", vocabulary()).valid());
  CHECK(fewer.size() > 5);
  CHECK(std::equal(fewer.begin(), fewer.end(), more.end() - static_cast<int64_t>(fewer.size())));
}

TEST_CASE("documents, validation files and the ids' width") {
  const TemporaryFolder folder;
  const auto lines = folder.file("lines.txt", "w1 w2\nw3\n\nw4 w5 x\r\n\nw6");
  const auto held = folder.file("held.txt", "w7 w8\n");
  const auto build = [&](const char* name, const MlmCorpusOptions& options,
                         const std::vector<std::filesystem::path>& valid = {}) {
    build_mlm_corpus({lines}, vocabulary(), folder / name, options, valid);
    return MlmCorpus::open(folder / name, vocabulary());
  };
  const MlmCorpus plain = build("plain", {.valid_share = 0});
  CHECK(all(plain.train()) == Sequences{{2, 6, 7, 8, 3}, {2, 9, 10, 1, 3}, {2, 11, 3}});
  CHECK(plain.valid().size() == 0);
  CHECK(plain.manifest()["train"]["unknown_tokens"] == 1);
  CHECK(all(build("lines", {.document_end = DocumentEnd::line, .valid_share = 0}).train()) ==
        Sequences{{2, 6, 7, 3}, {2, 8, 3}, {2, 9, 10, 1, 3}, {2, 11, 3}});
  CHECK(all(build("cross", {.packing = {.cross_documents = true}, .valid_share = 0}).train()) ==
        Sequences{{2, 6, 7, 8, 3, 9, 10, 1, 3, 11, 3}});
  const MlmCorpus separate = build("held", {.valid_share = 0}, {held});
  CHECK(all(separate.valid()) == Sequences{{2, 12, 13, 3}});
  CHECK(separate.manifest()["sources"][1]["valid"] == true);

  std::vector<std::string> tokens{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  for (int i = 0; i < 66000; ++i) tokens.push_back(cat("t", i));
  const WordPiece wide = WordPiece::from_tokens(tokens);
  const auto text = folder.file("wide.txt", "t65999 t0\n");
  build_mlm_corpus({text}, wide, folder / "wide", {.valid_share = 0});
  CHECK(MlmCorpus::open(folder / "wide", wide).train().read(0) == Ids{2, 66004, 5, 3});
  CHECK(std::filesystem::file_size(folder / "wide/train.ids") == 128 * 4);
}

TEST_CASE("corpora that cannot be built or trusted are refused") {
  const TemporaryFolder folder;
  const auto text = folder.file("a.txt", made_up_text(1));
  const auto refusal = [&](const MlmCorpusOptions& options, const std::string& content) {
    const auto path = folder.file("bad.txt", content);
    return message_of<Error>([&] { build_mlm_corpus({path}, vocabulary(), folder / "bad", options); });
  };
  CHECK(contains(refusal({}, "w1\nw2\n"), "none of the 1 documents fell to validation by a share of 0.01"));
  CHECK(contains(refusal({.valid_share = 0}, "\n \n"), "no text is left for training: all 0 documents"));
  CHECK(contains(refusal({.valid_share = 0}, "w1\nw\xff\n"), "bad.txt:2] byte 2 (0xFF) is not valid UTF-8"));
  CHECK(contains(refusal({.valid_share = 1}, "w1\n"), "must lie in 0..1"));
  CHECK(contains(refusal({.packing = {.length = 2}}, "w1\n"), "8..65535"));
  CHECK(!std::filesystem::exists(folder / "bad/train.ids"));
  CHECK_THROWS_AS(build_mlm_corpus({}, vocabulary(), folder / "bad"), ArgumentError);

  const auto dir = folder / "corpus";
  build_mlm_corpus({text}, vocabulary(), dir, tenth);
  const std::string before = MlmCorpus::open(dir, vocabulary()).hash();
  CHECK(contains(message_of<ArgumentError>([&] { build_mlm_corpus({text}, vocabulary(), dir, tenth); }),
                 "already holds a corpus"));
  // A new build that fails leaves the old corpus as it was.
  MlmCorpusOptions over = tenth;
  over.overwrite = true;
  CHECK_THROWS_AS(build_mlm_corpus({text, folder / "missing"}, vocabulary(), dir, over), ResourceError);
  CHECK(MlmCorpus::open(dir, vocabulary()).hash() == before);
  build_mlm_corpus({text}, vocabulary(), dir, over);
  CHECK(MlmCorpus::open(dir, vocabulary()).hash() == before);

  const auto opening = [&](const WordPiece& wordpiece) {
    return message_of<FormatError>([&] { MlmCorpus::open(dir, wordpiece); });
  };
  CHECK(contains(opening(WordPiece::from_tokens({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "w"})),
                 "made with another vocabulary (55 tokens"));
  std::vector<std::string> tokens;
  for (int32_t id = 0; id < vocabulary().size(); ++id) tokens.push_back(vocabulary().token(id));
  CHECK(
      contains(opening(WordPiece::from_tokens(tokens, {.text = {.lower_case = false}})), "other text rules"));
  const std::string bytes = read_file(dir / "train.ids");
  folder.file("corpus/train.ids", bytes.substr(0, bytes.size() - 1));
  CHECK(contains(opening(vocabulary()), "train.ids] has "));
  std::string flipped = bytes;
  flipped[100] ^= 1;
  folder.file("corpus/train.ids", flipped);
  CHECK(contains(opening(vocabulary()), "train.ids] is damaged"));
  folder.file("corpus/train.ids", bytes);
  CHECK(opening(vocabulary()) == "no exception");
  const MlmCorpus open = MlmCorpus::open(dir, vocabulary());
  std::filesystem::resize_file(dir / "train.ids", 64);
  CHECK_THROWS_AS(open.train().read(1), ResourceError);
  folder.file("corpus/manifest.json", "{\"format\": \"mosaic-corpus\"}");
  CHECK_THROWS_AS(MlmCorpus::open(dir, vocabulary()), FormatError);
  CHECK_THROWS_AS(MlmCorpus::open(folder / "nowhere", vocabulary()), ResourceError);
}
