#include "data/text/subwords.h"

#include <doctest/doctest.h>

#include "data/dataset.h"
#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::data;
using namespace mosaic::test;

namespace {

std::vector<std::string> sentences() {
  std::vector<std::string> out;
  const char* subjects[] = {"the lower house", "a newest widget", "der größere Drache", "un étudiant naïf"};
  const char* verbs[] = {"shows", "wird gezeigt", "mange", "re-evaluates"};
  for (int i = 0; i < 200; ++i) {
    out.push_back(cat(subjects[i % 4], " ", verbs[i / 4 % 4], " ", i * 37 % 101, ", then ",
                      subjects[(i + 1) % 4], "!"));
  }
  return out;
}

const Subwords& trained() {
  static const Subwords subwords = Subwords::train(sentences(), {.vocabulary = 200});
  return subwords;
}

}  // namespace

TEST_CASE("subwords are learnt, applied and undone") {
  const Subwords& subwords = trained();
  CHECK(subwords.size() == 200);
  for (const std::string& sentence : sentences()) {
    const auto ids = subwords.encode(sentence);
    CHECK(!ids.empty());
    for (const int32_t id : ids) {
      CHECK(id > Subwords::unk);
      CHECK(id < subwords.size());
    }
    CHECK(subwords.decode(ids) == sentence);
  }
  CHECK(subwords.encode("").empty());
  CHECK(subwords.decode({}).empty());
  CHECK(subwords.decode(std::vector<int32_t>{0, 1, 2}).empty());
  CHECK(subwords.decode(subwords.encode("the   lower  house ")) == "the lower house");
  CHECK(subwords.pieces("the lower").front().starts_with("\u2581"));
  // A character of no piece is unknown, and so is an id of the padding behind the vocabulary.
  const auto unknown = subwords.encode("the 漢");
  CHECK(std::find(unknown.begin(), unknown.end(), Subwords::unk) != unknown.end());
  CHECK(subwords.decode(std::vector<int32_t>{203}) == subwords.decode(std::vector<int32_t>{Subwords::unk}));
  // The specials cannot be written in text.
  for (const int32_t id : subwords.encode("<s> </s> <pad>"))
    CHECK((id == Subwords::unk || id > Subwords::unk));
  // Nothing is normalised: the ligature and full-width letters stay what they are.
  CHECK(
      Subwords::train({"ﬁne Ａ fine A", "ﬁne Ａ fine A"}, {.vocabulary = 16})
          .decode(Subwords::train({"ﬁne Ａ fine A", "ﬁne Ａ fine A"}, {.vocabulary = 16}).encode("ﬁne Ａ")) ==
      "ﬁne Ａ");
}

TEST_CASE("training can be repeated and the model comes back from disk") {
  const int before = threads();
  for (const int team : {1, 2}) {
    set_threads(team);
    CHECK(Subwords::train(sentences(), {.vocabulary = 200}).bytes() == trained().bytes());
  }
  set_threads(before);
  const TemporaryFolder folder;
  trained().save(folder / "subwords.model");
  const Subwords loaded = Subwords::load(folder / "subwords.model");
  CHECK(loaded.hash() == trained().hash());
  CHECK(loaded.encode("the newest house") == trained().encode("the newest house"));
  CHECK(loaded.piece(Subwords::eos) == "</s>");
}

TEST_CASE("damaged models are refused") {
  const std::string& bytes = trained().bytes();
  for (size_t n = 0; n < bytes.size(); ++n) {
    CHECK_THROWS_AS(Subwords::from_bytes(bytes.substr(0, n), "m"), FormatError);
  }
  CHECK(contains(message_of<FormatError>([&] { Subwords::from_bytes(std::string(11, '\xff'), "sub.model"); }),
                 "[sub.model] is not a whole SentencePiece model: it has a number of more than ten bytes"));
  CHECK(contains(message_of<FormatError>([&] {
                   Subwords::from_bytes(
                       "\x0A\x7F"
                       "abc",
                       "m");
                 }),
                 "127 bytes are announced, 3 left"));
  CHECK_THROWS_AS(Subwords::from_bytes("plain text, no model", "m"), FormatError);
  CHECK_THROWS_AS(Subwords::load("/"), ResourceError);
}

TEST_CASE("vocabularies that cannot be are refused") {
  CHECK_THROWS_AS(Subwords::train({}, {}), ArgumentError);
  CHECK_THROWS_AS(Subwords::train(sentences(), {.vocabulary = 4}), ArgumentError);
  CHECK(contains(message_of<ArgumentError>([&] { Subwords::train(sentences(), {.vocabulary = 10}); }),
                 "10 pieces"));
  CHECK(contains(message_of<ArgumentError>([&] { Subwords::train({"a b"}, {.vocabulary = 900}); }),
                 "900 pieces"));
  CHECK_THROWS_AS(Subwords::train({std::string(70'000, 'x')}, {}), ArgumentError);
  CHECK_THROWS_AS(trained().encode(std::string(2 << 20, 'x')), ArgumentError);
  CHECK_THROWS_AS(trained().decode(std::vector<int32_t>{-1}), ArgumentError);
  CHECK_THROWS_AS(trained().piece(200), ArgumentError);
}

TEST_CASE("pairs are encoded with eos") {
  const auto examples = encode_pairs(trained(), {{"the house", "der Drache"}, {"", "x"}});
  REQUIRE(examples.size() == 2);
  CHECK(examples[0].source.back() == Subwords::eos);
  CHECK(examples[0].source == encode_source(trained(), "the house"));
  CHECK(examples[1].source == std::vector<int32_t>{Subwords::eos});
}
