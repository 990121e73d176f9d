#include "data/metrics/tokenizers.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "data/metrics/western.h"
#include "data/text/normalize.h"
#include "engine/core/error.h"

namespace mosaic::data {
namespace {

using enum BleuTokenizer;
constexpr std::array<std::pair<BleuTokenizer, const char*>, 5> names{
    {{v13a, "13a"}, {intl, "intl"}, {zh, "zh"}, {character, "char"}, {none, "none"}}};

std::string tokenize_13a(std::string_view line) {
  std::string text = replaced(line, "<skipped>", "");
  text = replaced(text, "-\n", "");
  text = unescape_entities(replaced(text, "\n", " "));
  return separate_stops(separate_punctuation(cat(" ", text, " ")));
}

// One left-to-right substitution of pairs, not overlapping: a space between the two and, as asked, before and
// after them.
template <class Match>
std::vector<uint32_t> substitute_pairs(const std::vector<uint32_t>& text, Match match, bool before,
                                       bool after) {
  std::vector<uint32_t> out;
  out.reserve(text.size() * 5 / 4);
  for (size_t i = 0; i < text.size(); ++i) {
    if (i + 1 < text.size() && match(text[i], text[i + 1])) {
      if (before) out.push_back(' ');
      out.insert(out.end(), {text[i], ' ', text[i + 1]});
      if (after) out.push_back(' ');
      ++i;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string tokenize_intl(std::string_view line) {
  std::vector<uint32_t> text = code_points(line);
  text = substitute_pairs(
      text, [](uint32_t a, uint32_t b) { return !is_number(a) && is_punctuation(b); }, false, true);
  text = substitute_pairs(
      text, [](uint32_t a, uint32_t b) { return is_punctuation(a) && !is_number(b); }, true, false);
  std::string out;
  for (const uint32_t c : text) {
    const bool symbol = is_symbol(c);
    if (symbol) out += ' ';
    append_code_point(out, c);
    if (symbol) out += ' ';
  }
  return out;
}

// What counts as Chinese: ideographs with their radicals and strokes, Chinese punctuation, phonetic symbols,
// enclosed and compatibility forms, full and half width forms, and everything from U+2001 to U+2A6D (general
// punctuation, arrows, mathematics, boxes, pictures). The last range looks odd, but scores were published
// with it: the usual table names characters beyond U+FFFF by their first four digits, so "20000..2A6D6" acts
// as this range, and the ideographs meant by it are no Chinese characters.
constexpr std::array<std::pair<uint32_t, uint32_t>, 17> chinese_ranges{{{0x2001, 0x2A6D},
                                                                        {0x2E80, 0x2EFF},
                                                                        {0x2F00, 0x2FDF},
                                                                        {0x2FF0, 0x2FFF},
                                                                        {0x3000, 0x303F},
                                                                        {0x3100, 0x312F},
                                                                        {0x31A0, 0x31BF},
                                                                        {0x31C0, 0x31EF},
                                                                        {0x3200, 0x33FF},
                                                                        {0x3400, 0x4DB5},
                                                                        {0x4E00, 0x9FBB},
                                                                        {0xF900, 0xFA2D},
                                                                        {0xFA30, 0xFA6A},
                                                                        {0xFA70, 0xFAD9},
                                                                        {0xFE10, 0xFE1F},
                                                                        {0xFE30, 0xFE4F},
                                                                        {0xFF00, 0xFFEF}}};

bool is_chinese(uint32_t c) {
  return std::any_of(chinese_ranges.begin(), chinese_ranges.end(),
                     [c](const auto& range) { return c >= range.first && c <= range.second; });
}

std::string tokenize_chinese(std::string_view line) {
  line = trim(line);
  std::string out;
  out.reserve(line.size() * 3 / 2);
  for (size_t at = 0, here = 0; at < line.size(); here = at) {
    const bool alone = is_chinese(next_code_point(line, at));
    if (alone) out += ' ';
    out.append(line.substr(here, at - here));
    if (alone) out += ' ';
  }
  return separate_stops(separate_punctuation(out));
}

std::string tokenize_characters(std::string_view line) {
  std::string out;
  for (size_t at = 0, here = 0; at < line.size(); here = at) {
    next_code_point(line, at);
    out.append(line.substr(here, at - here)).append(1, ' ');
  }
  return out;
}

}  // namespace

std::string to_string(BleuTokenizer tokenizer) {
  for (const auto& [value, name] : names) {
    if (value == tokenizer) return name;
  }
  return "none";
}

BleuTokenizer bleu_tokenizer(const std::string& name) {
  for (const auto& [value, known] : names) {
    if (name == known) return value;
  }
  throw ArgumentError("bleu", cat("unknown tokenizer \"", name, "\", expected 13a, intl, zh, char or none"));
}

std::string tokenize(BleuTokenizer tokenizer, std::string_view text) {
  switch (tokenizer) {
    case v13a:
      return tokenize_13a(text);
    case intl:
      return tokenize_intl(text);
    case zh:
      return tokenize_chinese(text);
    case character:
      return tokenize_characters(text);
    case none:
      break;
  }
  return std::string(text);
}

std::string split_compounds(std::string_view text) {
  const std::vector<uint32_t> all = code_points(text);
  std::string out;
  for (size_t i = 0; i < all.size();) {
    append_code_point(out, all[i]);
    if (i + 2 < all.size() && !is_space(all[i]) && all[i + 1] == '-' && !is_space(all[i + 2])) {
      out += " ##AT##-##AT## ";
      append_code_point(out, all[i + 2]);
      i += 3;
    } else {
      ++i;
    }
  }
  return out;
}

}  // namespace mosaic::data
