#include "data/metrics/ter_tokenizer.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "data/metrics/western.h"
#include "data/text/normalize.h"
#include "engine/core/error.h"

namespace mosaic::data {
namespace {

using Range = std::pair<uint32_t, uint32_t>;

constexpr std::array<Range, 5> asian_marks{{{0x3001, 0x3002},         // ideographic comma, full stop
                                            {0x3008, 0x3011},         // brackets
                                            {0x3014, 0x301F},         // brackets, wave dash, quotation marks
                                            {0x30FB, 0x30FB},         // Katakana middle dot
                                            {0xFF61, 0xFF65}}};       // half width marks
constexpr std::array<Range, 6> full_width_marks{{{0xFF01, 0xFF02},    // ! "
                                                 {0xFF08, 0xFF09},    // ( )
                                                 {0xFF0C, 0xFF0C},    // ,
                                                 {0xFF0E, 0xFF0E},    // .
                                                 {0xFF1A, 0xFF1B},    // : ;
                                                 {0xFF1F, 0xFF1F}}};  // ?
constexpr std::array<Range, 8> ideographs{{{0x2E80, 0x2EFF},          // radicals
                                           {0x31C0, 0x31EF},          // strokes
                                           {0x3200, 0x3F22},    // enclosed letters, compatibility, and a part
                                                                // of extension A: Tercom's own limits
                                           {0x3300, 0x33FF},    // compatibility
                                           {0x3400, 0x4DBF},    // extension A
                                           {0x4E00, 0x9FFF},    // unified ideographs
                                           {0xF900, 0xFAFF},    // compatibility ideographs
                                           {0xFE30, 0xFE4F}}};  // compatibility forms

bool in(std::span<const Range> ranges, uint32_t c) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [c](const Range& range) { return c >= range.first && c <= range.second; });
}

bool is_asian_mark(uint32_t c) {
  return in(asian_marks, c) || in(full_width_marks, c);
}

std::string separate_asian(std::string_view text) {
  std::string out;
  out.reserve(text.size() * 3 / 2);
  for (size_t at = 0, here = 0; at < text.size(); here = at) {
    const uint32_t c = next_code_point(text, at);
    const bool alone = in(ideographs, c) || is_asian_mark(c);
    if (alone) out += ' ';
    out.append(text.substr(here, at - here));
    if (alone) out += ' ';
  }
  return out;
}

std::string without_marks(std::string_view text, bool asian) {
  constexpr std::string_view marks = ".,?:;!\"()";
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0, here = 0; at < text.size(); here = at) {
    const uint32_t c = next_code_point(text, at);
    const bool mark = c < 0x80 ? marks.find(static_cast<char>(c)) != marks.npos : asian && is_asian_mark(c);
    if (!mark) out.append(text.substr(here, at - here));
  }
  return out;
}

// A possessive 's goes apart only where a space follows it before stops are separated: not in "'s.".
std::string normalize_western(std::string_view text) {
  std::string out = replaced(text, "\n-", "");
  out = unescape_entities(replaced(out, "\n", " "));
  out = separate_punctuation(cat(" ", out, " "));
  return separate_stops(replaced(out, "'s ", " 's "));
}

}  // namespace

std::string tokenize_tercom(std::string_view text, const TerOptions& options) {
  text = trim_right(text);
  std::string out = options.case_sensitive ? std::string(text) : to_lower(text);
  if (options.normalized) {
    out = normalize_western(out);
    if (options.asian_support) out = separate_asian(out);
  }
  if (options.no_punctuation) out = without_marks(out, options.asian_support);
  return out;
}

}  // namespace mosaic::data
