#include "data/metrics/western.h"

#include <algorithm>

namespace mosaic::data {
namespace {

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

// One left-to-right substitution of pairs (first, second), not overlapping: before + first + " " + second +
// after. What lies between matches is copied as a whole.
template <class Match>
std::string substitute_pairs(std::string_view text, Match match, std::string_view before,
                             std::string_view after) {
  std::string out;
  out.reserve(text.size() * 5 / 4);
  size_t done = 0;
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    if (!match(text[i], text[i + 1])) continue;
    out.append(text.substr(done, i - done)).append(before).append(1, text[i]).append(1, ' ');
    out.append(1, text[i + 1]).append(after);
    done = ++i + 1;
  }
  return out.append(text.substr(done));
}

}  // namespace

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  out.reserve(text.size());
  size_t done = 0;
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, done)) {
    out.append(text.substr(done, at - done)).append(to);
    done = at + from.size();
  }
  return out.append(text.substr(done));
}

std::string unescape_entities(std::string text) {
  if (text.find('&') == text.npos) return text;
  text = replaced(text, "&quot;", "\"");
  text = replaced(text, "&amp;", "&");
  text = replaced(text, "&lt;", "<");
  return replaced(text, "&gt;", ">");
}

std::string separate_punctuation(std::string_view text) {
  std::string out;
  out.reserve(text.size() * 3 / 2);
  size_t done = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!stands_alone(text[i])) continue;
    out.append(text.substr(done, i - done)).append({' ', text[i], ' '});
    done = i + 1;
  }
  return out.append(text.substr(done));
}

std::string separate_stops(std::string_view text) {
  if (std::none_of(text.begin(), text.end(), [](char c) { return is_stop(c) || c == '-'; }))
    return std::string(text);
  std::string out = substitute_pairs(
      text, [](char a, char b) { return !is_digit(a) && is_stop(b); }, "", " ");
  out = substitute_pairs(
      out, [](char a, char b) { return is_stop(a) && !is_digit(b); }, " ", "");
  return substitute_pairs(
      out, [](char a, char b) { return is_digit(a) && b == '-'; }, "", " ");
}

}  // namespace mosaic::data
