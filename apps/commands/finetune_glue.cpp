// mosaic finetune glue: a pretrained BERT, fine-tuned on GLUE's tasks and scored.
#include "apps/commands/finetune_glue.h"

#include <algorithm>
#include <limits>

#include "apps/common/glue_results.h"
#include "apps/common/glue_run.h"
#include "apps/common/glue_teacher.h"
#include "apps/common/reports.h"

namespace mosaic::apps {
namespace {

struct GlueCommand {
  GlueSettings settings;
  std::filesystem::path out;
  std::vector<std::string> tasks;
  std::string lr, batch, epochs, grid, save_model = "best";
  int64_t seed = 1;
  bool resume = false, force = false;
};

template <class Parse>
auto list_of(const std::string& text, const Parse& parse) {
  std::vector<decltype(parse(text))> values;
  for (const std::string& part : split(text, ',')) {
    const auto value = parse(part);
    if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
  }
  return values;
}

void read_grid(const GlueCommand& command, GlueSettings& settings) {
  const bool listed = !command.lr.empty() || !command.batch.empty() || !command.epochs.empty();
  check<UsageError>(command.grid.empty() || !listed, "--grid", "excludes --lr, --batch and --epochs");
  if (!command.grid.empty()) return use_paper_grid(settings);
  const auto whole = [](const char* name) {
    return [name](const std::string& text) { return parse_integer(text, name, 1, 1 << 20); };
  };
  const auto rate = [](const std::string& text) { return parse_number(text, "--lr", 1e-12, 1); };
  if (!command.lr.empty()) settings.lr = list_of(command.lr, rate);
  if (!command.batch.empty()) settings.batch = list_of(command.batch, whole("--batch"));
  if (!command.epochs.empty()) settings.epochs = list_of(command.epochs, whole("--epochs"));
}

GlueSettings settings_of(const GlueCommand& command) {
  GlueSettings settings = command.settings;
  settings.tasks = glue_tasks_named(command.tasks);
  settings.seed = static_cast<uint64_t>(command.seed);
  settings.save_model = command.save_model == "best";
  read_grid(command, settings);
  check_glue_settings(settings);
  return settings;
}

// What can be refused before the run directory is made.
json check_models(const GlueSettings& settings) {
  const StaticBert from = open_bert(settings.model);
  check_positions(from.model->config(), settings.max_length, settings.model);
  if (!settings.teacher.empty())
    for (const data::GlueTask* task : settings.tasks) check_glue_teacher(settings, *task);
  return {{"model", from.hash}, {"vocabulary", from.wordpiece.hash()}};
}

void finetune_glue(const GlueCommand& command, const TrainCommand& parent, Program& program) {
  check<UsageError>(parent.model.empty() && parent.data.empty() && parent.out.empty(), "finetune glue",
                    "takes its options behind the word glue");
  check<UsageError>(!command.resume || !command.force, "--resume", "and --force exclude each other");
  const GlueSettings settings = settings_of(command);
  const json inputs = check_models(settings);
  Run run = Run::open(command.out, settings.to_json(),
                      {.command = "finetune glue",
                       .existing = command.resume  ? Existing::resume
                                   : command.force ? Existing::overwrite
                                                   : Existing::refuse,
                       .may_change = changeable_glue_settings()});
  run.manifest({{"command", "finetune glue"}, {"seed", settings.seed}, {"inputs", inputs}});
  run.rewind_log(std::numeric_limits<int64_t>::max());  // ends with a whole line
  const json results = run_glue(run, settings);
  write_report(run.directory());
  for (const json& task : results["tasks"])
    if (!glue_defined(task)) program.exit_code = 1;  // as mosaic score glue has it
  if (program.json)
    put_json(results);
  else
    put(glue_table(results));
}

void grid_options(CLI::App& sub, GlueCommand& command) {
  text_option(sub, "--lr", command.lr, "Peak learning rates, as 5e-5,3e-5,2e-5 [5e-05]");
  text_option(sub, "--batch", command.batch, "Examples of an update, as 16,32 [32]");
  text_option(sub, "--epochs", command.epochs, "Epochs, as 2,3,4 [3]");
  choice_option(sub, "--grid", command.grid, {"paper"},
                "Instead of these: 5e-5,3e-5,2e-5 x 16,32 x 2,3,4, the 18 settings of Mixture-of-Supernets");
  integer_option(sub, "--seed", command.seed, 0, INT64_MAX / 2, "Of everything random");
  integer_option(sub, "--seeds", command.settings.seeds, 1, 1000,
                 "So many successive seeds for every setting");
}

void training_options(CLI::App& sub, GlueSettings& settings) {
  integer_option(sub, "--max-length", settings.max_length, 5, 1 << 16,
                 "Tokens of an input; of a pair the longer text is cut first");
  number_option(sub, "--dropout", settings.dropout, 0, 0.999, "Of embeddings, sublayers and classifier");
  number_option(sub, "--weight-decay", settings.weight_decay, 0, 1e3, "Of matrices");
  number_option(sub, "--warmup-share", settings.warmup_share, 0, 0.999,
                "Share of the updates in which the learning rate rises; then it falls to 0");
  path_option(sub, "--teacher", settings.teacher,
              "Learn from the logits of this model, too: one fine-tuned on the task, or a run that made it");
  number_option(sub, "--teacher-weight", settings.teacher_weight, 0, 1, "The teacher's share of the loss");
  number_option(sub, "--teacher-temperature", settings.teacher_temperature, 1e-3, 1e3,
                "What logits are divided by for it");
  flag(sub, "--random-init", settings.random_init,
       "Start from random weights of the model's architecture, as a baseline");
  integer_option(sub, "--save-every", settings.save_every, 1, INT64_MAX / 2,
                 "Updates between checkpoints inside a fine-tuning");
}

}  // namespace

void declare_finetune_glue(CLI::App& app, Program& program, std::shared_ptr<const TrainCommand> parent) {
  CLI::App& sub =
      sub_command(app, "glue",
                  "Fine-tunes a BERT on tasks of GLUE, over a grid of settings and seeds, and scores "
                  "it; keeps every result, the best model and the predictions for the test server. Exit code "
                  "1 when a task's metric is not defined");
  auto command = std::make_shared<GlueCommand>();
  GlueSettings& settings = command->settings;
  required(path_option(sub, "--model", settings.model,
                       "BERT directory to start from; of a fine-tuned one the encoder is taken"));
  texts_option(sub, "--task", command->tasks,
               "cola, sst-2, mrpc, sts-b, qqp, mnli, qnli, rte, wnli, or all; may be repeated");
  path_option(sub, "--glue", settings.glue, "Folder that holds the folders of GLUE's tasks");
  path_option(sub, "--train-file", settings.train_file, "Of one task, instead of the folder's");
  path_option(sub, "--dev-file", settings.dev_file, "Of one task, instead of the folder's");
  required(path_option(sub, "-o,--out", command->out, "Run directory"));
  grid_options(sub, *command);
  training_options(sub, settings);
  choice_option(sub, "--save-model", command->save_model, {"best", "none"},
                "The model of each task's best setting, first seed, as RUN/TASK/model");
  flag(sub, "--resume", command->resume,
       "Go on with the run in the directory; tasks, grid and seeds may grow");
  flag(sub, "--force", command->force, "Delete the run in the directory and begin anew");
  threads_option(sub);
  device_option(sub);
  json_flag(sub, program);
  examples(sub,
           {"mosaic finetune glue --model models/bert --task rte --glue glue --out runs/rte",
            "mosaic finetune glue --model models/bert --task all --glue glue --grid paper --seeds 3 --out "
            "runs/glue --resume",
            "mosaic finetune glue --model runs/mnli/MNLI/model --task rte --task mrpc --glue glue --out "
            "runs/from-mnli"});
  on_chosen(sub, program, [command, parent, &program] { finetune_glue(*command, *parent, program); });
}

}  // namespace mosaic::apps
