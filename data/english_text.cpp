#include "data/english_text.h"

#include "data/cleaning.h"
#include "data/debian_corpus.h"
#include "data/descriptions.h"
#include "data/text/normalize.h"
#include "engine/core/error.h"
#include "engine/core/parallel.h"

namespace mosaic::data {
namespace {

namespace fs = std::filesystem;

constexpr int64_t least_words = 3;
constexpr double least_letters = 0.7;  // of the visible characters

enum class Document { page, section };

// Pages or their sections as documents; read in parallel, kept in order.
EnglishText pages_text(const fs::path& base, Document document) {
  const std::vector<std::string> pages = html_pages(base);
  std::vector<std::vector<std::vector<std::string>>> sections(pages.size());
  parallel_for(static_cast<int64_t>(pages.size()), 16, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
      sections[i] = html_sections(read_html(base / pages[i]));
  });
  EnglishText text;
  for (const auto& page : sections) {
    std::vector<std::string> paragraphs;
    for (const std::vector<std::string>& section : page) {
      paragraphs.insert(paragraphs.end(), section.begin(), section.end());
      if (document == Document::page && &section != &page.back()) continue;
      text.add_document(paragraphs);
      paragraphs.clear();
    }
  }
  check<ResourceError>(text.report().sentences > 0, "english text", base.string(), " has no page with text");
  return text;
}

}  // namespace

void EnglishText::add_document(const std::vector<std::string>& paragraphs) {
  bool any = false;
  for (const std::string& paragraph : paragraphs) {
    for (std::string& sentence : split_english_sentences(normalize_spaces(paragraph))) {
      if (count_words(sentence) < least_words || letter_share(sentence) < least_letters) {
        ++report_.dropped;
      } else if (!seen_.insert(sentence).second) {
        ++report_.repeated;
      } else {
        ++report_.sentences;
        any = true;
        text_ += sentence;
        text_ += '\n';
      }
    }
  }
  if (!any) return;
  text_ += '\n';
  ++report_.documents;
}

EnglishText help_text(const fs::path& root) {
  return pages_text(find_help(root, "en-US") / "en-US" / "text", Document::page);
}

EnglishText anarchism_text(const fs::path& root) {
  for (const char* below : {"usr/share/doc/anarchism/html", "share/doc/anarchism/html", "anarchism/html"})
    if (fs::is_directory(root / below)) return pages_text(root / below, Document::section);
  throw ResourceError(
      root.string(),
      "has no usr/share/doc/anarchism/html; the Debian package anarchism brings it (slim images "
      "leave it out when installing: unpack it with dpkg-deb -x)");
}

EnglishText description_text(const fs::path& translation) {
  std::vector<std::string> order;
  const Descriptions descriptions = read_descriptions(translation, "en", &order);
  EnglishText text;
  for (const std::string& md5 : order) text.add_document(descriptions.at(md5));
  return text;
}

}  // namespace mosaic::data
