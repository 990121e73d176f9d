#include "data/text/wordpiece_trainer.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <queue>
#include <set>

#include "data/text/lines.h"
#include "data/text/normalize.h"
#include "engine/core/error.h"
#include "engine/core/parallel.h"

namespace mosaic::data {
namespace {

constexpr size_t block_bytes = size_t{8} << 20;  // of text counted at once

// Byte-pair merging over words with counts. A pair's count and the words that may hold it are kept up to
// date, so a merge touches those words only.
class Merger {
 public:
  Merger(std::vector<std::string>& tokens, int64_t min_frequency)
      : tokens_(tokens), min_frequency_(std::max<int64_t>(min_frequency, 1)) {
    for (size_t i = 0; i < tokens.size(); ++i) ids_.emplace(tokens[i], static_cast<int32_t>(i));
  }

  // A word as the ids of its characters.
  void add_word(std::vector<int32_t> symbols, int64_t count) {
    const size_t index = words_.size();
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      const uint64_t pair = key(symbols[i], symbols[i + 1]);
      counts_[pair] += count;
      places_[pair].push_back(index);
    }
    words_.push_back({std::move(symbols), count});
  }

  // Merges until the vocabulary has `size` tokens or no pair is frequent enough.
  void run(size_t size) {
    for (const auto& [pair, count] : counts_) push(pair, count);
    while (tokens_.size() < size && !heap_.empty()) {
      const Candidate best = heap_.top();
      heap_.pop();
      const int64_t count = counts_[best.pair];
      if (count == best.count) {
        merge(best.pair);
      } else {
        push(best.pair, count);  // the count fell since the candidate was pushed
      }
    }
  }

 private:
  struct Word {
    std::vector<int32_t> symbols;
    int64_t count;
  };
  struct Candidate {
    int64_t count;
    uint64_t pair;
    // The most frequent pair comes first, of equals the one with the smaller ids.
    bool operator<(const Candidate& other) const {
      return count != other.count ? count < other.count : pair > other.pair;
    }
  };

  static uint64_t key(int32_t left, int32_t right) {
    return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
  }
  void push(uint64_t pair, int64_t count) {
    if (count >= min_frequency_) heap_.push({count, pair});
  }

  // The token that the two make; it may be known from another pair.
  int32_t joined(int32_t left, int32_t right) {
    std::string token = tokens_[static_cast<size_t>(left)] + tokens_[static_cast<size_t>(right)].substr(2);
    const auto [known, fresh] = ids_.emplace(token, static_cast<int32_t>(tokens_.size()));
    if (fresh) tokens_.push_back(std::move(token));
    return known->second;
  }

  void merge(uint64_t pair) {
    const auto left = static_cast<int32_t>(pair >> 32), right = static_cast<int32_t>(pair & 0xFFFFFFFFu);
    const int32_t whole = joined(left, right);
    const std::vector<size_t> places = std::move(places_[pair]);
    places_.erase(pair);
    std::set<uint64_t> changed;  // pairs that may have become more frequent
    for (const size_t index : places) {
      Word& word = words_[index];
      std::vector<int32_t> symbols;
      for (size_t i = 0; i < word.symbols.size(); ++i) {
        const bool here =
            i + 1 < word.symbols.size() && word.symbols[i] == left && word.symbols[i + 1] == right;
        symbols.push_back(here ? whole : word.symbols[i]);
        i += here;
      }
      if (symbols.size() == word.symbols.size()) continue;  // the pair has left this word before
      for (size_t i = 0; i + 1 < word.symbols.size(); ++i)
        counts_[key(word.symbols[i], word.symbols[i + 1])] -= word.count;
      for (size_t i = 0; i + 1 < symbols.size(); ++i) {
        const uint64_t next = key(symbols[i], symbols[i + 1]);
        counts_[next] += word.count;
        if (symbols[i] != whole && symbols[i + 1] != whole) continue;
        places_[next].push_back(index);
        changed.insert(next);
      }
      word.symbols = std::move(symbols);
    }
    for (const uint64_t next : changed) push(next, counts_[next]);
  }

  std::vector<std::string>& tokens_;
  int64_t min_frequency_;
  std::unordered_map<std::string, int32_t> ids_;
  std::vector<Word> words_;
  std::unordered_map<uint64_t, int64_t> counts_;
  std::unordered_map<uint64_t, std::vector<size_t>> places_;
  std::priority_queue<Candidate> heap_;
};

// The `most` most frequent characters, ties by code point; true for those that continue a word somewhere.
std::map<uint32_t, bool> find_alphabet(const std::vector<std::pair<std::string, int64_t>>& words,
                                       size_t most) {
  std::map<uint32_t, std::pair<int64_t, bool>> seen;
  for (const auto& [word, count] : words) {
    for (size_t at = 0; at < word.size();) {
      const bool inside = at > 0;
      auto& [total, continues] = seen[next_code_point(word, at)];
      total += count;
      continues |= inside;
    }
  }
  std::vector<std::pair<int64_t, uint32_t>> ranked;
  for (const auto& [c, entry] : seen) ranked.emplace_back(-entry.first, c);
  std::sort(ranked.begin(), ranked.end());
  if (ranked.size() > most) ranked.resize(most);
  std::map<uint32_t, bool> alphabet;
  for (const auto& [rank, c] : ranked) alphabet.emplace(c, seen[c].second);
  return alphabet;
}

std::string character(uint32_t c, bool continues) {
  std::string out = continues ? "##" : "";
  append_code_point(out, c);
  return out;
}

}  // namespace

void WordCounts::add(const std::vector<std::string>& lines) {
  std::mutex merging;
  parallel_for(static_cast<int64_t>(lines.size()), 256, [&](int64_t begin, int64_t end) {
    std::unordered_map<std::string, int64_t> mine;
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      const std::string text = bert_normalize(lines[i], options_.text);
      for (const std::string_view word : bert_split(text)) ++mine[std::string(word)];
    }
    const std::lock_guard lock(merging);
    for (const auto& [word, count] : mine) counts_[word] += count;
  });
}

void WordCounts::add_file(const std::filesystem::path& path) {
  LineReader reader(path);
  std::vector<std::string> block;
  size_t bytes = 0;
  for (std::string line; reader.next(line);) {
    bytes += line.size() + sizeof(line);
    block.push_back(std::move(line));
    if (bytes < block_bytes) continue;
    add(block);
    block.clear();
    bytes = 0;
  }
  add(block);
}

void WordCounts::add_word(const std::string& word, int64_t count) {
  check(count >= 1 && !word.empty(), "wordpiece", "a word needs characters and a count of at least 1, got \"",
        word, "\" ", count, " times");
  counts_[word] += count;
}

int64_t WordCounts::words() const {
  int64_t all = 0;
  for (const auto& [word, count] : counts_) all += count;
  return all;
}

std::vector<std::pair<std::string, int64_t>> WordCounts::sorted() const {
  std::vector<std::pair<std::string, int64_t>> out(counts_.begin(), counts_.end());
  std::sort(out.begin(), out.end());
  return out;
}

WordPiece train_wordpiece(const WordCounts& words, const WordPieceTrainerOptions& options) {
  check(options.min_frequency >= 1 && options.max_alphabet >= 1, "wordpiece",
        "min_frequency and max_alphabet must be at least 1, got ", options.min_frequency, " and ",
        options.max_alphabet);
  const auto counted = words.sorted();
  check(!counted.empty(), "wordpiece", "there is no word to learn from");
  const auto alphabet = find_alphabet(counted, static_cast<size_t>(options.max_alphabet));
  std::vector<std::string> tokens{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  std::unordered_map<std::string, int32_t> characters;
  for (const auto& [c, continues] : alphabet) {
    for (const bool inside : {false, true}) {
      if (inside && !continues) continue;
      tokens.push_back(character(c, inside));
      characters.emplace(tokens.back(), static_cast<int32_t>(tokens.size() - 1));
    }
  }
  check(options.vocabulary >= static_cast<int64_t>(tokens.size()) &&
            options.vocabulary <= static_cast<int64_t>(WordPiece::max_tokens),
        "wordpiece", "a vocabulary of ", options.vocabulary, " tokens was asked for; the special tokens and ",
        alphabet.size(), " characters need ", tokens.size(), ", and at most ", WordPiece::max_tokens,
        " are allowed");
  Merger merger(tokens, options.min_frequency);
  for (const auto& [word, count] : counted) {
    std::vector<int32_t> symbols;
    bool whole = true;
    for (size_t at = 0; at < word.size() && whole;) {
      const bool inside = at > 0;
      const auto found = characters.find(character(next_code_point(word, at), inside));
      whole = found != characters.end();
      if (whole) symbols.push_back(found->second);
    }
    if (whole && static_cast<int64_t>(symbols.size()) <= words.options().max_word_characters)
      merger.add_word(std::move(symbols), count);
  }
  merger.run(static_cast<size_t>(options.vocabulary));
  return WordPiece::from_tokens(std::move(tokens), words.options());
}

}  // namespace mosaic::data
