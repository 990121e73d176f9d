// Options that `train`, `finetune` and `quickstart` share, from a command line to an open run.
#pragma once

#include "apps/common/cli.h"
#include "apps/common/config.h"
#include "apps/common/run.h"
#include "apps/common/settings.h"

namespace mosaic::apps {

struct TrainCommand {
  ConfigSources sources;
  std::string method;  // train only
  std::filesystem::path out, data, model, init;
  std::optional<int64_t> seed;
  std::optional<double> max_time;
  bool resume = false, force = false, allow_changes = false, trial = false;
};

// Declares them; --method, --init and a required --out only where `with_method` (finetune, which has a
// sub-command, checks --out itself).
void training_options(CLI::App& app, TrainCommand& command, bool with_method);
// The task of the data directory that the command line, its configuration file or the saved run names;
// without any, that of the recipe.
Task task_of(const TrainCommand& command);
// The configuration of the command line over the defaults. A resumed run keeps its saved configuration, with
// what the command line says laid over it.
json resolve(const TrainCommand& command, const json& defaults);
// Opens the run directory as the flags say.
Run open_run(const TrainCommand& command, const json& config, const std::string& name);

}  // namespace mosaic::apps
