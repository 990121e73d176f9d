#include "data/glue/fields.h"

#include <charconv>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/json.h"

namespace mosaic::data {
namespace {

// The first bytes of a text, cut between characters.
std::string shorten(std::string_view text) {
  constexpr size_t most = 40;
  if (text.size() <= most) return std::string(text);
  size_t end = most - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return cat(text.substr(0, end), "...");
}

template <class Text>
std::string show(const std::vector<Text>& cells) {
  std::string out;
  for (size_t i = 0; i < cells.size() && i < 12; ++i) out += cat(i > 0 ? ", " : "", shorten(cells[i]));
  if (cells.size() > 12) out += ", ...";
  return out;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

}  // namespace

void split_cells(std::string_view line, std::vector<std::string_view>& cells) {
  cells.clear();
  for (size_t begin = 0;;) {
    const size_t end = line.find('\t', begin);
    cells.push_back(line.substr(begin, end - begin));
    if (end == line.npos) return;
    begin = end + 1;
  }
}

std::string show_cells(const std::vector<std::string_view>& cells) {
  return show(cells);
}

std::string show_cells(const std::vector<std::string>& cells) {
  return show(cells);
}

int32_t read_label(const GlueTask& task, std::string_view text, const LineReader& lines) {
  if (const auto id = task.label_id(text)) return *id;
  const bool words = task.labels.front().size() > 1;
  std::string hint;
  if (words && is_number(text)) {
    hint = "; names are expected, because programs number the labels differently";
  } else if (text == "-") {
    hint = "; \"-\" marks an example without agreement, which GLUE leaves out";
  } else if (words) {
    const std::string near = nearest(text, task.labels);
    if (!near.empty()) hint = cat("; did you mean ", near, "?");
  }
  if (text.empty())
    throw FormatError(lines.place(), cat("the label is empty, expected one of ", show(task.labels)));
  throw FormatError(lines.place(),
                    cat("label \"", shorten(text), "\" is not one of ", show(task.labels), hint));
}

double read_score(const GlueTask& task, std::string_view text, const LineReader& lines, bool gold) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size() && std::isfinite(value);
  if (whole && (!gold || (value >= task.lowest && value <= task.highest))) return value;
  std::string expected = "a number";
  if (gold) expected = cat("a number from ", task.lowest, " to ", task.highest);
  if (text.empty()) throw FormatError(lines.place(), cat("the score is empty, expected ", expected));
  throw FormatError(lines.place(), cat("score \"", shorten(text), "\" is not ", expected));
}

std::string file_name(const LineReader& lines) {
  const std::string place = lines.place();
  return place.substr(0, place.rfind(':'));
}

}  // namespace mosaic::data
