#include "data/glue/tasks.h"

#include <array>

#include "data/glue/task_table.h"
#include "engine/core/error.h"
#include "engine/core/json.h"

namespace mosaic::data {
namespace {

using enum GlueMetric;
using enum GlueSplit;
using Names = std::vector<std::string>;

const std::array<const char*, 5> split_names{"train", "dev", "dev-mismatched", "test", "test-mismatched"};

// "CoLA" and "cola", "SST-2", "sst_2" and "sst2" are the same.
std::string plain(std::string_view name) {
  std::string out;
  for (const char c : name)
    if (c != '-' && c != '_') out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::vector<GlueSet> make_sets() {
  std::vector<GlueSet> sets;
  for (const GlueTask& task : glue_tasks()) {
    const bool halves = task.has(dev_mismatched);
    GlueSet set{halves ? cat(task.name, "-m") : task.name, &task, {}, test};
    if (task.has(dev)) set.dev = dev;
    sets.push_back(set);
    if (halves) sets.push_back({cat(task.name, "-mm"), &task, dev_mismatched, test_mismatched});
  }
  return sets;
}

// The entry of a table that is called so.
template <class Entry>
const Entry* find_named(const std::vector<Entry>& table, std::string_view name) {
  for (const Entry& entry : table)
    if (plain(entry.name) == plain(name)) return &entry;
  return nullptr;
}

template <class Entry>
[[noreturn]] void refuse(const std::vector<Entry>& table, std::string_view name) {
  Names known;
  std::string list;
  for (const Entry& entry : table) {
    known.push_back(plain(entry.name));
    list += cat(list.empty() ? "" : ", ", entry.name);
  }
  const std::string near = nearest(plain(name), known);
  std::string hint;
  if (!near.empty()) hint = cat("; did you mean ", find_named(table, near)->name, "?");
  throw ArgumentError("glue", cat("\"", name, "\" is not one of ", list, hint));
}

}  // namespace

std::string to_string(GlueMetric metric) {
  switch (metric) {
    case accuracy:
      return "accuracy";
    case f1:
      return "f1";
    case matthews:
      return "matthews";
    case pearson:
      return "pearson";
    case spearman:
      break;
  }
  return "spearman";
}

bool in_percent(GlueMetric metric) {
  return metric == accuracy || metric == f1;
}

std::string to_string(GlueSplit split) {
  return split_names[static_cast<size_t>(split)];
}

GlueSplit glue_split(const std::string& name) {
  for (size_t i = 0; i < split_names.size(); ++i)
    if (name == split_names[i]) return static_cast<GlueSplit>(i);
  throw ArgumentError("glue_split", cat("\"", name, "\" is not one of train, dev, dev-mismatched, test, ",
                                        "test-mismatched"));
}

bool labelled(GlueSplit split) {
  return split == train || split == dev || split == dev_mismatched;
}

bool GlueTask::has(GlueSplit split) const {
  for (const GlueFile& f : files)
    if (f.split == split) return true;
  return false;
}

const GlueFile& GlueTask::file(GlueSplit split) const {
  for (const GlueFile& f : files)
    if (f.split == split) return f;
  throw ArgumentError("glue", cat(name, " has no ", to_string(split), " file"));
}

std::optional<int32_t> GlueTask::label_id(std::string_view label_name) const {
  for (size_t i = 0; i < labels.size(); ++i)
    if (labels[i] == label_name) return static_cast<int32_t>(i);
  return {};
}

const std::vector<GlueTask>& glue_tasks() {
  static const std::vector<GlueTask> tasks = make_glue_tasks();
  return tasks;
}

const GlueTask& glue_task(std::string_view name) {
  if (const GlueTask* task = find_named(glue_tasks(), name)) return *task;
  refuse(glue_tasks(), name);
}

const std::vector<GlueSet>& glue_sets() {
  static const std::vector<GlueSet> sets = make_sets();
  return sets;
}

const GlueSet& glue_set(std::string_view name) {
  if (const GlueSet* set = find_named(glue_sets(), name)) return *set;
  if (plain(name) == "mnli") return *find_named(glue_sets(), "MNLI-m");
  refuse(glue_sets(), name);
}

std::filesystem::path find_glue_file(const std::filesystem::path& root, const GlueTask& task,
                                     GlueSplit split) {
  const std::filesystem::path path = root / task.folder / task.file(split).name;
  std::filesystem::path packed = path;
  packed += ".gz";
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) return path;
  if (std::filesystem::exists(packed, ignored)) return packed;
  throw ResourceError(path.string(), "is not there, nor with .gz behind");
}

}  // namespace mosaic::data
