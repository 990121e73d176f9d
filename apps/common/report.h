// One self-contained HTML page: headings, paragraphs, tables, charts. Nothing is fetched when it is opened.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/common/svg.h"
#include "engine/core/json.h"

namespace mosaic::apps {

class Page {
 public:
  explicit Page(std::string title) : title_(std::move(title)) {}

  Page& heading(const std::string& text);
  Page& paragraph(const std::string& text);
  // Rows of texts under the header; all escaped.
  Page& table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows);
  // Name and value, one a row.
  Page& facts(const std::vector<std::pair<std::string, std::string>>& pairs);
  Page& chart(const Chart& chart);
  // Text as it is, folded away under its title.
  Page& details(const std::string& title, const std::string& text);

  std::string html() const;
  void save(const std::filesystem::path& path) const;  // atomic

 private:
  std::string title_, body_;
};

// The training curves of a run's log: training loss, and validation losses by architecture.
Chart loss_chart(const std::vector<json>& log);

}  // namespace mosaic::apps
