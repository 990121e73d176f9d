// mosaic finetune glue, a sub-command of its own file.
#pragma once

#include "apps/common/cli.h"
#include "apps/common/train_command.h"

namespace mosaic::apps {

// `parent` is what stands before the word glue: those options are refused, not lost.
void declare_finetune_glue(CLI::App& app, Program& program, std::shared_ptr<const TrainCommand> parent);

}  // namespace mosaic::apps
