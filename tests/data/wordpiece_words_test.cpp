#include "data/text/bert_words.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <iostream>

#include "data/text/lines.h"
#include "data/text/normalize.h"
#include "data/text/wordpiece.h"

using namespace mosaic::data;
using Ids = std::vector<int32_t>;
using Texts = std::vector<std::string>;

namespace {

Texts words(std::string_view text, const BertTextOptions& options = {}) {
  const std::string normalized = bert_normalize(text, options);
  Texts out;
  for (const std::string_view word : bert_split(normalized)) out.emplace_back(word);
  return out;
}

}  // namespace

TEST_CASE("canonical decomposition orders marks and takes Hangul apart") {
  CHECK(to_nfd("a\u0308\u0323 \u00e4\u0323") == "a\u0323\u0308 a\u0323\u0308");
  CHECK(to_nfd("\uac01 ﬁ \u2126") == "\u1100\u1161\u11a8 ﬁ \u03a9");
  std::string many, apart;
  for (int i = 0; i < 1000; ++i) {  // two bytes become three code points
    many += "\u01d7";
    apart += "U\u0308\u0301";
  }
  CHECK(to_nfd(many) == apart);
  CHECK(to_nfd("").empty());
  CHECK((is_other(0x200B) && is_other(0xE000) && is_other(7) && !is_other(0x378) && !is_other('a')));
  CHECK((is_nonspacing_mark(0x301) && !is_nonspacing_mark(0x903)));
}

// What the fast BERT tokenizer of Hugging Face's tokenizers 0.23.3 gives: text, its uncased and its cased
// words.
TEST_CASE("words are those of the reference tokenizer") {
  struct Case {
    const char* text;
    Texts uncased, cased;
  };
  const Case cases[] = {
      {"Hello, World!  It's 5:30p.m.",
       {"hello", ",", "world", "!", "it", "'", "s", "5", ":", "30p", ".", "m", "."},
       {"Hello", ",", "World", "!", "It", "'", "s", "5", ":", "30p", ".", "m", "."}},
      {"Crème Brûlée à la MÜNCHEN",
       {"creme", "brulee", "a", "la", "munchen"},
       {"Crème", "Brûlée", "à", "la", "MÜNCHEN"}},
      {"e\u0301te\u0301 \u1ea1\u0308 Z\u0351\u036b",
       {"ete", "a", "z"},
       {"e\u0301te\u0301", "\u1ea1\u0308", "Z\u0351\u036b"}},
      {"中文字和English混排",
       {"中", "文", "字", "和", "english", "混", "排"},
       {"中", "文", "字", "和", "English", "混", "排"}},
      {"日本語テキスト ｶﾅ", {"日", "本", "語", "テキスト", "ｶﾅ"}, {"日", "本", "語", "テキスト", "ｶﾅ"}},
      {"\ud55c\uad6d\uc5b4 \uac01",
       {"\u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165", "\u1100\u1161\u11a8"},
       {"\ud55c\uad6d\uc5b4", "\uac01"}},
      {"\u0130stanbul ISTANBUL \u0131i",
       {"istanbul", "istanbul", "\u0131i"},
       {"\u0130stanbul", "ISTANBUL", "\u0131i"}},
      {"ΛΌΓΟΣ σς", {"λογοσ", "σς"}, {"ΛΌΓΟΣ", "σς"}},
      {"ﬁne ＡＢＣ①", {"ﬁne", "ａｂｃ①"}, {"ﬁne", "ＡＢＣ①"}},
      {"a\u00adb\u200bc\u200d\ufeffd\u2060e", {"abcde"}, {"abcde"}},
      {"tab\there\u00a0nbsp\u3000wide\u2028line\u0085next",
       {"tab", "here", "nbsp", "wide", "linenext"},
       {"tab", "here", "nbsp", "wide", "linenext"}},
      {"nul\x01\x7f\x1c\ufffd end", {"nul", "end"}, {"nul", "end"}},
      {"\ue000private\U000f0000", {"private"}, {"private"}},
      {"x~y`z^w$v+u<t=s>r|q",
       {"x", "~", "y", "`", "z", "^", "w", "$", "v", "+", "u", "<", "t", "=", "s", ">", "r", "|", "q"},
       {"x", "~", "y", "`", "z", "^", "w", "$", "v", "+", "u", "<", "t", "=", "s", ">", "r", "|", "q"}},
      {"«quoted» “curly” – dash…",
       {"«", "quoted", "»", "“", "curly", "”", "–", "dash", "…"},
       {"«", "quoted", "»", "“", "curly", "”", "–", "dash", "…"}},
      {"\U0001f600\U0001f468\u200d\U0001f469 ok",
       {"\U0001f600\U0001f468\U0001f469", "ok"},
       {"\U0001f600\U0001f468\U0001f469", "ok"}},
      {"ÅngstrÖm \u212b \u2126 \u212a",
       {"angstrom", "a", "ω", "k"},
       {"ÅngstrÖm", "\u212b", "\u2126", "\u212a"}},
      {"हिन्दी", {"\u0939\u093f\u0928\u0926\u0940"}, {"\u0939\u093f\u0928\u094d\u0926\u0940"}},
      {"العَرَبِيَّة", {"العربية"}, {"العَرَبِيَّة"}},
      {"\u01c4 \u1e9e \u0149", {"\u01c6", "\u00df", "\u0149"}, {"\u01c4", "\u1e9e", "\u0149"}},
      {"\u1f88\u03aa\u0301", {"\u03b1\u03b9"}, {"\u1f88\u03aa\u0301"}},
      {"\U0002a700\U0002f800\uf900",
       {"\U0002a700", "\u4e3d", "\u8c48"},
       {"\U0002a700", "\U0002f800", "\uf900"}},
      {"[SEP] [MASK]", {"[", "sep", "]", "[", "mask", "]"}, {"[", "SEP", "]", "[", "MASK", "]"}},
      {"\u1ea1\u0308 \u0344", {"a"}, {"\u1ea1\u0308", "\u0344"}},
      {"don't e-mail user@host #tag",
       {"don", "'", "t", "e", "-", "mail", "user", "@", "host", "#", "tag"},
       {"don", "'", "t", "e", "-", "mail", "user", "@", "host", "#", "tag"}},
      {" \t ", {}, {}},
      {"", {}, {}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK(words(c.text) == c.uncased);
    CHECK(words(c.text, {.lower_case = false}) == c.cased);
  }
  CHECK(words("Crème ÉCOLE", {.lower_case = false, .strip_accents = true}) == Texts{"Creme", "ECOLE"});
  CHECK(words("Crème ÉCOLE \u0130", {.lower_case = true, .strip_accents = false}) ==
        Texts{"crème", "école", "i\u0307"});
  CHECK(words("中文字a", {.split_chinese = false}) == Texts{"中文字a"});
  CHECK(words("caf\xff\xc3") == Texts{"caf"});  // stray bytes vanish like U+FFFD
}

// Golden ids and counts from tokenizers 0.23.3 with bert-base-uncased's vocabulary; the number after a file's
// count of ids is FNV-1a (64 bits) over all ids as four little-endian bytes.
TEST_CASE("real text has the reference tokenizer's ids") {
  const char* root = std::getenv("MOSAIC_DATA");
  const std::filesystem::path base = root ? root : "";
  const auto vocabulary = base / "vocab/bert-base-uncased-vocab.txt";
  if (!root || !std::filesystem::exists(vocabulary)) {
    std::cout << "skipped: MOSAIC_DATA has no vocab/bert-base-uncased-vocab.txt\n";
    return;
  }
  const WordPiece w = WordPiece::load(vocabulary);
  CHECK(w.size() == 30522);
  CHECK((w.pad() == 0 && w.unk() == 100 && w.cls() == 101 && w.sep() == 102 && w.mask() == 103));
  CHECK(w.encode("unaffable") == Ids{14477, 20961, 3468});
  CHECK(w.encode("Crème brûlée, naïve café") == Ids{13675, 21382, 7987, 9307, 2063, 1010, 15743, 7668});
  CHECK(w.encode("supercalifragilisticexpialidocious [MASK] .") ==
        Ids{3565, 9289, 10128, 29181, 24411, 4588, 10288, 19312, 21273, 10085, 6313, 1031, 7308, 1033, 1012});
  CHECK(w.encode("中文 😀 \ud55c\uad6d\uc5b4") ==
        Ids{1746, 1861, 100, 1469, 30006, 30021, 29991, 30014, 30020, 29999, 30008});
  struct Golden {
    const char* file;
    int64_t ids, unknown;
    uint64_t hash;
  };
  for (const Golden& golden : {Golden{"mlm/wikitext2.valid.raw.gz", 238656, 107, 0x344e4f6464ea9325},
                               Golden{"mlm/us-speeches.sent.txt.gz", 573652, 0, 0x3a7744add6ffbf4c},
                               Golden{"glue/QQP/dev_subset.tsv.gz", 150583, 1, 0x48a767ac62b620c0},
                               Golden{"multi30k/val.de.gz", 24611, 0, 0x8bc2696553b93678},
                               Golden{"multi30k/val.fr.gz", 22338, 0, 0x8ec84ebed97dccdf}}) {
    if (!std::filesystem::exists(base / golden.file)) {
      std::cout << "skipped: MOSAIC_DATA has no " << golden.file << "\n";
      continue;
    }
    CAPTURE(golden.file);
    int64_t count = 0, unknown = 0;
    uint64_t hash = 0xcbf29ce484222325;
    LineReader reader(base / golden.file);
    for (std::string line; reader.next(line);) {
      for (const int32_t id : w.encode(line)) {
        ++count;
        unknown += id == w.unk();
        for (int byte = 0; byte < 4; ++byte)
          hash = (hash ^ (static_cast<uint32_t>(id) >> (8 * byte) & 255)) * 0x100000001b3;
      }
    }
    CHECK(count == golden.ids);
    CHECK(unknown == golden.unknown);
    CHECK(hash == golden.hash);
  }
}
