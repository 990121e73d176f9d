#include "data/text/wordpiece_trainer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/core/random.h"
#include "tests/support/temporary_folder.h"

using namespace mosaic;
using namespace mosaic::data;
using namespace mosaic::test;
using Texts = std::vector<std::string>;

namespace {

Texts tokens_of(const WordPiece& wordpiece) {
  Texts out;
  for (int32_t id = 0; id < wordpiece.size(); ++id) out.push_back(wordpiece.token(id));
  return out;
}

// Made-up text with a Zipf-like choice of words.
Texts made_up_lines(int n, uint64_t seed) {
  Generator random(seed);
  Texts words, lines;
  const char* syllables[] = {"ba", "re", "to", "ing", "est", "un", "mi", "é", "sch", "der"};
  for (int i = 0; i < 300; ++i) {
    std::string word;
    for (uint64_t k = 0; k <= random.below(4); ++k) word += syllables[random.below(10)];
    words.push_back(word);
  }
  for (int i = 0; i < n; ++i) {
    std::string line;
    for (int k = 0; k < 12; ++k)
      line += words[random.below(1 + random.below(words.size()))] + (k % 5 ? " " : ", ");
    lines.push_back(line);
  }
  return lines;
}

// The same rule without any bookkeeping: counts all pairs anew for every merge.
Texts learn_slowly(const std::map<std::string, int64_t>& counts, Texts tokens, size_t size, int64_t least) {
  std::vector<std::pair<Texts, int64_t>> words;
  for (const auto& [word, count] : counts) {
    Texts symbols;
    for (size_t i = 0; i < word.size(); ++i) symbols.push_back((i ? "##" : "") + word.substr(i, 1));
    words.emplace_back(symbols, count);
  }
  const auto rank = [&](const std::string& token) {
    return std::find(tokens.begin(), tokens.end(), token) - tokens.begin();
  };
  while (tokens.size() < size) {
    std::map<std::pair<int64_t, int64_t>, int64_t> pairs;
    for (const auto& [symbols, count] : words) {
      for (size_t i = 0; i + 1 < symbols.size(); ++i)
        pairs[{rank(symbols[i]), rank(symbols[i + 1])}] += count;
    }
    auto best = pairs.end();
    for (auto it = pairs.begin(); it != pairs.end(); ++it) {
      if (it->second >= least && (best == pairs.end() || it->second > best->second)) best = it;
    }
    if (best == pairs.end()) break;
    const std::string left = tokens[static_cast<size_t>(best->first.first)],
                      right = tokens[static_cast<size_t>(best->first.second)], whole = left + right.substr(2);
    if (rank(whole) == static_cast<int64_t>(tokens.size())) tokens.push_back(whole);
    for (auto& [symbols, count] : words) {
      for (size_t i = 0; i + 1 < symbols.size(); ++i) {
        if (symbols[i] != left || symbols[i + 1] != right) continue;
        symbols[i] = whole;
        symbols.erase(symbols.begin() + static_cast<int64_t>(i) + 1);
      }
    }
  }
  return tokens;
}

}  // namespace

TEST_CASE("a vocabulary is learnt by merging the most frequent pair") {
  WordCounts words;
  words.add({"hug hug hug pug pun, hugs"});
  CHECK(words.words() == 7);
  const WordPiece learnt = train_wordpiece(words, {.vocabulary = 100, .min_frequency = 2});
  // u-g 5 times, then h-ug 4 times; p-u twice only while it was not yet p-ug.
  CHECK(tokens_of(learnt) == Texts{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ",", "g", "##g", "h", "n",
                                   "##n", "p", "s", "##s", "u", "##u", "##ug", "hug"});
  CHECK(learnt.pieces("Hugs pug, punk") == Texts{"hug", "##s", "p", "##ug", ",", "[UNK]"});
  CHECK(train_wordpiece(words, {.vocabulary = 17}).size() == 17);
  CHECK(train_wordpiece(words, {.vocabulary = 100, .min_frequency = 6}).size() == 16);
  CHECK(train_wordpiece(words, {.vocabulary = 100, .min_frequency = 1}).find("hugs"));
}

TEST_CASE("the fast learner equals the plain one") {
  Generator random(3);
  for (int round = 0; round < 30; ++round) {
    std::map<std::string, int64_t> counts;
    WordCounts words;
    for (int i = 0; i < 60; ++i) {
      std::string word;
      for (uint64_t k = 0; k <= random.below(9); ++k) word += static_cast<char>('a' + random.below(3));
      const auto count = static_cast<int64_t>(1 + random.below(5));
      counts[word] += count;
      words.add_word(word, count);
    }
    const Texts start{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "##a", "b", "##b", "c", "##c"};
    const size_t size = 12 + random.below(90);
    CHECK(tokens_of(train_wordpiece(words, {.vocabulary = static_cast<int64_t>(size), .min_frequency = 2})) ==
          learn_slowly(counts, start, size, 2));
  }
}

TEST_CASE("what is learnt depends on the text only") {
  const int before = threads();
  Texts lines = made_up_lines(4000, 5);
  WordCounts first;
  first.add(lines);
  const WordPiece learnt = train_wordpiece(first, {.vocabulary = 200});
  CHECK(learnt.size() == 200);
  Generator(1).shuffle(lines);
  const TemporaryFolder folder;
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  const auto path = folder.file("text.txt", text);
  for (const int team : {1, 2, 3}) {
    set_threads(team);
    WordCounts again;
    again.add_file(path);
    CHECK(again.sorted() == first.sorted());
    CHECK(train_wordpiece(again, {.vocabulary = 200}).hash() == learnt.hash());
  }
  set_threads(before);
  // Every word of the text is made of known pieces, and often is one.
  int64_t pieces = 0;
  for (const auto& [word, count] : first.sorted()) {
    for (const int32_t id : learnt.encode(word)) CHECK(id != learnt.unk());
    pieces += static_cast<int64_t>(learnt.encode(word).size()) * count;
  }
  CHECK(static_cast<double>(pieces) < 1.5 * static_cast<double>(first.words()));
}

TEST_CASE("the alphabet is bounded and text rules are kept") {
  WordCounts words({.text = {.lower_case = false}});
  words.add({"Éa Éa Éa ab ab xq"});
  const WordPiece all = train_wordpiece(words, {.vocabulary = 40});
  CHECK(!all.options().text.lower_case);
  CHECK(all.find("É"));
  CHECK(all.find("Éa"));
  const WordPiece few = train_wordpiece(words, {.vocabulary = 40, .max_alphabet = 3});
  CHECK(!few.find("x"));
  CHECK(few.encode("xq ab") == std::vector<int32_t>{few.unk(), *few.find("ab")});
  // A word longer than max_word_characters teaches nothing.
  WordCounts longer({.max_word_characters = 3});
  longer.add({"aaaa aaaa bb bb"});
  CHECK(!train_wordpiece(longer, {.vocabulary = 40}).find("##aa"));
}

TEST_CASE("training that cannot be is refused") {
  WordCounts words;
  CHECK_THROWS_AS(train_wordpiece(words), ArgumentError);
  words.add({"", " "});
  CHECK_THROWS_AS(train_wordpiece(words), ArgumentError);
  words.add({"ab"});
  CHECK(contains(message_of<ArgumentError>([&] { train_wordpiece(words, {.vocabulary = 7}); }),
                 "a vocabulary of 7 tokens was asked for; the special tokens and 2 characters need 8"));
  CHECK_THROWS_AS(train_wordpiece(words, {.min_frequency = 0}), ArgumentError);
  CHECK_THROWS_AS(train_wordpiece(words, {.max_alphabet = 0}), ArgumentError);
  CHECK_THROWS_AS(words.add_word("x", 0), ArgumentError);
  CHECK_THROWS_AS(words.add_file("/"), ResourceError);
}
