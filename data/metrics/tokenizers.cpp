#include "data/metrics/tokenizers.h"

#include <array>
#include <utility>
#include <vector>

#include "data/text/normalize.h"
#include "engine/core/error.h"

namespace mosaic::data {
namespace {

constexpr std::array<std::pair<BleuTokenizer, const char*>, 4> names{{{BleuTokenizer::v13a, "13a"},
                                                                      {BleuTokenizer::intl, "intl"},
                                                                      {BleuTokenizer::character, "char"},
                                                                      {BleuTokenizer::none, "none"}}};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_stop(char c) {
  return c == '.' || c == ',';
}

// ASCII punctuation and the space, without apostrophe, comma, hyphen and full stop.
bool stands_alone(char c) {
  return (c >= '{' && c <= '~') || (c >= '[' && c <= '`') || (c >= ' ' && c <= '&') ||
         (c >= '(' && c <= '+') || (c >= ':' && c <= '@') || c == '/';
}

// One left-to-right substitution of pairs (first, second), not overlapping: before + first + between + second
// + after. Working on bytes gives what working on characters gives, because no test here is true of a byte of
// a longer sequence except "not a digit", which is true of all of them.
template <class Match>
std::string substitute_pairs(std::string_view text, Match match, std::string_view before,
                             std::string_view between, std::string_view after) {
  std::string out;
  out.reserve(text.size() * 5 / 4);
  for (size_t i = 0; i < text.size(); ++i) {
    if (i + 1 < text.size() && match(text[i], text[i + 1])) {
      out.append(before).append(1, text[i]).append(between).append(1, text[i + 1]).append(after);
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string tokenize_13a(std::string_view line) {
  std::string text(line);
  replace_all(text, "<skipped>", "");
  replace_all(text, "-\n", "");
  replace_all(text, "\n", " ");
  if (text.find('&') != text.npos) {
    replace_all(text, "&quot;", "\"");
    replace_all(text, "&amp;", "&");
    replace_all(text, "&lt;", "<");
    replace_all(text, "&gt;", ">");
  }
  std::string apart = " ";
  for (const char c : text) {
    if (stands_alone(c)) {
      apart.append({' ', c, ' '});
    } else {
      apart += c;
    }
  }
  apart += ' ';
  apart = substitute_pairs(
      apart, [](char a, char b) { return !is_digit(a) && is_stop(b); }, "", " ", " ");
  apart = substitute_pairs(
      apart, [](char a, char b) { return is_stop(a) && !is_digit(b); }, " ", " ", "");
  return substitute_pairs(
      apart, [](char a, char b) { return is_digit(a) && b == '-'; }, "", " ", " ");
}

// The same substitution on characters.
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
  throw ArgumentError("bleu", cat("unknown tokenizer \"", name, "\", expected 13a, intl, char or none"));
}

std::string tokenize(BleuTokenizer tokenizer, std::string_view text) {
  switch (tokenizer) {
    case BleuTokenizer::v13a:
      return tokenize_13a(text);
    case BleuTokenizer::intl:
      return tokenize_intl(text);
    case BleuTokenizer::character:
      return tokenize_characters(text);
    case BleuTokenizer::none:
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
