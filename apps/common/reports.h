// The HTML report of each kind of run, made from the files in its directory.
#pragma once

#include <filesystem>

namespace mosaic::apps {

// Writes report.html into a run directory of train, finetune, search or quickstart; returns its path.
// FormatError when the directory holds no such run.
std::filesystem::path write_report(const std::filesystem::path& run);

}  // namespace mosaic::apps
