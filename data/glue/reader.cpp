#include "data/glue/reader.h"

#include <algorithm>

#include "data/glue/fields.h"
#include "engine/core/error.h"

namespace mosaic::data {
namespace {

std::optional<size_t> column(const GlueFile& file, const std::string& name) {
  const auto at = std::find(file.columns.begin(), file.columns.end(), name);
  if (name.empty() || at == file.columns.end()) return {};
  return static_cast<size_t>(at - file.columns.begin());
}

bool same(const std::vector<std::string_view>& cells, const GlueFile& file) {
  return std::equal(cells.begin(), cells.end(), file.columns.begin(), file.columns.end());
}

// "STS-B's train.tsv, dev.tsv": the files that begin with this header, the task's own if there are any. Empty
// when there is none.
std::string files_with(const std::vector<std::string_view>& header, const GlueTask& task, bool& of_task) {
  std::string own, others;
  for (const GlueTask& candidate : glue_tasks()) {
    std::string names;
    for (const GlueFile& file : candidate.files)
      if (file.header && same(header, file)) names += cat(names.empty() ? "" : ", ", file.name);
    if (names.empty()) continue;
    std::string& list = &candidate == &task ? own : others;
    list += cat(list.empty() ? "" : " and ", candidate.name, "'s ", names);
  }
  of_task = !own.empty();
  return of_task ? own : others;
}

}  // namespace

GlueReader::GlueReader(const GlueTask& task, GlueSplit split, const std::filesystem::path& path)
    : task_(task), file_(task.file(split)), lines_(path) {
  begin(lines_.next(line_));
}

GlueReader::GlueReader(const GlueTask& task, GlueSplit split, LineReader lines, std::string first_line)
    : task_(task), file_(task.file(split)), lines_(std::move(lines)), line_(std::move(first_line)) {
  begin(true);
}

void GlueReader::begin(bool any) {
  check<FormatError>(any, file_name(lines_).c_str(), "the file is empty");
  id_ = column(file_, "index");
  if (!id_) id_ = column(file_, "id");
  first_ = column(file_, task_.first).value();
  second_ = column(file_, task_.second);
  if (labelled(file_.split)) label_ = column(file_, task_.label).value();
  split_cells(line_, cells_);
  check_header(cells_);
  waiting_ = !file_.header;
}

void GlueReader::check_header(const std::vector<std::string_view>& cells) const {
  if (file_.header && same(cells, file_)) return;
  bool of_task = false;
  const std::string owners = files_with(cells, task_, of_task);
  if (!file_.header && owners.empty()) return;  // a row, checked as such
  std::string hint;
  if (!owners.empty())
    hint = cat("; these are the columns of ", owners, of_task ? "" : ": are the folders swapped?");
  const std::string expected =
      cat(file_.header ? "the header " : "rows without a header: ", show_cells(file_.columns));
  throw FormatError(lines_.place(), cat("the file begins with ", show_cells(cells), "; expected ", expected,
                                        " of ", task_.name, "'s ", file_.name, hint));
}

bool GlueReader::next_line() {
  if (waiting_) {
    waiting_ = false;
  } else if (!lines_.next(line_)) {
    return false;
  }
  split_cells(line_, cells_);
  return true;
}

bool GlueReader::next(GlueExample& example) {
  while (next_line()) {
    const size_t expected = file_.columns.size();
    if (cells_.size() < expected && task_.broken_rows && label_) {
      skip_broken_row();
      continue;
    }
    if (cells_.size() != expected)
      throw FormatError(place(), cat("the row has ", cells_.size(), " cells, expected ", expected, " (",
                                     show_cells(file_.columns), ")",
                                     cells_.size() > expected ? "; a sentence cannot hold a tab" : ""));
    fill(example);
    report_.empty_sentences += example.first.empty() || (second_ && example.second.empty());
    ++report_.rows;
    return true;
  }
  check<FormatError>(report_.rows > 0, file_name(lines_).c_str(), "there is no row behind the header");
  return false;
}

void GlueReader::fill(GlueExample& example) const {
  example.first = cells_[first_];
  example.second = second_ ? cells_[*second_] : std::string_view();
  const std::string number = std::to_string(report_.rows);
  example.id = id_ ? std::string(cells_[*id_]) : number;
  example.label = -1;
  example.score = std::numeric_limits<double>::quiet_NaN();
  if (!label_) {
    if (example.id != number)
      throw FormatError(place(), cat(file_.columns[*id_], " is \"", example.id, "\", expected ", number,
                                     ": test rows are numbered from 0"));
  } else if (task_.regression()) {
    example.score = read_score(task_, cells_[*label_], lines_, true);
  } else {
    example.label = read_label(task_, cells_[*label_], lines_);
  }
}

void GlueReader::skip_broken_row() {
  const std::string place = lines_.place();
  const size_t expected = file_.columns.size(), begun = cells_.size();
  // The first piece reaches into a sentence, the others join on in the middle of a cell.
  size_t have = begun;
  bool whole = begun > first_;
  while (whole && have < expected && next_line()) {
    have += cells_.size() - 1;
    whole = cells_.size() < expected;
  }
  check<FormatError>(whole && have == expected, place.c_str(), "the row has ", begun, " cells, expected ",
                     expected, " (", show_cells(file_.columns),
                     "), and the lines behind it do not complete it");
  ++report_.broken_rows;
  if (report_.first_broken.empty()) report_.first_broken = place;
}

GlueData read_glue(const GlueTask& task, GlueSplit split, const std::filesystem::path& file) {
  GlueData data{.task = &task, .split = split, .examples = {}, .report = {}};
  GlueReader reader(task, split, file);
  for (GlueExample example; reader.next(example);) data.examples.push_back(std::move(example));
  data.report = reader.report();
  return data;
}

GlueData load_glue(const std::filesystem::path& root, const GlueTask& task, GlueSplit split) {
  return read_glue(task, split, find_glue_file(root, task, split));
}

}  // namespace mosaic::data
