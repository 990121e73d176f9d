#include "data/glue/predictions.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "data/glue/fields.h"
#include "data/glue/reader.h"
#include "data/text/lines.h"
#include "engine/core/error.h"

namespace mosaic::data {
namespace {

constexpr std::string_view submission_header = "index\tprediction";

void add_value(const GlueTask& task, std::string_view text, const LineReader& lines, bool gold,
               GlueValues& values) {
  if (task.regression())
    values.scores.push_back(read_score(task, text, lines, gold));
  else
    values.labels.push_back(read_label(task, text, lines));
}

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return {};
  return value;
}

// Says what is wrong with an index that is not the expected one: the rest of the file tells whether that one
// comes later.
[[noreturn]] void refuse_index(LineReader& lines, int64_t found, int64_t expected) {
  const std::string place = lines.place();
  if (found < expected) throw FormatError(place, cat("index ", found, " occurs a second time"));
  std::vector<std::string_view> cells;
  for (std::string line; lines.next(line);) {
    split_cells(line, cells);
    if (whole_number(cells.front()) == expected)
      throw FormatError(place, cat("index ", found, " is out of order: ", expected, " comes in line ",
                                   lines.number(), ", expected 0, 1, 2, ..."));
  }
  throw FormatError(place, cat("index ", expected, " is missing: found ", found));
}

GlueValues read_indexed(const GlueTask& task, LineReader lines, bool gold) {
  GlueValues values;
  std::vector<std::string_view> cells;
  for (std::string line; lines.next(line);) {
    split_cells(line, cells);
    if (cells.size() != 2)
      throw FormatError(lines.place(),
                        cat("the row has ", cells.size(), " cells, expected 2 (index, prediction)"));
    const std::optional<int64_t> index = whole_number(cells[0]);
    if (!index)
      throw FormatError(lines.place(), cat("index \"", cells[0], "\" is not a number such as 0, 1, 2"));
    const auto expected = static_cast<int64_t>(values.size());
    if (*index != expected) refuse_index(lines, *index, expected);
    add_value(task, cells[1], lines, gold, values);
  }
  check<FormatError>(values.size() > 0, file_name(lines).c_str(), "there is no row behind the header");
  return values;
}

GlueValues read_plain(const GlueTask& task, LineReader lines, std::string line, bool gold) {
  GlueValues values;
  do add_value(task, line, lines, gold, values);
  while (lines.next(line));
  return values;
}

GlueValues read_examples(const GlueTask& task, LineReader lines, std::string line) {
  std::vector<std::string_view> cells;
  split_cells(line, cells);
  GlueSplit split = task.has(GlueSplit::dev) ? GlueSplit::dev : GlueSplit::test;
  for (const GlueFile& file : task.files) {
    const bool same = std::equal(cells.begin(), cells.end(), file.columns.begin(), file.columns.end());
    check<FormatError>(!same || labelled(file.split), lines.place().c_str(), "this is ", task.name, "'s ",
                       file.name, ", which holds no labels");
    if (same) split = file.split;
  }
  GlueReader reader(task, split, std::move(lines), std::move(line));
  GlueValues values;
  for (GlueExample example; reader.next(example);) {
    if (task.regression())
      values.scores.push_back(example.score);
    else
      values.labels.push_back(example.label);
  }
  return values;
}

GlueValues read_values(const GlueTask& task, const std::filesystem::path& path, bool gold) {
  LineReader lines(path);
  std::string line;
  check<FormatError>(lines.next(line), file_name(lines).c_str(),
                     "the file is empty: there is nothing to score");
  if (line == submission_header) return read_indexed(task, std::move(lines), gold);
  if (line.find('\t') == line.npos) return read_plain(task, std::move(lines), std::move(line), gold);
  if (gold) return read_examples(task, std::move(lines), std::move(line));
  std::vector<std::string_view> cells;
  split_cells(line, cells);
  throw FormatError(lines.place(),
                    cat("the file begins with ", show_cells(cells), "; expected one ",
                        task.regression() ? "score" : "label", " a line, or the header index, prediction"));
}

}  // namespace

GlueValues read_glue_predictions(const GlueTask& task, const std::filesystem::path& path) {
  return read_values(task, path, false);
}

GlueValues read_glue_submission(const GlueTask& task, const std::filesystem::path& path) {
  LineReader lines(path);
  std::string line;
  check<FormatError>(lines.next(line), file_name(lines).c_str(), "the file is empty");
  if (line == submission_header) return read_indexed(task, std::move(lines), false);
  std::vector<std::string_view> cells;
  split_cells(line, cells);
  throw FormatError(lines.place(), cat("the file begins with ", show_cells(cells),
                                       "; expected the header index, prediction"));
}

GlueValues read_glue_gold(const GlueTask& task, const std::filesystem::path& path) {
  return read_values(task, path, true);
}

}  // namespace mosaic::data
