// mosaic train: a supernet, or one architecture from scratch.
#include "apps/commands/commands.h"
#include "apps/common/reports.h"
#include "apps/common/train_command.h"
#include "apps/common/training.h"

namespace mosaic::apps {
namespace {

void train(const TrainCommand& command, const Program& program) {
  const Task task = task_of(command);
  const json config = resolve(command, default_settings(task));
  TrainSettings settings = read_settings(config, "configuration", task);
  if (settings.data == path_text(command.data)) settings.data = command.data;  // a path need not be text
  if (settings.init == path_text(command.init)) settings.init = command.init;
  std::optional<Run> opened;
  const auto train_on = [&](const auto& data) {
    opened.emplace(open_run(command, config, "train"));
    opened->manifest({{"command", "train"}, {"seed", settings.seed}, {"inputs", {{"data", data.hash()}}}});
    return train_model(*opened, settings, data);
  };
  const TrainingResult result =
      task == Task::masked_lm ? train_on(open_mlm_data(settings.data)) : train_on(open_data(settings.data));
  const Run& run = *opened;
  json out = result.to_json();
  const std::filesystem::path kept = run.results() / "training.json";
  if (result.rested && std::filesystem::exists(kept))
    out = load_json(kept);  // with the speed that was measured while it trained
  else
    save_json(kept, out);
  write_report(run.directory());
  say(result.reason, " after ", result.updates, " updates and ", duration_text(result.seconds),
      "; best validation loss ", fixed(result.best_loss, 4), "; report in ", run.report().string());
  if (program.json) put_json(out);
}

}  // namespace

void declare_train(CLI::App& app, Program& program) {
  auto command = std::make_shared<TrainCommand>();
  training_options(app, *command, true);
  json_flag(app, program);
  examples(app,
           {"mosaic train --recipe tiny --data data --out runs/neuron",
            "mosaic train --recipe multi30k-tiny --data multi30k --out runs/standalone --max-time 60m",
            "mosaic train --recipe bert-tiny --method sandwich --data text --out runs/bert --max-time 40m",
            "mosaic train --resume --out runs/neuron"});
  on_chosen(app, program, [command, &program] { train(*command, program); });
}

}  // namespace mosaic::apps
