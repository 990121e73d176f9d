#include "data/text/wordpiece.h"

#include <doctest/doctest.h>

#include "data/text/lines.h"
#include "engine/core/error.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::data;
using namespace mosaic::test;
using Ids = std::vector<int32_t>;
using Texts = std::vector<std::string>;

namespace {

//                        0        1        2        3        4         5    6    7     8     9       10 11
const Texts small_tokens{"[PAD]", "[UNK]", "[CLS]", "[SEP]",  "[MASK]", "a",        "b", "un",
                         "##a",   "##ff",  "##ffa", "##ble",  "[",      "sep",      "]", ",",
                         ".",     "##",    "mask",  "\u4e2d", "abcd",   "##\u00e9", "!"};

const WordPiece& small() {
  static const WordPiece wordpiece = WordPiece::from_tokens(small_tokens);
  return wordpiece;
}

}  // namespace

TEST_CASE("a word becomes the longest tokens, or unknown as a whole") {
  const WordPiece& w = small();
  CHECK(w.pieces("unaffable") == Texts{"un", "##a", "##ffa", "##ble"});
  CHECK(w.encode("UNaffable, A") == Ids{7, 8, 10, 11, 15, 5});
  CHECK(w.encode("unaffabl a") == Ids{w.unk(), 5});
  CHECK(w.encode("abcd abc") == Ids{20, w.unk()});
  CHECK(w.encode("中a") == Ids{19, 5});
  CHECK(w.encode("").empty());
  CHECK(w.encode(" \t\u00a0").empty());
  CHECK(w.encode("##a") == Ids{w.unk(), w.unk(), 5});  // three words: "#", "#" and "a"
  // The limit counts characters, not bytes.
  const auto long_word = [](int n) {
    std::string word = "a";
    for (int i = 1; i < n; ++i) word += "\u00e9";
    return word;
  };
  const WordPiece cased = WordPiece::from_tokens(small_tokens, {.text = {.lower_case = false}});
  CHECK(cased.encode(long_word(100)).size() == 100);
  CHECK(cased.encode(long_word(101)) == Ids{w.unk()});
  CHECK(WordPiece::from_tokens(small_tokens, {.max_word_characters = 3}).encode("un abcd") ==
        Ids{7, w.unk()});
}

TEST_CASE("special tokens in a text are characters unless asked for") {
  const WordPiece& w = small();
  CHECK(w.encode("a [SEP] b") == Ids{5, 12, 13, 14, 6});
  CHECK(w.encode("a [SEP] b", SpecialText::tokens) == Ids{5, w.sep(), 6});
  CHECK(w.encode("a[MASK]b[PAD][CLS][UNK]", SpecialText::tokens) == Ids{5, 4, 6, 0, 2, 1});
  CHECK(w.encode("[sep]", SpecialText::tokens) == Ids{12, 13, 14});
  CHECK(w.encode("[[MASK]]", SpecialText::tokens) == Ids{12, 4, 14});
  CHECK(w.encode("[MASK", SpecialText::tokens) == Ids{12, 18});
}

TEST_CASE("inputs have their special tokens, types and a length") {
  const WordPiece& w = small();
  const Ids a{5, 5, 5, 5, 5}, b{6, 6, 6};
  const BertInput one = w.input(a, 512);
  CHECK(one.ids == Ids{2, 5, 5, 5, 5, 5, 3});
  CHECK(one.types == Ids(7, 0));
  CHECK(one.dropped == 0);
  CHECK(w.input(a, 4).ids == Ids{2, 5, 5, 3});
  CHECK(w.input(a, 4).dropped == 3);
  CHECK(w.input({}, 3).ids == Ids{2, 3});
  const BertInput two = w.input(a, b, 9);
  CHECK(two.ids == Ids{2, 5, 5, 5, 3, 6, 6, 6, 3});
  CHECK(two.types == Ids{0, 0, 0, 0, 0, 1, 1, 1, 1});
  CHECK(two.dropped == 2);
  CHECK(w.input(a, b, 8).ids == Ids{2, 5, 5, 5, 3, 6, 6, 3});
  CHECK(w.input(b, a, 8).ids == Ids{2, 6, 6, 3, 5, 5, 5, 3});
  CHECK(w.input(b, {}, 8).ids == Ids{2, 6, 6, 6, 3, 3});
  CHECK_THROWS_AS(w.input(a, 2), ArgumentError);
  CHECK_THROWS_AS(w.input(a, b, 4), ArgumentError);
  // tokenizers 0.23.3, strategy longest_first: sizes of both texts, room, sizes kept.
  using Pair = std::pair<int64_t, int64_t>;
  CHECK(longest_first(10, 4, 20) == Pair{10, 4});
  CHECK(longest_first(10, 4, 12) == Pair{8, 4});
  CHECK(longest_first(4, 10, 12) == Pair{4, 8});
  CHECK(longest_first(10, 8, 11) == Pair{6, 5});
  CHECK(longest_first(8, 10, 11) == Pair{5, 6});
  CHECK(longest_first(8, 8, 11) == Pair{5, 6});
  CHECK(longest_first(30, 40, 2) == Pair{1, 1});
  CHECK(longest_first(0, 40, 7) == Pair{0, 7});
}

TEST_CASE("ids become text again") {
  const WordPiece& w = small();
  CHECK(w.decode(w.encode("unaffable, a. b!")) == "unaffable, a. b!");
  CHECK(w.decode(Ids{2, 5, 1, 3, 6, 3, 0}) == "a b");
  CHECK(w.decode(Ids{2, 5, 1, 3}, false) == "[CLS] a [UNK] [SEP]");
  CHECK(w.decode(Ids{5, 900}, false) == "a [UNK]");
  CHECK(w.decode(Ids{8, 8}) == "##aa");
  CHECK(w.decode({}).empty());
  CHECK_THROWS_AS(w.decode(Ids{-1}), ArgumentError);
  CHECK_THROWS_AS(w.token(23), ArgumentError);
  CHECK(w.is_continuation(8));
  CHECK(!w.is_continuation(17));
  CHECK(!w.is_continuation(99));
  CHECK(w.is_special(4));
  CHECK(!w.is_special(5));
  CHECK(w.find("##ble") == 11);
  CHECK(!w.find("zzz"));
}

TEST_CASE("vocab.txt is read and written, and bad ones are refused with their line") {
  const TemporaryFolder folder;
  small().save(folder / "vocab.txt");
  const WordPiece loaded = WordPiece::load(folder / "vocab.txt");
  CHECK(loaded.size() == small().size());
  CHECK(loaded.hash() == small().hash());
  CHECK(read_lines(folder / "vocab.txt") == small_tokens);
  CHECK(WordPiece::from_tokens({"[MASK]", "x", "[SEP]", "[CLS]", "[UNK]", "[PAD]"}).pad() == 5);

  const std::string five = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  const auto refusal = [&](const std::string& text) {
    const auto path = folder.file("bad/vocab.txt", text);
    return message_of<FormatError>([&] { WordPiece::load(path); });
  };
  CHECK(contains(refusal("[PAD]\n[CLS]\n[SEP]\n[MASK]\nx\n"), "vocab.txt] has no [UNK] among its 5 tokens"));
  CHECK(contains(refusal(""), "has no [PAD]"));
  CHECK(contains(refusal(five + "x\ny\nx\n"), "vocab.txt:8] \"x\" was given on line 6 already"));
  CHECK(contains(refusal(five + "x\n\ny\n"), "vocab.txt:7] is empty"));
  CHECK(contains(refusal(five + "x\n\n"), "vocab.txt:7] is empty"));
  CHECK(contains(refusal(five + "x y\n"), "vocab.txt:6] \"x y\" has white space"));
  CHECK(contains(refusal(five + "x\ty\n"), "vocab.txt:6]"));
  CHECK(contains(refusal(five + "x\ry\n"), "vocab.txt:6]"));
  CHECK(contains(refusal(five + "caf\xe9\n"), "vocab.txt:6] byte 4 (0xE9) is not valid UTF-8"));
  CHECK(contains(refusal(five + std::string("a\0b\n", 4)), "vocab.txt:6] NUL"));
  CHECK(contains(refusal(five + std::string(5000, 'x')), "vocab.txt:6] the line is longer"));
  CHECK(refusal(five + "x") == "no exception");  // without a newline at the end
  // Windows line ends and a byte order mark do not become part of tokens.
  const auto odd = folder.file("odd.txt", "\xEF\xBB\xBF[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n[MASK]\r\nx\r\n");
  CHECK(WordPiece::load(odd).find("x") == 5);
  CHECK_THROWS_AS(WordPiece::load(folder / "missing.txt"), ResourceError);
  CHECK_THROWS_AS(WordPiece::from_tokens(small_tokens, {.max_word_characters = 0}), ArgumentError);
  CHECK(contains(message_of<FormatError>([&] { small().check_rows(22, "model.safetensors"); }),
                 "[model.safetensors] has 22 rows of word embeddings, the vocabulary 23"));
  small().check_rows(23, "x");
  small().check_rows(24, "x");
}

TEST_CASE("options are described and read back") {
  const WordPieceOptions options{.text = {.lower_case = false, .strip_accents = true},
                                 .max_word_characters = 7};
  CHECK(wordpiece_options(describe(options), "x") == options);
  CHECK(wordpiece_options(describe(WordPieceOptions{}), "x") == WordPieceOptions{});
  json unknown = describe(options);
  unknown["lowercase"] = true;
  CHECK_THROWS_AS(wordpiece_options(unknown, "x"), FormatError);
}
