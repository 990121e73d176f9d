// Package descriptions from apt's Translation files.
#pragma once

#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

namespace mosaic::data {

// By the md5 that all languages of a description share: its short line, then the paragraphs and list items of
// the long text, without verbatim lines.
using Descriptions = std::unordered_map<std::string, std::vector<std::string>>;

// Reads a file of apt's "Translation-<language>" kind, plain or gzip. `order` receives the md5s as the file
// has them. FormatError when it has no description in the language, and LineReader's errors.
Descriptions read_descriptions(const std::filesystem::path& path, const std::string& language,
                               std::vector<std::string>* order = nullptr);

}  // namespace mosaic::data
