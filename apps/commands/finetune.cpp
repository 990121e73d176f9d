// mosaic finetune: an extracted model, trained further.
#include "apps/commands/commands.h"
#include "apps/common/finetuning.h"
#include "apps/common/reports.h"
#include "apps/common/train_command.h"
#include "engine/core/file.h"

namespace mosaic::apps {
namespace {

void finetune(const TrainCommand& command, const Program& program) {
  const json config = resolve(command, default_finetune_settings());
  FinetuneSettings settings = read_finetune_settings(config, "configuration");
  if (settings.train.data == path_text(command.data)) settings.train.data = command.data;  // need not be text
  if (settings.model == path_text(command.model)) settings.model = command.model;
  const PreparedData data = open_data(settings.train.data);
  const std::string weights = hash_file(settings.model / "model.safetensors");
  Run run = open_run(command, config, "finetune");
  run.manifest({{"command", "finetune"},
                {"seed", settings.train.seed},
                {"inputs", {{"data", data.hash()}, {"model", weights}}}});
  const json result = run_finetuning(run, settings, data);
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
}

}  // namespace mosaic::apps
