// mosaic score glue: the metrics of GLUE's tasks and the averages over them.
#include "apps/commands/score_glue.h"

#include <algorithm>

#include "data/glue/scoring.h"

namespace mosaic::apps {
namespace {

namespace fs = std::filesystem;

struct GlueCommand {
  std::string task;
  std::vector<std::string> files;
  int64_t digits = 2;
};

// Correlations, being 100 times smaller, get two digits more.
std::string number_text(const GlueCommand& command, data::GlueMetric metric, double value) {
  const int64_t digits = data::in_percent(metric) ? command.digits : command.digits + 2;
  return fixed(data::shown_value(metric, value), static_cast<int>(digits));
}

std::string padded(std::string text, size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

void put_score(const GlueCommand& command, const data::GlueScore& score) {
  for (const auto& [metric, value] : score.values) {
    const std::string text = value.defined() ? number_text(command, metric, *value.value)
                                             : cat("undefined (", value.undefined_because, ")");
    put(cat(padded(score.set, 8), padded(to_string(metric), 10), padded(text, 8), "  n = ", score.n, "\n"));
  }
}

// Values that a convention decided, or that are not there, are said on standard error, too.
void warn_of(const data::GlueScore& score) {
  for (const auto& [metric, value] : score.values) {
    if (!value.note.empty()) warn(score.set, ": ", value.note);
    if (!value.defined())
      warn(score.set, ": ", to_string(metric), " is undefined: ", value.undefined_because);
  }
}

// The halves of MNLI's dev look alike inside; the file's name tells a mix-up.
void check_half(const data::GlueSet& set, const fs::path& gold) {
  const std::string name = gold.filename().string();
  const bool mismatched = name.find("mismatched") != name.npos;
  const bool matched = !mismatched && name.find("matched") != name.npos;
  check<UsageError>(!(set.name == "MNLI-m" && mismatched), path_text(gold).c_str(),
                    "is the mismatched half by its name, but it is given as MNLI-m; expected mnli-mm");
  check<UsageError>(!(set.name == "MNLI-mm" && matched), path_text(gold).c_str(),
                    "is the matched half by its name, but it is given as MNLI-mm");
}

data::GlueScore score_files(const data::GlueSet& set, const fs::path& predictions, const fs::path& gold) {
  check_half(set, gold);
  const data::GlueValues right = data::read_glue_gold(*set.task, gold);
  const data::GlueValues said = data::read_glue_predictions(*set.task, predictions);
  check<FormatError>(said.size() == right.size(), path_text(predictions).c_str(), "has ", said.size(),
                     " predictions, ", path_text(gold), " has ", right.size(), " examples");
  return data::score_glue(set, said, right);
}

const data::GlueSet& chosen_set(const std::string& task) {
  try {
    return data::glue_set(task);
  } catch (const ArgumentError& error) {
    const std::string message = error.what();
    throw UsageError("score glue", message.substr(error.op().size() + 3));  // behind "[op] "
  }
}

// MNLI may come with both halves: predictions gold, then mismatched predictions gold.
std::vector<data::GlueScore> score_one(const GlueCommand& command) {
  const data::GlueSet& set = chosen_set(command.task);
  const bool halves = data::glue_set("mnli").name == set.name;
  const std::vector<std::string>& files = command.files;
  check<UsageError>(files.size() == 2 || (halves && files.size() == 4), "score glue", set.name,
                    " takes a file of predictions and one of gold labels",
                    halves ? ", and the same for its mismatched half if wanted" : "", "; got ", files.size(),
                    " files");
  check<UsageError>(std::count(files.begin(), files.end(), "-") <= 1, "score glue",
                    "standard input can be one file only");
  std::vector<data::GlueScore> scores{score_files(set, files[0], files[1])};
  if (files.size() == 4) scores.push_back(score_files(data::glue_set("mnli-mm"), files[2], files[3]));
  return scores;
}

// The predictions of a set in a folder: SET.tsv or SET.txt, plain or gzip; empty when there are none.
fs::path find_predictions(const fs::path& folder, const data::GlueSet& set) {
  for (const char* ending : {".tsv", ".tsv.gz", ".txt", ".txt.gz"}) {
    const fs::path path = folder / cat(set.name, ending);
    std::error_code ignored;
    if (fs::exists(path, ignored)) return path;
  }
  return {};
}

std::vector<data::GlueScore> score_all(const GlueCommand& command) {
  check<UsageError>(command.files.size() == 2, "score glue all",
                    "takes the folder of predictions and the folder of GLUE's tasks");
  const fs::path predictions = command.files[0], root = command.files[1];
  for (const fs::path& folder : {predictions, root}) {
    std::error_code ignored;
    check<ResourceError>(fs::is_directory(folder, ignored), path_text(folder).c_str(), "is not a folder");
  }
  std::vector<data::GlueScore> scores;
  for (const data::GlueSet& set : data::glue_sets()) {
    const fs::path said = find_predictions(predictions, set);
    if (said.empty() || !set.dev) continue;
    fs::path gold;
    try {
      gold = data::find_glue_file(root, *set.task, *set.dev);
    } catch (const ResourceError&) {
      warn(set.name, ": ", path_text(said), " is not scored: ", path_text(root), " has no ", set.task->folder,
           "/", set.task->file(*set.dev).name);
      continue;
    }
    scores.push_back(score_files(set, said, gold));
  }
  check<FormatError>(!scores.empty(), path_text(predictions).c_str(), "has no predictions for a dev file of ",
                     path_text(root), "; expected files such as CoLA.tsv, MNLI-m.tsv");
  return scores;
}

void put_averages(const GlueCommand& command, const std::vector<data::GlueScore>& scores) {
  for (const data::GlueAverage& average : data::glue_averages()) {
    const data::MetricValue value = data::average_glue(average, scores).value;
    put(cat("average ", padded(average.name, 14),
            value.defined() ? fixed(*value.value, static_cast<int>(command.digits))
                            : cat("not formed: ", value.undefined_because),
            "\n"));
  }
}

void score_glue(const GlueCommand& command, Program& program) {
  const bool all = command.task == "all";
  const std::vector<data::GlueScore> scores = all ? score_all(command) : score_one(command);
  json sets = json::array();
  for (const data::GlueScore& score : scores) {
    warn_of(score);
    if (!score.any_defined()) program.exit_code = 1;
    if (program.json)
      sets.push_back(describe(score));
    else
      put_score(command, score);
  }
  if (all && !program.json) put_averages(command, scores);
  if (!program.json) return;
  if (!all && sets.size() == 1) return put_json(sets.front());
  json out{{"sets", sets}};
  if (all) {
    out["averages"] = json::array();
    for (const data::GlueAverage& average : data::glue_averages())
      out["averages"].push_back(describe(data::average_glue(average, scores)));
  }
  put_json(out);
}

}  // namespace

void declare_score_glue(CLI::App& parent, Program& program) {
  CLI::App& sub = sub_command(parent, "glue",
                              "GLUE's metrics, equal to scikit-learn and SciPy: accuracy and F1 from 0 to "
                              "100, correlations from -1 to 1. "
                              "Exit code 1 when no metric of a task is defined");
  auto command = std::make_shared<GlueCommand>();
  required(word(sub, "task", command->task,
                "cola, sst-2, mrpc, sts-b, qqp, mnli, mnli-m, mnli-mm, qnli, rte, wnli; or all"));
  required(
      words(sub, "files", command->files,
            "Predictions (a label or score a line, or GLUE's index and prediction) and gold (a labelled file "
            "of the task, or the same forms); for mnli, predictions and gold of the mismatched half may "
            "follow. For all: a folder with CoLA.tsv, MNLI-m.tsv, ... and the folder of GLUE's tasks, whose "
            "dev files are gold"));
  integer_option(sub, "-w,--width", command->digits, 0, 15,
                 "Digits after the point; correlations get two more");
  json_flag(sub, program);
  examples(sub, {"mosaic score glue mrpc predictions.txt glue/MRPC/dev.tsv",
                 "mosaic score glue mnli matched.txt glue/MNLI/dev_matched.tsv mismatched.txt "
                 "glue/MNLI/dev_mismatched.tsv",
                 "mosaic score glue all predictions/ glue/"});
  on_chosen(sub, program, [command, &program] { score_glue(*command, program); });
}

}  // namespace mosaic::apps
