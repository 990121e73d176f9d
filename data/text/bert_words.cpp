#include "data/text/bert_words.h"

#include <algorithm>

#include "data/text/normalize.h"

namespace mosaic::data {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_ascii_punctuation(uint32_t c) {
  return (c > 0x20 && c < 0x30) || (c > 0x39 && c < 0x41) || (c > 0x5A && c < 0x61) || (c > 0x7A && c < 0x7F);
}

bool is_line_space(uint32_t c) {  // controls that count as white space
  return c == '\t' || c == '\n' || c == '\r';
}

// The same as clean() and lower-casing, for text without any other characters.
std::string normalize_ascii(std::string_view text, bool lower_case) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (is_line_space(code)) {
      out += ' ';
    } else if (code >= 0x20 && code != 0x7F) {
      out += lower_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
  }
  return out;
}

std::string clean(std::string_view text, bool split_chinese) {
  std::string out;
  out.reserve(text.size() + 16);
  for (size_t at = 0; at < text.size();) {
    const size_t here = at;
    const uint32_t c = next_code_point(text, at);
    if (c == 0xFFFD || (is_other(c) && !is_line_space(c))) continue;
    const bool chinese = split_chinese && is_chinese(c);
    if (is_space(c)) {
      out += ' ';
    } else {
      if (chinese) out += ' ';
      out.append(text.substr(here, at - here));
      if (chinese) out += ' ';
    }
  }
  return out;
}

std::string without_marks(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t here = at;
    if (!is_nonspacing_mark(next_code_point(text, at))) out.append(text.substr(here, at - here));
  }
  return out;
}

std::string lower_each(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const uint32_t c = next_code_point(text, at);
    append_code_point(out, lower_code_point(c));
    if (c == 0x130) append_code_point(out, 0x307);  // the dot of a capital I with a dot
  }
  return out;
}

}  // namespace

bool is_chinese(uint32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

std::string bert_normalize(std::string_view text, const BertTextOptions& options) {
  if (is_ascii(text)) return normalize_ascii(text, options.lower_case);
  std::string out = clean(text, options.split_chinese);
  if (options.strips_accents()) out = without_marks(to_nfd(out));
  return options.lower_case ? lower_each(out) : out;
}

std::vector<std::string_view> bert_split(std::string_view text) {
  std::vector<std::string_view> words;
  size_t start = 0;  // of the open word
  for (size_t at = 0; at < text.size();) {
    const size_t here = at;
    const uint32_t c = next_code_point(text, at);
    const bool space = is_space(c), mark = !space && (c < 0x80 ? is_ascii_punctuation(c) : is_punctuation(c));
    if (!space && !mark) continue;
    if (here > start) words.push_back(text.substr(start, here - start));
    if (mark) words.push_back(text.substr(here, at - here));
    start = at;
  }
  if (text.size() > start) words.push_back(text.substr(start));
  return words;
}

}  // namespace mosaic::data
