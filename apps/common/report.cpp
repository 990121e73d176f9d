#include "apps/common/report.h"

#include <map>

#include "apps/common/text.h"
#include "apps/common/version.h"
#include "engine/core/file.h"

namespace mosaic::apps {
namespace {

const char* const style =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color:#1c1c1c}"
    "h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid #ddd}"
    "table{border-collapse:collapse;margin:.6rem 0}td,th{padding:.2rem .7rem;border-bottom:1px solid #e5e5e5;"
    "text-align:left;vertical-align:top}th{font-weight:600}pre{background:#f6f6f6;padding:.7rem;overflow:"
    "auto}"
    "footer{margin-top:2rem;color:#666;font-size:13px}svg{max-width:100%;height:auto}";

std::string row(const char* tag, const std::vector<std::string>& cells) {
  std::string out = "<tr>";
  for (const std::string& cell : cells) out += cat("<", tag, ">", escape_html(cell), "</", tag, ">");
  return out + "</tr>\n";
}

}  // namespace

Page& Page::heading(const std::string& text) {
  body_ += "<h2>" + escape_html(text) + "</h2>\n";
  return *this;
}

Page& Page::paragraph(const std::string& text) {
  body_ += "<p>" + escape_html(text) + "</p>\n";
  return *this;
}

Page& Page::table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows) {
  body_ += "<table>\n";
  if (!header.empty()) body_ += row("th", header);
  for (const auto& cells : rows) body_ += row("td", cells);
  body_ += "</table>\n";
  return *this;
}

Page& Page::facts(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : pairs) rows.push_back({name, value});
  return table({}, rows);
}

Page& Page::chart(const Chart& chart) {
  body_ += "<figure>\n" + draw(chart) + "</figure>\n";
  return *this;
}

Page& Page::details(const std::string& title, const std::string& text) {
  body_ += cat("<details><summary>", escape_html(title), "</summary><pre>", escape_html(text),
               "</pre></details>\n");
  return *this;
}

std::string Page::html() const {
  const std::string title = escape_html(title_);
  return cat("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>", title,
             "</title><style>", style, chart_style, "</style></head>\n<body>\n<h1>", title, "</h1>\n", body_,
             "<footer>mosaic ", version_text(), ", ", isa_text(), ", ", timestamp(),
             "</footer>\n</body></html>\n");
}

void Page::save(const std::filesystem::path& path) const {
  write_file_atomic(path, html());
}

Chart loss_chart(const std::vector<json>& log) {
  Chart chart{.title = "Loss per token (nats)", .x_label = "update", .y_label = "loss", .series = {}};
  Series train{.name = "training", .x = {}, .y = {}};
  std::map<std::string, Series> validation;
  for (const json& event : log) {
    const std::string kind = event.value("event", "");
    if (kind == "update") {
      train.x.push_back(event.value("update", 0.0));
      train.y.push_back(event.value("loss", 0.0));
    } else if (kind == "validation" && event.contains("entries")) {
      std::map<std::string, std::pair<double, int>> sums;  // several random architectures are averaged
      for (const json& entry : event["entries"]) {
        auto& [sum, count] = sums[entry.value("kind", "model")];
        sum += entry.value("loss", 0.0);
        ++count;
      }
      for (const auto& [name, sum] : sums) {
        Series& series = validation.try_emplace(name, Series{.name = "validation, " + name, .x = {}, .y = {}})
                             .first->second;
        series.x.push_back(event.value("update", 0.0));
        series.y.push_back(sum.first / sum.second);
      }
    }
  }
  chart.series.push_back(std::move(train));
  for (auto& [name, series] : validation) chart.series.push_back(std::move(series));
  return chart;
}

}  // namespace mosaic::apps
