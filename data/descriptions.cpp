#include "data/descriptions.h"

#include "data/text/lines.h"
#include "data/text/normalize.h"
#include "engine/core/error.h"

namespace mosaic::data {

Descriptions read_descriptions(const std::filesystem::path& path, const std::string& language,
                               std::vector<std::string>* order) {
  Descriptions all;
  LineReader reader(path);
  std::string line, md5, paragraph;
  std::vector<std::string> texts;
  const std::string start = cat("Description-", language, ": ");
  const auto close_paragraph = [&] {
    if (std::string text = normalize_spaces(paragraph); !text.empty()) texts.push_back(std::move(text));
    paragraph.clear();
  };
  const auto close_stanza = [&] {
    close_paragraph();
    if (!md5.empty() && !texts.empty() && all.emplace(md5, texts).second && order) order->push_back(md5);
    md5.clear();
    texts.clear();
  };
  bool inside = false, item = false;  // a description, a list item in it
  while (reader.next(line)) {
    if (line.empty()) {
      close_stanza();
      inside = false;
    } else if (line[0] != ' ') {
      inside = line.starts_with(start);
      if (line.starts_with("Description-md5: ")) md5 = line.substr(17);
      if (inside) texts.push_back(normalize_spaces(std::string_view(line).substr(start.size())));
    } else if (inside) {
      // " ." parts paragraphs. Lines of two spaces and more are list items, go on with one, or are verbatim.
      const std::string_view text = trim(line);
      const bool bullet =
          text.size() > 2 && text[1] == ' ' && std::string_view("*-+o").find(text[0]) != text.npos;
      const bool indented = line.starts_with("  ");
      if (text == "." || bullet || indented != item) close_paragraph();
      item = bullet || (item && indented);
      if (text != "." && (item || !indented)) paragraph += cat(" ", bullet ? text.substr(2) : text);
    }
  }
  close_stanza();
  if (all.empty())
    throw FormatError(path.string(),
                      cat("has no \"", start, "\" entry; expected apt's Translation-", language));
  return all;
}

}  // namespace mosaic::data
