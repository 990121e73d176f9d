// mosaic finetune: an extracted model, trained further.
#include "apps/commands/commands.h"
#include "apps/commands/finetune_glue.h"
#include "apps/common/finetuning.h"
#include "apps/common/reports.h"
#include "apps/common/train_command.h"
#include "engine/core/file.h"

namespace mosaic::apps {
namespace {

void finetune(const TrainCommand& command, const Program& program) {
  // Not required of the parser: the sub-command has its own.
  check<UsageError>(!command.out.empty(), "--out", "is needed: a run directory");
  const Task task = task_of(command);
  const json config = resolve(command, default_finetune_settings(task));
  FinetuneSettings settings = read_finetune_settings(config, "configuration", task);
  if (settings.train.data == path_text(command.data)) settings.train.data = command.data;  // need not be text
  if (settings.model == path_text(command.model)) settings.model = command.model;
  std::optional<Run> opened;
  const auto train_on = [&](const auto& data) {
    const std::string weights = hash_file(settings.model / "model.safetensors");
    opened.emplace(open_run(command, config, "finetune"));
    opened->manifest({{"command", "finetune"},
                      {"seed", settings.train.seed},
                      {"inputs", {{"data", data.hash()}, {"model", weights}}}});
    return run_finetuning(*opened, settings, data);
  };
  const json result = task == Task::masked_lm ? train_on(open_mlm_data(settings.train.data))
                                              : train_on(open_data(settings.train.data));
  const Run& run = *opened;
  save_json(run.results() / "training.json", result);
  write_report(run.directory());
  say("validation loss ", fixed(result["initial_loss"].get<double>(), 4), " -> ",
      fixed(result["final_loss"].get<double>(), 4), "; model in ", result["model"].get<std::string>());
  if (program.json) put_json(result);
}

}  // namespace

void declare_finetune(CLI::App& app, Program& program) {
  auto command = std::make_shared<TrainCommand>();
  path_option(app, "--model", command->model, "Model directory, as mosaic extract made it");
  training_options(app, *command, false);
  json_flag(app, program);
  examples(app,
           {"mosaic finetune --model models/fast --data data --out runs/fast --set training.updates=2000"});
  on_chosen(app, program, [command, &program] { finetune(*command, program); });
  declare_finetune_glue(app, program, command);
}

}  // namespace mosaic::apps
