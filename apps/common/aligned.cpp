#include "apps/common/aligned.h"

#include <algorithm>

namespace mosaic::apps {

std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string gap(widths[i] - row[i].size(), ' ');
      if (i == 0) out += row.size() == 1 ? row[i] : row[i] + gap;
      if (i > 0) out += "  " + gap + row[i];
    }
    out += '\n';
  }
  return out;
}

}  // namespace mosaic::apps
