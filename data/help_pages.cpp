// Reads LibreOffice's help pages: enough HTML for their generated, regular form.
#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_set>

#include "data/debian_corpus.h"
#include "data/text/lines.h"
#include "data/text/normalize.h"
#include "engine/core/error.h"

namespace mosaic::data {
namespace {

// One tag: its name (lower case as in the pages), whether it closes, and its attributes' text.
struct Tag {
  std::string_view name, attributes;
  bool closing = false;
  size_t end = 0;  // just past '>'
};

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Parses the tag that starts at text[at] == '<'; false when it is no tag but a stray '<'.
bool parse_tag(std::string_view text, size_t at, Tag& tag) {
  size_t i = at + 1;
  if (text.substr(i).starts_with("!--")) {
    const size_t end = text.find("-->", i);
    tag = {
        .name = "!--", .attributes = {}, .closing = false, .end = end == text.npos ? text.size() : end + 3};
    return true;
  }
  const bool closing = i < text.size() && text[i] == '/';
  i += closing;
  const size_t name = i;
  if (i < text.size() && text[i] == '!') ++i;
  while (i < text.size() && is_name(text[i])) ++i;
  if (i == name) return false;
  const size_t attributes = i;
  for (char quote = 0; i < text.size() && (quote || text[i] != '>'); ++i) {
    if (quote) {
      if (text[i] == quote) quote = 0;
    } else if (text[i] == '"' || text[i] == '\'') {
      quote = text[i];
    }
  }
  if (i >= text.size()) return false;
  tag = {.name = text.substr(name, attributes - name),
         .attributes = text.substr(attributes, i - attributes),
         .closing = closing,
         .end = i + 1};
  return true;
}

// The value of an attribute written as  name="value" , empty when absent.
std::string_view attribute(std::string_view attributes, std::string_view name) {
  const std::string start = cat(" ", name, "=\"");
  const size_t at = attributes.find(start);
  if (at == attributes.npos) return {};
  const size_t begin = at + start.size(), end = attributes.find('"', begin);
  return attributes.substr(begin, end == attributes.npos ? attributes.npos : end - begin);
}

bool is_block(std::string_view name) {
  return name == "p" || (name.size() == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6');
}

// Appends the character behind "&...;" at text[at]; returns the bytes used, 0 when it is no known entity.
size_t decode_entity(std::string_view text, size_t at, std::string& out) {
  constexpr std::array<std::pair<std::string_view, uint32_t>, 8> names{{{"amp", '&'},
                                                                        {"lt", '<'},
                                                                        {"gt", '>'},
                                                                        {"quot", '"'},
                                                                        {"apos", '\''},
                                                                        {"nbsp", 0xA0},
                                                                        {"shy", 0xAD},
                                                                        {"hellip", 0x2026}}};
  const size_t end = text.find(';', at);
  if (end == text.npos || end - at > 10) return 0;
  const std::string_view name = text.substr(at + 1, end - at - 1);
  for (const auto& [known, c] : names) {
    if (name == known) {
      append_code_point(out, c);
      return end + 1 - at;
    }
  }
  if (name.size() < 2 || name[0] != '#') return 0;
  const bool hexadecimal = name[1] == 'x' || name[1] == 'X';
  const std::string_view digits = name.substr(hexadecimal ? 2 : 1);
  uint32_t c = 0;
  const auto [stop, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), c, hexadecimal ? 16 : 10);
  const bool valid = error == std::errc() && stop == digits.data() + digits.size() && c > 0 &&
                     c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF);
  if (!valid) return 0;
  append_code_point(out, c);
  return end + 1 - at;
}

}  // namespace

std::string html_text(std::string_view html) {
  std::string out;
  std::vector<bool> hidden;  // of the open spans
  int64_t hiding = 0;
  for (size_t at = 0; at < html.size();) {
    Tag tag;
    if (html[at] == '<' && parse_tag(html, at, tag)) {
      if (tag.name == "span" && !tag.closing) {
        hidden.push_back(attribute(tag.attributes, "hidden") == "true" &&
                         !attribute(tag.attributes, "id").starts_with("default"));
        hiding += hidden.back();
      } else if (tag.name == "span" && !hidden.empty()) {
        hiding -= hidden.back();
        hidden.pop_back();
      } else if (tag.name == "br" && hiding == 0) {
        out += ' ';
      }
      at = tag.end;
      continue;
    }
    const size_t entity = html[at] == '&' && hiding == 0 ? decode_entity(html, at, out) : 0;
    if (entity == 0 && hiding == 0) out += html[at];
    at += entity ? entity : 1;
  }
  return normalize_spaces(out);
}

namespace {

// Calls visit(tag, inner HTML) for every paragraph and heading.
template <class Visit>
void for_each_block(std::string_view html, const Visit& visit) {
  Tag tag;
  for (size_t at = html.find('<'); at != html.npos; at = html.find('<', at)) {
    if (!parse_tag(html, at, tag)) {
      ++at;
      continue;
    }
    at = tag.end;
    if (tag.closing || !is_block(tag.name)) continue;
    const size_t end = html.find(cat("</", tag.name, ">"), at);  // these elements never nest
    if (end == html.npos) continue;
    visit(tag, html.substr(at, end - at));
    at = end;
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> html_blocks(std::string_view html) {
  std::vector<std::pair<std::string, std::string>> blocks;
  std::unordered_set<std::string> ids;
  for_each_block(html, [&](const Tag& tag, std::string_view inner) {
    const std::string_view id = attribute(tag.attributes, "id");
    if (!id.empty() && ids.emplace(id).second) blocks.emplace_back(id, inner);
  });
  return blocks;
}

std::vector<std::vector<std::string>> html_sections(std::string_view html) {
  std::vector<std::vector<std::string>> sections;
  for_each_block(html, [&](const Tag& tag, std::string_view inner) {
    if (sections.empty() || tag.name != "p") sections.emplace_back();
    sections.back().push_back(html_text(inner));
  });
  return sections;
}

std::vector<std::string> html_pages(const std::filesystem::path& base) {
  std::vector<std::string> pages;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(base)) {
    std::string page = entry.path().lexically_relative(base).string();
    if (entry.is_regular_file() && (page.ends_with(".html") || page.ends_with(".html.gz")))
      pages.push_back(std::move(page));
  }
  std::sort(pages.begin(), pages.end());
  return pages;
}

std::string read_html(const std::filesystem::path& path) {
  constexpr uint64_t largest = 32u << 20;  // pages are read whole
  LineReader reader(path, {.max_line_bytes = largest, .max_bytes = largest});
  std::string html, line;
  while (reader.next(line)) html += line + '\n';
  return html;
}

}  // namespace mosaic::data
