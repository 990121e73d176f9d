#include "data/text/normalize.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

#include "engine/core/error.h"

namespace mosaic::data {
namespace {

unsigned byte(std::string_view text, size_t i) {
  return static_cast<unsigned char>(text[i]);
}

utf8proc_category_t category(uint32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

// Bytes of the well-formed sequence at `at`, 0 when there is none (Unicode, table 3-7).
size_t sequence_length(std::string_view text, size_t at) {
  const unsigned first = byte(text, at);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                        : (first & 0xF0) == 0xE0         ? 3
                        : first >= 0xF0 && first <= 0xF4 ? 4
                                                         : 0;
  if (length == 0 || at + length > text.size()) return 0;
  const unsigned second = byte(text, at + 1);
  const unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (second < low || second > high) return 0;
  for (size_t i = at + 2; i < at + length; ++i) {
    if ((byte(text, i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

// Bytes of the white space at `at`, 0 when there is none. Only four lead bytes begin white space beyond
// ASCII, so most bytes need no decoding.
size_t space_at(std::string_view text, size_t at) {
  const unsigned first = byte(text, at);
  if (first < 0x80) return is_space(first) ? 1 : 0;
  if (first != 0xC2 && (first < 0xE1 || first > 0xE3)) return 0;
  size_t end = at;
  return is_space(next_code_point(text, end)) ? end - at : 0;
}

// Unicode's Cased property: has a case mapping, is of a cased category or one of the few others (ordinal
// indicators, letters in circles and squares).
bool is_cased(uint32_t c) {
  const auto kind = category(c);
  if (kind == UTF8PROC_CATEGORY_LU || kind == UTF8PROC_CATEGORY_LL || kind == UTF8PROC_CATEGORY_LT)
    return true;
  if (c == 0xAA || c == 0xBA || (c >= 0x1F130 && c <= 0x1F149) || (c >= 0x1F150 && c <= 0x1F169) ||
      (c >= 0x1F170 && c <= 0x1F189))
    return true;
  const auto code = static_cast<utf8proc_int32_t>(c);
  return utf8proc_tolower(code) != code || utf8proc_toupper(code) != code;
}

// Unicode's Case_Ignorable property: categories Mn, Me, Cf, Lm, Sk and the word-internal punctuation marks.
bool is_case_ignorable(uint32_t c) {
  constexpr std::array<uint32_t, 17> marks{0x27,   0x2E,   0x3A,   0xB7,   0x387,  0x55F,
                                           0x5F4,  0x2018, 0x2019, 0x2024, 0x2027, 0xFE13,
                                           0xFE52, 0xFE55, 0xFF07, 0xFF0E, 0xFF1A};
  if (std::find(marks.begin(), marks.end(), c) != marks.end()) return true;
  const auto kind = category(c);
  return kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_ME || kind == UTF8PROC_CATEGORY_CF ||
         kind == UTF8PROC_CATEGORY_LM || kind == UTF8PROC_CATEGORY_SK;
}

// Unicode's Final_Sigma condition: a cased letter before the sigma, none after it.
bool is_final_sigma(const std::vector<uint32_t>& text, size_t at) {
  size_t before = at;
  while (before > 0 && is_case_ignorable(text[before - 1])) --before;
  size_t after = at + 1;
  while (after < text.size() && is_case_ignorable(text[after])) ++after;
  return before > 0 && is_cased(text[before - 1]) && !(after < text.size() && is_cased(text[after]));
}

}  // namespace

size_t find_bad_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = sequence_length(text, at);
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

uint32_t next_code_point(std::string_view text, size_t& at) {
  const unsigned first = byte(text, at);
  const size_t length = first < 0x80 ? 1 : sequence_length(text, at);
  if (length <= 1) {
    ++at;
    return length == 1 ? first : 0xFFFD;
  }
  uint32_t c = first & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) c = c << 6 | (byte(text, at + i) & 0x3F);
  at += length;
  return c;
}

void append_code_point(std::string& out, uint32_t c) {
  utf8proc_uint8_t bytes[4];
  const auto n = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(n));
}

std::vector<uint32_t> code_points(std::string_view text) {
  std::vector<uint32_t> out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) out.push_back(next_code_point(text, at));
  return out;
}

bool is_space(uint32_t c) {
  if (c <= 0x20) return c == 0x20 || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
  if (c < 0x1680) return c == 0x85 || c == 0xA0;
  return c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

bool is_letter(uint32_t c) {
  const auto kind = category(c);
  return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}
bool is_number(uint32_t c) {
  const auto kind = category(c);
  return kind >= UTF8PROC_CATEGORY_ND && kind <= UTF8PROC_CATEGORY_NO;
}
bool is_punctuation(uint32_t c) {
  const auto kind = category(c);
  return kind >= UTF8PROC_CATEGORY_PC && kind <= UTF8PROC_CATEGORY_PO;
}
bool is_symbol(uint32_t c) {
  const auto kind = category(c);
  return kind >= UTF8PROC_CATEGORY_SM && kind <= UTF8PROC_CATEGORY_SO;
}
bool is_upper(uint32_t c) {
  const auto kind = category(c);
  return kind == UTF8PROC_CATEGORY_LU || kind == UTF8PROC_CATEGORY_LT;
}
bool is_other(uint32_t c) {
  return category(c) >= UTF8PROC_CATEGORY_CC;
}
bool is_nonspacing_mark(uint32_t c) {
  return category(c) == UTF8PROC_CATEGORY_MN;
}
uint32_t lower_code_point(uint32_t c) {
  return static_cast<uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  size_t start = 0, at = 0;
  while (at < text.size()) {
    const size_t here = at;
    const size_t length = space_at(text, at);
    at += std::max<size_t>(1, length);
    if (length == 0) continue;
    if (here > start) words.push_back(text.substr(start, here - start));
    start = at;
  }
  if (at > start) words.push_back(text.substr(start));
  return words;
}

int64_t count_words(std::string_view text) {
  int64_t words = 0;
  bool inside = false;
  for (size_t at = 0; at < text.size();) {
    const bool space = is_space(next_code_point(text, at));
    words += !space && !inside;
    inside = !space;
  }
  return words;
}

std::string_view trim_right(std::string_view text) {
  while (!text.empty()) {
    size_t last = text.size() - 1;
    while (last > 0 && text.size() - last < 4 && (byte(text, last) & 0xC0) == 0x80) --last;
    if (space_at(text, last) != text.size() - last) break;
    text.remove_suffix(text.size() - last);
  }
  return text;
}

std::string_view trim(std::string_view text) {
  text = trim_right(text);
  for (size_t at = 0, here = 0; at < text.size(); here = at) {
    if (!is_space(next_code_point(text, at))) return text.substr(here);
  }
  return {};
}

std::string to_lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  const bool ascii =
      std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (ascii) {
    for (const char c : text) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return out;
  }
  const std::vector<uint32_t> all = code_points(text);
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i] == 0x130) {  // capital I with a dot: i and a combining dot above
      out += "i\xCC\x87";
    } else if (all[i] == 0x3A3) {
      append_code_point(out, is_final_sigma(all, i) ? 0x3C2 : 0x3C3);
    } else {
      append_code_point(out, lower_code_point(all[i]));
    }
  }
  return out;
}

std::string to_nfd(std::string_view text) {
  constexpr auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto size = static_cast<utf8proc_ssize_t>(text.size());
  // One code point a byte is enough for most texts; else the call says how many there are.
  std::vector<utf8proc_int32_t> points(text.size() + 16);
  auto n =
      utf8proc_decompose(bytes, size, points.data(), static_cast<utf8proc_ssize_t>(points.size()), options);
  if (n > static_cast<utf8proc_ssize_t>(points.size())) {
    points.resize(static_cast<size_t>(n));
    n = utf8proc_decompose(bytes, size, points.data(), n, options);
  }
  check(n >= 0, "to_nfd", "the text is not well-formed UTF-8");
  std::string out;
  out.reserve(text.size());
  for (utf8proc_ssize_t i = 0; i < n; ++i)
    append_code_point(out, static_cast<uint32_t>(points[static_cast<size_t>(i)]));
  return out;
}

std::string normalize_spaces(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool pending = false;
  for (size_t at = 0; at < text.size();) {
    const size_t here = at;
    const uint32_t c = next_code_point(text, at);
    if (c == 0xAD || c == 0x200B) continue;
    if (is_space(c)) {
      pending = !out.empty();
      continue;
    }
    if (pending) out += ' ';
    pending = false;
    out.append(text.substr(here, at - here));
  }
  return out;
}

}  // namespace mosaic::data
