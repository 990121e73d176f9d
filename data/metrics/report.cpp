#include "data/metrics/report.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "data/text/normalize.h"
#include "engine/core/error.h"

namespace mosaic::data {
namespace {

// The number that is printed, as a number.
double rounded(double value, std::optional<int> digits) {
  if (!digits) return value;
  const std::string text = fixed(value, *digits);
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string interval_text(const Interval& interval, int digits) {
  return cat("μ = ", fixed(interval.mean, digits), " ± ", fixed(interval.half_width, digits));
}

struct Cell {
  std::vector<std::string> lines;
  const char* colour = "";  // an escape sequence
};

constexpr const char *cyan = "\033[36m", *yellow = "\033[33m", *red = "\033[31m", *plain = "\033[0m";

size_t columns_of(const std::string& text) {
  return code_points(text).size();
}

enum class Align { right, centre };

std::string padded(const std::string& text, size_t width, Align align, const char* colour) {
  const size_t room = width - std::min(width, columns_of(text));
  const size_t left = align == Align::right ? room : room / 2;
  const std::string inner = *colour && !text.empty() ? cat(colour, text, plain) : text;
  return cat(std::string(left, ' '), inner, std::string(room - left, ' '));
}

// Rows of cells; the first row holds the titles, which keep a blank on both sides.
using Grid = std::vector<std::vector<Cell>>;

std::vector<size_t> widths_of(const Grid& grid) {
  std::vector<size_t> widths(grid.front().size(), 0);
  for (size_t r = 0; r < grid.size(); ++r) {
    for (size_t c = 0; c < widths.size(); ++c) {
      for (const std::string& line : grid[r][c].lines)
        widths[c] = std::max(widths[c], columns_of(line) + (r == 0 ? 2 : 0));
    }
  }
  return widths;
}

std::string rule(const std::vector<size_t>& widths, const char* left, const char* fill, const char* cross,
                 const char* right) {
  std::string out = left;
  for (size_t c = 0; c < widths.size(); ++c) {
    if (c > 0) out += cross;
    for (size_t i = 0; i < widths[c] + 2; ++i) out += fill;
  }
  return cat(out, right, "\n");
}

std::string boxed(const Grid& grid) {
  const std::vector<size_t> widths = widths_of(grid);
  std::string out = rule(widths, "╒", "═", "╤", "╕");
  for (size_t r = 0; r < grid.size(); ++r) {
    if (r == 1) out += rule(widths, "╞", "═", "╪", "╡");
    if (r > 1) out += rule(widths, "├", "─", "┼", "┤");
    size_t height = 1;
    for (const Cell& cell : grid[r]) height = std::max(height, cell.lines.size());
    for (size_t line = 0; line < height; ++line) {
      for (size_t c = 0; c < widths.size(); ++c) {
        const Cell& cell = grid[r][c];
        const std::string text = line < cell.lines.size() ? cell.lines[line] : "";
        // A colour of a score's cell belongs to its last line, the p-value.
        const bool coloured = c == 0 || r == 0 || line + 1 == cell.lines.size();
        out += cat(
            "│ ", padded(text, widths[c], c == 0 ? Align::right : Align::centre, coloured ? cell.colour : ""),
            " ");
      }
      out += "│\n";
    }
  }
  return out + rule(widths, "╘", "═", "╧", "╛");
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
      case '%':
      case '$':
      case '#':
      case '_':
      case '{':
      case '}':
        out += cat("\\", std::string(1, c));
        break;
      case '^':
        out += "\\^{}";
        break;
      case '~':
        out += "\\textasciitilde{}";
        break;
      case '\\':
        out += "\\textbackslash{}";
        break;
      case '<':
        out += "\\ensuremath{<}";
        break;
      case '>':
        out += "\\ensuremath{>}";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string booktabs(Grid grid) {
  for (auto& row : grid) {
    for (Cell& cell : row) {
      std::string joined;
      for (const std::string& line : cell.lines) joined += cat(joined.empty() ? "" : " ", escaped(line));
      cell.lines = {joined};
    }
  }
  const std::vector<size_t> widths = widths_of(grid);
  std::string out = cat("\\begin{tabular}{r", std::string(widths.size() - 1, 'c'), "}\n\\toprule\n");
  for (size_t r = 0; r < grid.size(); ++r) {
    for (size_t c = 0; c < widths.size(); ++c)
      out += cat(c == 0 ? " " : " & ",
                 padded(grid[r][c].lines[0], widths[c], c == 0 ? Align::right : Align::centre, ""));
    out += r == 0 ? " \\\\\n\\midrule\n" : " \\\\\n";
  }
  return out + "\\bottomrule\n\\end{tabular}\n";
}

Cell cell_of(const PairedResult& result, int digits, bool colours) {
  Cell cell{{fixed(result.score, digits)}};
  if (result.interval)
    cell.lines[0] += cat(" (", fixed(result.interval->mean, digits), " ± ",
                         fixed(result.interval->half_width, digits), ")");
  if (result.p_value) {
    const bool chance = *result.p_value > 0.05;
    cell.lines.push_back(cat("(p = ", fixed(*result.p_value, 4), chance ? ")" : ")*"));
    if (chance && colours) cell.colour = red;
  }
  return cell;
}

std::string system_name(const ScoreTable& table, size_t system) {
  return cat(table.test && system == 0 ? "Baseline: " : "", table.systems[system]);
}

Grid grid_of(const ScoreTable& table, int digits, bool colours) {
  Grid grid{{{{"System"}, colours ? cyan : ""}}};
  for (size_t m = 0; m < table.metrics.size(); ++m) {
    const bool intervals = table.results[m].front().interval.has_value();
    grid[0].push_back({{cat(table.metrics[m], intervals ? " (μ ± 95% CI)" : "")}, colours ? cyan : ""});
  }
  for (size_t s = 0; s < table.systems.size(); ++s) {
    const bool baseline = table.test && s == 0;
    grid.push_back({{{system_name(table, s)}, baseline && colours ? yellow : ""}});
    for (const auto& results : table.results) {
      grid.back().push_back(cell_of(results[s], digits, colours));
      if (baseline && colours) grid.back().back().colour = yellow;
    }
  }
  return grid;
}

std::string explanation(const ScoreTable& table) {
  const bool bootstrap = table.test->kind == PairedTest::Kind::bootstrap;
  const std::string title = cat(bootstrap ? "Paired bootstrap, " : "Paired approximate randomization, ",
                                table.test->samples, bootstrap ? " resamples" : " trials");
  return cat(
      "\n", title, "\n", std::string(title.size(), '-'), "\n", "Every system is compared with the baseline, ",
      table.systems.front(), bootstrap ? "; in brackets: mean over the resamples and 95% interval.\n" : ".\n",
      "p is the chance of a score difference at least as large as the one seen if both systems were equally "
      "good.\n* p <= 0.05: the systems differ (which says nothing of how much the difference matters).\n");
}

}  // namespace

std::string score_number(const MetricScore& score, int digits) {
  std::string out = fixed(score.score, digits);
  if (score.interval && score.interval->mean > 0)
    out += cat(" (", interval_text(*score.interval, digits), ")");
  return out;
}

std::string score_line(const MetricScore& score, int digits) {
  return cat(score.name, score.signature.empty() ? "" : "|", score.signature, " = ",
             score_number(score, digits), score.verbose.empty() ? "" : " ", score.verbose);
}

std::string aligned_lines(const std::vector<std::string>& lines) {
  size_t most = 0;
  for (const std::string& line : lines) most = std::max(most, std::min(line.find(" ="), line.size()));
  std::string out;
  for (const std::string& line : lines)
    out += cat(std::string(most - std::min(line.find(" ="), line.size()), ' '), line, "\n");
  return out;
}

json describe(const MetricScore& score, std::optional<int> digits) {
  json out{{"name", score.name}, {"score", rounded(score.score, digits)}, {"signature", score.signature}};
  if (score.interval && score.interval->mean > 0) {
    out["confidence_mean"] = rounded(score.interval->mean, digits);
    out["confidence_var"] = rounded(score.interval->half_width, digits);
    out["confidence"] = interval_text(*score.interval, digits.value_or(1));
  }
  if (!score.verbose.empty()) out["verbose_score"] = score.verbose;
  for (size_t at = 0; at < score.signature.size();) {
    const size_t end = std::min(score.signature.find('|', at), score.signature.size());
    const std::string field = score.signature.substr(at, end - at);
    const size_t colon = field.find(':');
    out[field.substr(0, colon)] = field.substr(colon + 1);
    at = end + 1;
  }
  return out;
}

std::string render(const ScoreTable& table, TableFormat format, int digits, bool colours) {
  const bool latex = format == TableFormat::latex;
  const Grid grid = grid_of(table, digits, colours && !latex);
  std::string out = latex ? booktabs(grid) : boxed(grid);
  if (table.test) out += explanation(table);
  out += "\n-----------------\nMetric signatures\n-----------------\n";
  for (size_t m = 0; m < table.metrics.size(); ++m) {
    const std::string& name = table.metrics[m];
    out += cat(" - ", name, std::string(10 - std::min<size_t>(10, name.size()), ' '), " ",
               table.signatures[m], "\n");
  }
  return out;
}

json describe(const ScoreTable& table, std::optional<int> digits) {
  json out = json::array();
  for (size_t s = 0; s < table.systems.size(); ++s) {
    json row{{"system", system_name(table, s)}};
    for (size_t m = 0; m < table.metrics.size(); ++m) {
      const PairedResult& result = table.results[m][s];
      json& cell = row[table.metrics[m]];
      if (!table.test) {
        cell = digits ? json(fixed(result.score, *digits)) : json(result.score);
        continue;
      }
      cell = {{"score", result.score}, {"p_value", nullptr}, {"mean", nullptr}, {"ci", nullptr}};
      if (result.p_value) cell["p_value"] = *result.p_value;
      if (!result.interval) continue;
      cell["mean"] = result.interval->mean;
      cell["ci"] = result.interval->half_width;
    }
    out.push_back(row);
  }
  return out;
}

}  // namespace mosaic::data
