// Tables for people.
#pragma once

#include <string>
#include <vector>

namespace mosaic::apps {

// Rows as lines: columns as wide as their widest cell, the first to the left, the others to the right.
std::string aligned(const std::vector<std::vector<std::string>>& rows);

}  // namespace mosaic::apps
