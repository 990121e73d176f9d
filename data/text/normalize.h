// UTF-8 and Unicode helpers: checked decoding, white space, letters, lower case. Built on utf8proc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mosaic::data {

// Offset of the first byte that is not well-formed UTF-8 (overlong forms, surrogates and values above
// U+10FFFF are not), or npos.
size_t find_bad_utf8(std::string_view text);

// The code point that starts at byte `at`, which moves past it. The text must be well-formed; a stray byte is
// returned as U+FFFD so that no input can lead outside the text.
uint32_t next_code_point(std::string_view text, size_t& at);
void append_code_point(std::string& out, uint32_t code_point);
std::vector<uint32_t> code_points(std::string_view text);

// White space as Python's str.split() sees it (Unicode spaces and separators, U+001C..U+001F, U+0085).
bool is_space(uint32_t code_point);
bool is_letter(uint32_t code_point);           // general category L*
bool is_number(uint32_t code_point);           // N*
bool is_punctuation(uint32_t code_point);      // P*
bool is_symbol(uint32_t code_point);           // S*
bool is_upper(uint32_t code_point);            // Lu or Lt
bool is_other(uint32_t code_point);            // Cc, Cf, Co, Cs: controls, format characters, private use
bool is_nonspacing_mark(uint32_t code_point);  // Mn: accents above, below and through letters

// The words between white space; views into the text.
std::vector<std::string_view> split_words(std::string_view text);
int64_t count_words(std::string_view text);
// Without the white space at the end, at both ends.
std::string_view trim_right(std::string_view text);
std::string_view trim(std::string_view text);

// Lower case of the whole text by Unicode's rules for single characters plus the two that need more: U+0130
// and the final sigma. Equal to Python's str.lower().
std::string to_lower(std::string_view text);

// Unicode's simple lower case of one character (U+0130 becomes "i", its dot is lost).
uint32_t lower_code_point(uint32_t code_point);

// Canonical decomposition (NFD): letters and their accents apart, in canonical order; Hangul as Jamo.
std::string to_nfd(std::string_view text);

// One space between words, none at the ends; soft hyphens and zero-width spaces are removed.
std::string normalize_spaces(std::string_view text);

}  // namespace mosaic::data
