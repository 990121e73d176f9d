#include "apps/common/svg.h"

#include <algorithm>
#include <cmath>

#include "apps/common/text.h"

namespace mosaic::apps {
namespace {

constexpr double left = 64, right = 16, top = 36, bottom = 48;
const char* const palette[] = {"#2563a8", "#c2410c", "#15803d", "#7e22ce", "#a16207", "#0e7490"};

struct Axis {
  double low = 0, high = 1, from = 0, to = 1;  // data range and the pixels it is drawn on
  double at(double value) const { return from + (value - low) / (high - low) * (to - from); }

  // A range that a little more than covers the values.
  static Axis over(const std::vector<double>& values, double from, double to) {
    auto [low, high] = std::minmax_element(values.begin(), values.end());
    double margin = (*high - *low) * 0.05;
    if (margin <= 0) margin = std::max(1e-9, std::abs(*low) * 0.05);
    return {*low - margin, *high + margin, from, to};
  }

  // About five round numbers in the range.
  std::vector<double> ticks() const {
    const double rough = (high - low) / 5, power = std::pow(10, std::floor(std::log10(rough)));
    double step = power;
    for (const double factor : {1.0, 2.0, 5.0, 10.0})
      if (factor * power >= rough) {
        step = factor * power;
        break;
      }
    std::vector<double> out;
    for (double n = std::ceil(low / step); n * step <= high; ++n) out.push_back(n * step + 0.0);  // -0 to 0
    return out;
  }
};

std::string text_at(double x, double y, const char* anchor, const std::string& text, const char* more = "") {
  return cat("<text x=\"", fixed(x, 1), "\" y=\"", fixed(y, 1), "\" text-anchor=\"", anchor, "\"", more, ">",
             escape_html(text), "</text>\n");
}

std::string frame(const Chart& chart, const Axis& x, const Axis& y) {
  std::string out;
  for (const double tick : x.ticks()) {
    const double px = x.at(tick);
    out += cat("<line class=\"grid\" x1=\"", fixed(px, 1), "\" x2=\"", fixed(px, 1), "\" y1=\"",
               fixed(y.from, 1), "\" y2=\"", fixed(y.to, 1), "\"/>\n",
               text_at(px, y.from + 16, "middle", brief(tick)));
  }
  for (const double tick : y.ticks()) {
    const double py = y.at(tick);
    out += cat("<line class=\"grid\" x1=\"", fixed(x.from, 1), "\" x2=\"", fixed(x.to, 1), "\" y1=\"",
               fixed(py, 1), "\" y2=\"", fixed(py, 1), "\"/>\n",
               text_at(x.from - 6, py + 4, "end", brief(chart.log_y ? std::pow(10, tick) : tick)));
  }
  out += text_at((x.from + x.to) / 2, chart.height - 10, "middle", chart.x_label);
  const double middle = (y.from + y.to) / 2;
  out += cat("<text x=\"14\" y=\"", fixed(middle, 1), "\" text-anchor=\"middle\" transform=\"rotate(-90 14 ",
             fixed(middle, 1), ")\">", escape_html(chart.y_label), "</text>\n");
  return out;
}

std::string draw_series(const Series& series, const char* color, const Axis& x, const Axis& y, bool log_y) {
  std::string path, points;
  for (size_t i = 0; i < std::min(series.x.size(), series.y.size()); ++i) {
    const double value = log_y ? std::log10(series.y[i]) : series.y[i];
    if (!std::isfinite(series.x[i]) || !std::isfinite(value)) continue;
    const std::string px = fixed(x.at(series.x[i]), 1), py = fixed(y.at(value), 1);
    path += cat(path.empty() ? "M" : "L", px, " ", py);
    if (series.line && !series.emphasis) continue;
    points += cat("<circle cx=\"", px, "\" cy=\"", py, "\" r=\"", series.emphasis ? 5 : 2.5, "\" fill=\"",
                  color, "\">");
    if (i < series.labels.size()) points += cat("<title>", escape_html(series.labels[i]), "</title>");
    points += "</circle>\n";
  }
  if (!series.line) return points;
  return cat("<path d=\"", path, "\" fill=\"none\" stroke=\"", color, "\" stroke-width=\"1.6\"/>\n", points);
}

const char* color_of(size_t series) {
  return palette[series % std::size(palette)];
}

// The names of the series beside their colours, in rows under the title, and where the last row ends: over
// the plot they would hide what is drawn.
struct Legend {
  std::string drawn;
  double bottom = top;

  explicit Legend(const Chart& chart) {
    constexpr double row = 18, box = 10, letter = 7;  // about what a letter of 12 px takes
    double x = left;
    for (size_t i = 0; i < chart.series.size(); ++i) {
      const std::string& name = chart.series[i].name;
      if (name.empty()) continue;
      const double width = 2 * box + letter * static_cast<double>(name.size());
      if (bottom == top || x + width > chart.width - right) x = left, bottom += row;
      drawn += cat("<rect x=\"", fixed(x, 1), "\" y=\"", fixed(bottom - row - 3, 1),
                   "\" width=\"10\" height=\"10\" fill=\"", color_of(i), "\"/>\n",
                   text_at(x + box + 4, bottom - row + 6, "start", name));
      x += width + box;
    }
  }
};

}  // namespace

const char* const chart_style =
    "svg{font:12px system-ui,sans-serif}svg .grid{stroke:#e3e3e3}"
    "svg .title{font-size:14px;font-weight:600}";

std::string draw(const Chart& chart) {
  std::vector<double> xs, ys;
  for (const Series& series : chart.series)
    for (size_t i = 0; i < std::min(series.x.size(), series.y.size()); ++i) {
      const double value = chart.log_y ? std::log10(series.y[i]) : series.y[i];
      if (!std::isfinite(series.x[i]) || !std::isfinite(value)) continue;
      xs.push_back(series.x[i]);
      ys.push_back(value);
    }
  if (chart.zero_y && !chart.log_y) ys.push_back(0);
  std::string out =
      cat("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", chart.width, " ", chart.height,
          "\" width=\"", chart.width, "\" height=\"", chart.height, "\" role=\"img\">\n");
  out += text_at(left, 20, "start", chart.title, " class=\"title\"");
  if (xs.empty())
    return out + text_at(chart.width / 2.0, chart.height / 2.0, "middle", "nothing to show") + "</svg>\n";
  const Legend legend(chart);
  const Axis x = Axis::over(xs, left, chart.width - right),
             y = Axis::over(ys, chart.height - bottom, legend.bottom);
  out += frame(chart, x, y) + legend.drawn;
  for (size_t i = 0; i < chart.series.size(); ++i)
    out += draw_series(chart.series[i], color_of(i), x, y, chart.log_y);
  return out + "</svg>\n";
}

std::string draw_side_by_side(const std::vector<Chart>& charts, int columns) {
  std::string inside;
  int x = 0, y = 0, width = 0, row_height = 0;
  for (size_t i = 0; i < charts.size(); ++i) {
    if (i > 0 && i % static_cast<size_t>(columns) == 0) x = 0, y += row_height, row_height = 0;
    inside += cat("<g transform=\"translate(", x, ' ', y, ")\">\n", draw(charts[i]), "</g>\n");
    x += charts[i].width;
    width = std::max(width, x), row_height = std::max(row_height, charts[i].height);
  }
  return cat("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", width, ' ', y + row_height,
             "\" width=\"", width, "\" height=\"", y + row_height, "\">\n<style>", chart_style,
             "</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n", inside, "</svg>\n");
}

std::string escape_html(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

}  // namespace mosaic::apps
