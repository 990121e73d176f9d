#include "data/cleaning.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "data/text/normalize.h"
#include "engine/core/error.h"
#include "engine/core/file.h"

namespace mosaic::data {
namespace {

bool one_of(uint32_t c, std::u32string_view marks) {
  return marks.find(static_cast<char32_t>(c)) != marks.npos;
}

// May the text before the space at `at` end a sentence?
bool ends_sentence(const std::vector<uint32_t>& text, size_t at) {
  if (at == 0) return false;
  const uint32_t last = text[at - 1];
  if (last == '!' || last == '?' || last == 0x2026) return true;
  if (last != '.' || at < 2) return false;
  if (one_of(text[at - 2], U")\"“”»%")) return true;
  return at >= 3 && is_letter(text[at - 2]) && is_letter(text[at - 3]);
}

bool begins_sentence(const std::vector<uint32_t>& text, size_t at, std::u32string_view opening = U"\"„“»(") {
  if (at < text.size() && one_of(text[at], opening)) ++at;
  return at < text.size() && is_upper(text[at]);
}

// Is the word before the full stop at `stop` one that is usually written short?
bool is_abbreviation(const std::vector<uint32_t>& text, size_t stop) {
  constexpr std::array<std::string_view, 16> usual{"Mr", "Mrs", "Ms",  "Dr", "Prof", "St",  "Op", "op",
                                                   "pp", "Vol", "vol", "Ed", "ed",   "eds", "vs", "cf"};
  size_t begin = stop;
  while (begin > 0 && stop - begin < 5 && is_letter(text[begin - 1])) --begin;
  const std::u32string word(text.begin() + static_cast<std::ptrdiff_t>(begin),
                            text.begin() + static_cast<std::ptrdiff_t>(stop));
  return std::any_of(usual.begin(), usual.end(), [&](std::string_view known) {
    return std::equal(word.begin(), word.end(), known.begin(), known.end());
  });
}

bool ends_english_sentence(const std::vector<uint32_t>& text, size_t at) {
  constexpr size_t longest_source = 300;  // bounds the way back to its "["
  size_t end = at;
  if (end > 0 && text[end - 1] == ']') {
    while (end > 0 && at - end < longest_source && text[end - 1] != '[') --end;
    if (end < 2 || text[end - 1] != '[' || text[end - 2] != ' ') return false;
    end -= 2;
  }
  while (end > 0 && one_of(text[end - 1], U"\"”'’)")) --end;
  return ends_sentence(text, end) && (text[end - 1] != '.' || !is_abbreviation(text, end - 1));
}

// Parts a paragraph at the spaces where cut(text, place) says so.
template <class Cut>
std::vector<std::string> split_at_spaces(std::string_view paragraph, const Cut& cut) {
  const std::vector<uint32_t> text = code_points(paragraph);
  std::vector<std::string> sentences(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ' && cut(text, i)) {
      sentences.emplace_back();
    } else {
      append_code_point(sentences.back(), text[i]);
    }
  }
  return sentences;
}

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Is there text[from] ... closing with at least `least` characters between, none of them in `stop`?
bool encloses(std::string_view text, size_t from, char closing, size_t least) {
  const size_t end = text.find(closing, from + 1);
  return end != text.npos && end - from - 1 >= least;
}

bool has_placeholder(std::string_view text) {
  if (text.find("http://") != text.npos || text.find("https://") != text.npos ||
      text.find("www.") != text.npos)
    return true;
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    switch (text[i]) {
      case '\\':
        return true;
      case '%':
        if (next == 's' || next == 'd' || next == '(') return true;
        break;
      case '$':
        if (is_word_byte(next)) return true;
        break;
      case '{':
        if (encloses(text, i, '}', 0)) return true;
        break;
      case '<':
        if (encloses(text, i, '>', 0)) return true;
        break;
      case '&': {
        size_t end = i + 1;
        while (end < text.size() && is_word_byte(text[end])) ++end;
        if (end > i + 1 && end < text.size() && text[end] == ';') return true;
        break;
      }
      default:
        break;
    }
  }
  return false;
}

// Characters and letters of a sentence.
struct Shape {
  int64_t words = 0, characters = 0, visible = 0, letters = 0;
};
Shape measure(std::string_view text) {
  Shape shape{.words = count_words(text)};
  for (size_t at = 0; at < text.size();) {
    const uint32_t c = next_code_point(text, at);
    ++shape.characters;
    shape.visible += !is_space(c);
    shape.letters += is_letter(c);
  }
  return shape;
}

// What makes two sentences the same for the split: lower-case letters, digits and symbols.
std::string split_key(std::string_view text) {
  const std::string lower = to_lower(text);
  std::string key;
  for (size_t at = 0, here = 0; at < lower.size(); here = at) {
    const uint32_t c = next_code_point(lower, at);
    if (!is_space(c) && !is_punctuation(c)) key.append(lower, here, at - here);
  }
  return key;
}

}  // namespace

double letter_share(std::string_view text) {
  const Shape shape = measure(text);
  return shape.visible == 0 ? 0 : static_cast<double>(shape.letters) / static_cast<double>(shape.visible);
}

std::vector<std::string> split_sentences(std::string_view paragraph) {
  return split_at_spaces(paragraph, [](const std::vector<uint32_t>& text, size_t i) {
    return ends_sentence(text, i) && begins_sentence(text, i + 1);
  });
}

std::vector<std::string> split_english_sentences(std::string_view paragraph) {
  return split_at_spaces(paragraph, [](const std::vector<uint32_t>& text, size_t i) {
    return begins_sentence(text, i + 1, U"\"“‘'(") && ends_english_sentence(text, i);
  });
}

json describe(const CleaningReport& r) {
  return {{"paragraphs", r.paragraphs},
          {"repeated_paragraphs", r.repeated_paragraphs},
          {"untranslated", r.untranslated},
          {"sentences", r.sentences},
          {"dropped_length", r.length},
          {"dropped_letters", r.letters},
          {"dropped_placeholders", r.placeholders},
          {"dropped_ratio", r.ratio},
          {"dropped_identical", r.identical},
          {"dropped_repeated", r.repeated},
          {"kept", r.kept}};
}

void PairCleaner::add(const std::string& source, const std::string& target) {
  if (source.empty() || target.empty()) return;
  ++report_.paragraphs;
  if (!paragraphs_.insert(source + "\n" + target).second) {
    ++report_.repeated_paragraphs;
    return;
  }
  if (source == target) {
    ++report_.untranslated;
    return;
  }
  std::vector<std::string> sources = split_sentences(source), targets = split_sentences(target);
  if (sources.size() != targets.size()) sources = {source}, targets = {target};
  for (size_t i = 0; i < sources.size(); ++i) add_sentence(std::move(sources[i]), std::move(targets[i]));
}

void PairCleaner::add_sentence(std::string source, std::string target) {
  ++report_.sentences;
  const Shape a = measure(source), b = measure(target);
  const auto either = [&](auto rule) { return rule(a) || rule(b); };
  int64_t* reason = nullptr;
  if (either([](const Shape& s) { return s.words < 3 || s.characters > 1000; })) {
    reason = &report_.length;
  } else if (either([](const Shape& s) { return 10 * s.letters < 6 * s.visible; })) {
    reason = &report_.letters;
  } else if (has_placeholder(source) || has_placeholder(target)) {
    reason = &report_.placeholders;
  } else if (std::max(a.words, b.words) >= 3 * std::min(a.words, b.words)) {
    reason = &report_.ratio;
  } else if (source == target) {
    reason = &report_.identical;
  } else if (!seen_.insert(source + "\n" + target).second) {
    reason = &report_.repeated;
  }
  if (reason) {
    ++*reason;
    return;
  }
  ++report_.kept;
  pairs_.push_back({std::move(source), std::move(target)});
}

Split split_by_source(const std::vector<SentencePair>& pairs, int64_t valid, int64_t test) {
  check(valid >= 0 && test >= 0, "split", "valid and test must be at least 0, got ", valid, " and ", test);
  enum Set { in_train, in_valid, in_test, taken };
  std::unordered_map<std::string, Set> sets;
  std::vector<std::string> keys;  // of each pair
  for (const SentencePair& pair : pairs) {
    keys.push_back(split_key(pair.source));
    sets.emplace(keys.back(), in_train);
  }
  const auto distinct = static_cast<int64_t>(sets.size());
  check(distinct >= 2 * (valid + test), "split", distinct, " distinct source sentences are too few for ",
        valid, " of validation and ", test, " of test");
  std::vector<std::pair<std::string, std::string>> ranked;  // (hash, key)
  for (const auto& entry : sets) ranked.emplace_back(hash_bytes(entry.first), entry.first);
  std::sort(ranked.begin(), ranked.end());
  for (int64_t i = 0; i < valid + test; ++i)
    sets[ranked[static_cast<size_t>(i)].second] = i < test ? in_test : in_valid;
  Split split;
  split.distinct_sources = distinct;
  for (size_t i = 0; i < pairs.size(); ++i) {
    Set& set = sets[keys[i]];
    if (set == taken) continue;
    (set == in_train ? split.train : set == in_valid ? split.valid : split.test).push_back(pairs[i]);
    if (set != in_train) set = taken;
  }
  return split;
}

}  // namespace mosaic::data
