// English text for masked language modelling from Debian packages, as documents: one sentence a line, a blank
// line behind each document.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_set>
#include <vector>

namespace mosaic::data {

struct EnglishTextReport {
  int64_t documents = 0;
  int64_t sentences = 0;  // kept
  int64_t dropped = 0;    // fewer than 3 words, or letters less than 70 % of what is visible
  int64_t repeated = 0;   // seen before, in any document
};

// Gathers documents: paragraphs are cut into sentences (cleaning.h), of which each is kept once.
class EnglishText {
 public:
  // A document of which no sentence is kept leaves no trace but in the report.
  void add_document(const std::vector<std::string>& paragraphs);
  const std::string& text() const { return text_; }
  const EnglishTextReport& report() const { return report_; }

 private:
  std::string text_;
  std::unordered_set<std::string> seen_;
  EnglishTextReport report_;
};

// The sources by name, each read from where its package lies unpacked or installed. ResourceError naming the
// package when it is not there, FormatError for files of another kind.
//   libreoffice-help      libreoffice-help-en-us: a page is a document
//   anarchism             "An Anarchist FAQ", plain or .gz pages: what stands under a heading is a document
// `root` is a system root or a folder that packages were unpacked into.
EnglishText help_text(const std::filesystem::path& root);
EnglishText anarchism_text(const std::filesystem::path& root);
// debian-descriptions, from an apt "Translation-en" file, plain or gzip: a package is a document.
EnglishText description_text(const std::filesystem::path& translation);

}  // namespace mosaic::data
