#include "data/glue/submission.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ostream>

#include "engine/core/error.h"
#include "engine/core/file.h"

namespace mosaic::data {
namespace {

namespace fs = std::filesystem;

std::string file_of(const GlueSet& set) {
  return cat(set.name, ".tsv");
}

// Three decimals, the same in every locale.
std::string score_text(double value) {
  std::array<char, 32> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, 3).ptr;
  return {buffer.data(), end};
}

// The text of prediction `row`.
std::string prediction_text(const GlueSet& set, const GlueValues& predictions, size_t row) {
  const GlueTask& task = *set.task;
  if (task.regression()) {
    const double score = predictions.scores[row];
    check(std::isfinite(score), set.name.c_str(), "score ", row, " is ", score, ", expected a finite number");
    return score_text(std::clamp(score, task.lowest, task.highest));
  }
  const int32_t label = predictions.labels[row];
  check(label >= 0 && label < static_cast<int32_t>(task.labels.size()), set.name.c_str(), "label ", row,
        " is ", label, ", outside 0..", task.labels.size() - 1);
  return task.labels[static_cast<size_t>(label)];
}

// Empty when the number of rows is right.
std::string wrong_count(const GlueSet& set, size_t rows, SubmissionOptions options) {
  const int64_t official = set.task->file(set.test).rows;
  if (options.any_row_count || static_cast<int64_t>(rows) == official) return "";
  return cat(rows, " predictions, but ", set.name, "'s test has ", official, " rows");
}

// A regression's predictions must lie in the range here.
std::string out_of_range(const GlueTask& task, const GlueValues& values) {
  for (size_t i = 0; i < values.scores.size(); ++i)
    if (values.scores[i] < task.lowest || values.scores[i] > task.highest)
      return cat("score ", values.scores[i], " of index ", i, " is outside ", task.lowest, " to ",
                 task.highest);
  return "";
}

}  // namespace

fs::path write_glue_submission(const fs::path& folder, const GlueSet& set, const GlueValues& predictions,
                               SubmissionOptions options) {
  const size_t rows = set.task->regression() ? predictions.scores.size() : predictions.labels.size();
  check(rows > 0, set.name.c_str(), "there is no prediction to write");
  const std::string problem = wrong_count(set, rows, options);
  check(problem.empty(), set.name.c_str(), "there are ", problem);
  const fs::path path = folder / file_of(set);
  write_file_atomic(path, [&](std::ostream& out) {
    out << "index\tprediction\n";
    for (size_t i = 0; i < rows; ++i) out << i << '\t' << prediction_text(set, predictions, i) << '\n';
  });
  return path;
}

SubmissionCheck check_glue_submission(const fs::path& folder, SubmissionOptions options) {
  std::vector<std::string> names;
  std::error_code code;
  for (fs::directory_iterator at(folder, code), end; !code && at != end; at.increment(code))
    names.push_back(at->path().filename().string());
  check<ResourceError>(!code, folder.c_str(), "cannot be read: ", code.message());
  std::sort(names.begin(), names.end());
  SubmissionCheck out;
  for (const GlueSet& set : glue_sets()) {
    const auto found = std::find(names.begin(), names.end(), file_of(set));
    if (found == names.end()) {
      out.missing.push_back(set.name);
      continue;
    }
    const fs::path path = folder / *found;
    names.erase(found);
    try {
      const GlueValues values = read_glue_submission(*set.task, path);
      std::string problem = wrong_count(set, values.size(), options);
      if (problem.empty()) problem = out_of_range(*set.task, values);
      if (problem.empty())
        out.good.push_back(set.name);
      else
        out.problems.push_back(cat(path.string(), ": ", problem));
    } catch (const Error& error) {
      out.problems.emplace_back(error.what());
    }
  }
  out.unknown = std::move(names);
  return out;
}

}  // namespace mosaic::data
