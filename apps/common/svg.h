// Charts as SVG text: lines and scatters, drawn without help from the network.
#pragma once

#include <string>
#include <vector>

namespace mosaic::apps {

struct Series {
  std::string name;
  std::vector<double> x, y;
  bool line = true;                      // joined by a line; else points
  bool emphasis = false;                 // bigger points
  std::vector<std::string> labels = {};  // shown when the pointer rests on a point; empty or one a point
};

struct Chart {
  std::string title, x_label, y_label;
  std::vector<Series> series;
  bool log_y = false;
  bool zero_y = false;  // the y axis begins at zero (not with log_y)
  int width = 640, height = 360;
};

// The chart with axes, ticks and a legend. Points that are not finite are left out; without a point the chart
// says that there is nothing to show.
std::string draw(const Chart& chart);

// Charts in rows of `columns`, as one picture with its own style: a file by itself.
std::string draw_side_by_side(const std::vector<Chart>& charts, int columns);

// CSS of charts, for the page or the picture that holds them.
extern const char* const chart_style;

// & < > " as entities.
std::string escape_html(const std::string& text);

}  // namespace mosaic::apps
