// Real English-to-X sentence pairs from Debian packages: LibreOffice's help pages and package descriptions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "data/cleaning.h"
#include "engine/core/json.h"

namespace mosaic::data {

// The visible text of a piece of HTML: tags dropped (<br> is a space), entities decoded, spaces normalised.
// Of the variants for platforms and applications (<span hidden="true" id="MAC...">) only the default one
// stays.
std::string html_text(std::string_view html);

// The paragraphs and headings of a page that carry an id, in order: (id, inner HTML). An id given twice
// counts once.
std::vector<std::pair<std::string, std::string>> html_blocks(std::string_view html);

// The text of every paragraph and heading of a page, with an id or without, in order, in sections: each but
// perhaps the first begins with a heading.
std::vector<std::vector<std::string>> html_sections(std::string_view html);

// Relative paths of the HTML pages (.html, .html.gz) in a folder and those below it, sorted; a page's
// content, unpacked. FormatError naming file and line when it is not UTF-8 or damaged.
std::vector<std::string> html_pages(const std::filesystem::path& base);
std::string read_html(const std::filesystem::path& path);

// The folder that holds "en-US/text" and "<language>/text" somewhere usual under `root`: an unpacked package,
// a system root, or the help folder itself. ResourceError, naming the package to install, when it is not
// there.
std::filesystem::path find_help(const std::filesystem::path& root, const std::string& language);

struct DebianCorpusOptions {
  std::string target_language = "de";  // "fr", ...: a folder of the help
  int64_t valid = 1000, test = 1000;   // sentences set aside
  std::string package_version = {};    // empty: looked up under the root, "unknown" when not found
  bool overwrite = false;              // else ArgumentError when out_dir has a corpus already
};

// Reads the help pages of libreoffice-help-en-us and libreoffice-help-<language> unpacked or installed under
// `help_root`, cleans them (cleaning.h), splits by English sentence, and writes
// {train,valid,test}.{en,<language>} and manifest.json (source, version, counts, hashes) into out_dir.
// Returns the manifest.
json make_debian_corpus(const std::filesystem::path& help_root, const std::filesystem::path& out_dir,
                        const DebianCorpusOptions& options = {});

// The same from the package descriptions: two files of apt's "Translation-en" and "Translation-<language>"
// kind, plain or gzip. Short lines are paired, and paragraphs when both have the same number; verbatim lines
// are skipped.
json make_description_corpus(const std::filesystem::path& english, const std::filesystem::path& translated,
                             const std::filesystem::path& out_dir, const DebianCorpusOptions& options = {});

// Checks a corpus folder against its manifest: every file present with its hash. FormatError otherwise.
// Returns the manifest.
json check_corpus(const std::filesystem::path& dir);

}  // namespace mosaic::data
