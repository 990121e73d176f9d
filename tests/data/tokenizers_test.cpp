// Tokenisations against what sacreBLEU 2.6.0 (on Unicode 14) makes of the same texts.
#include "data/metrics/tokenizers.h"

#include <doctest/doctest.h>

#include <cmath>

#include "data/metrics/bleu.h"
#include "data/metrics/ter_tokenizer.h"
#include "data/text/normalize.h"
#include "engine/core/error.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::data;
using namespace mosaic::test;
using Texts = std::vector<std::string>;

namespace {

// Numbers of many scripts, entities, all kinds of white space, combining marks, emoji, soft hyphen,
// ideographs inside and beyond the first plane, stops and hyphens beside digits, line ends.
const Texts nasty{"a١.5 १,2 ².Ⅷ, x①.",
                  "&quot;&amp;quot;&lt;b&gt;&apos;&#38;",
                  "a\u0085b\u2028c\td\u3000e\u00A0f\034g",
                  "e\u0301’s naïve…co\u00ADop 😀\u200D🔥!",
                  "中文, €a—b →c \U00020000あＡ.5",
                  "3.14.,-1-2--3.a 7-. .5",
                  "<skipped>x-\ny\nz <SKIPPED>",
                  ".a, 中1.文,2.",
                  "Anna's 'S. it's\u00A0",
                  "カタ・か 㐀㼢䷀ ？１〇"};

std::string joined(std::string_view text) {
  std::string out;
  for (const std::string_view word : split_words(text)) out += cat(out.empty() ? "" : " ", word);
  return out;
}

void check_bleu(BleuTokenizer tokenizer, const Texts& expected) {
  for (size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    CHECK(joined(tokenize(tokenizer, trim_right(nasty[i]))) == expected[i]);
  }
}

void check_tercom(const TerOptions& options, const Texts& expected) {
  REQUIRE(expected.size() == nasty.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    CHECK(joined(tokenize_tercom(nasty[i], options)) == expected[i]);
  }
}

}  // namespace

TEST_CASE("13a, intl, zh and char take nasty text apart as published") {
  check_bleu(BleuTokenizer::v13a,
             {"a١ . 5 १ , 2 ² . Ⅷ , x① .", "\" & quot ; < b > & apos ; & # 38 ;", "a b c d e f g",
              "e\u0301’s naïve…co\u00ADop 😀\u200D🔥 !", "中文 , €a—b →c \U00020000あＡ . 5",
              "3.14 . , -1 - 2 - -3 . a 7 - . . 5", "xy z < SKIPPED >", ". a , 中1 . 文 , 2 ."});
  check_bleu(
      BleuTokenizer::intl,
      {"a١.5 १,2 ².Ⅷ , x①.", "& quot ; & amp ; quot ; & lt ; b & gt ; & apos ; & # 38;", "a b c d e f g",
       "e\u0301 ’ s naïve … co\u00ADop 😀 \u200D 🔥 !", "中文 , € a — b → c \U00020000あＡ . 5",
       "3.14 . , -1-2 - - 3 . a 7 - . . 5", "< skipped > x - y z < SKIPPED >", ". a , 中1 . 文 , 2."});
  check_bleu(BleuTokenizer::zh,
             {"a١ . 5 १ , 2 ² . Ⅷ , x ① .", "& quot ; & amp ; quot ; & lt ; b & gt ; & apos ; & # 38 ;",
              "a b c d e f g", "e\u0301 ’ s naïve … co\u00ADop 😀 \u200D 🔥 !",
              "中 文 , € a — b → c \U00020000あ Ａ . 5", "3.14 . , -1 - 2 - -3 . a 7 - . . 5",
              "< skipped > x- y z < SKIPPED >", ". a , 中 1 . 文 , 2."});
  check_bleu(
      BleuTokenizer::character,
      {"a ١ . 5 १ , 2 ² . Ⅷ , x ① .",
       "& q u o t ; & a m p ; q u o t ; & l t ; b & g t ; & a p o s ; & # 3 8 ;", "a b c d e f g",
       "e \u0301 ’ s n a ï v e … c o \u00AD o p 😀 \u200D 🔥 !", "中 文 , € a — b → c \U00020000 あ Ａ . 5"});
  for (const char* name : {"13a", "intl", "zh", "char", "none"})
    CHECK(to_string(bleu_tokenizer(name)) == name);
  CHECK(contains(message_of<ArgumentError>([] { bleu_tokenizer("ja-mecab"); }),
                 "expected 13a, intl, zh, char or none"));
}

TEST_CASE("Chinese characters are those of the published table") {
  // U+2001..U+2A6D count as Chinese, ideographs of the second plane do not.
  CHECK(joined(tokenize(BleuTokenizer::zh, "a\u2A6Db\u2A6Ec")) == "a \u2A6D b\u2A6Ec");
  CHECK(joined(tokenize(BleuTokenizer::zh, "\U00020000\U0002A6D6\U0002F800")) ==
        "\U00020000\U0002A6D6\U0002F800");
  CHECK(joined(tokenize(BleuTokenizer::zh, "\u9FBB\u9FBC\u4DB5\u4DB6\uFE1F\uFE20\uFA2E")) ==
        "\u9FBB \u9FBC \u4DB5 \u4DB6 \uFE1F \uFE20\uFA2E");
  // The ends of the line are trimmed and have no neighbours: a last stop after a digit stays.
  CHECK(joined(tokenize(BleuTokenizer::zh, " 5. ")) == "5.");

  const Texts ours{"我们在2019年3月去了北京，花了1,200.5元。", "他说：“今天天气很好！”",
                   "这只猫坐在垫子上。"};
  const Texts reference{"我们2019年3月去北京，花了1,200.5元钱。", "他说：“今天的天气真好。”",
                        "那只猫坐在一张垫子上。"};
  const Bleu zh({.tokenizer = BleuTokenizer::zh});
  CHECK(std::abs(zh.corpus(ours, {reference}).score - 54.41656230431967) < 1e-9);
}

TEST_CASE("Tercom's options take nasty text apart as published") {
  check_tercom({.normalized = true},
               {"a١ . 5 १ , 2 ² . ⅷ , x① .", "\" & quot ; < b > & apos ; & # 38 ;", "a b c d e f g",
                "e\u0301’s naïve…co\u00ADop 😀\u200D🔥 !", "中文 , €a—b →c \U00020000あａ . 5",
                "3.14 . , -1 - 2 - -3 . a 7 - . . 5", "< skipped > x- y z < skipped >",
                ". a , 中1 . 文 , 2 .", "anna 's 's . it 's", "カタ・か 㐀㼢䷀ ？１〇"});
  check_tercom({.normalized = true, .asian_support = true},
               {"a١ . 5 १ , 2 ² . ⅷ , x① .", "\" & quot ; < b > & apos ; & # 38 ;", "a b c d e f g",
                "e\u0301’s naïve…co\u00ADop 😀\u200D🔥 !", "中 文 , €a—b →c \U00020000あａ . 5",
                "3.14 . , -1 - 2 - -3 . a 7 - . . 5", "< skipped > x- y z < skipped >",
                ". a , 中 1 . 文 , 2 .", "anna 's 's . it 's", "カタ ・ か 㐀 㼢 ䷀ ？ １〇"});
  check_tercom(
      {.normalized = true, .no_punctuation = true, .asian_support = true},
      {"a١ 5 १ 2 ² ⅷ x①", "& quot < b > & apos & # 38", "a b c d e f g",
       "e\u0301’s naïve…co\u00ADop 😀\u200D🔥", "中 文 €a—b →c \U00020000あａ 5", "314 -1 - 2 - -3 a 7 - 5",
       "< skipped > x- y z < skipped >", "a 中 1 文 2", "anna 's 's it 's", "カタ か 㐀 㼢 ䷀ １〇"});
  check_tercom({.no_punctuation = true, .asian_support = true, .case_sensitive = false},
               {"a١5 १2 ²ⅷ x①", "&quot&ampquot&ltb&gt&apos&#38", "a b c d e f g",
                "e\u0301’s naïve…co\u00ADop 😀\u200D🔥", "中文 €a—b →c \U00020000あａ5", "314-1-2--3a 7- 5",
                "<skipped>x- y z <skipped>", "a 中1文2", "anna's 's it's", "カタか 㐀㼢䷀ １〇"});
  CHECK(tokenize_tercom(nasty[8], {.case_sensitive = true}) == "Anna's 'S. it's");
}

TEST_CASE("the final sigma sees letters without case mappings") {
  CHECK(to_lower("\u00AAΣ aΣ\u00BA") == "\u00AAς aσ\u00BA");
  CHECK(to_lower("aΣ\U0001F130b \U0001F189Σ") == "aσ\U0001F130b \U0001F189ς");
}
