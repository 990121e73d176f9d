// All of `mosaic finetune glue`: tasks, grid, seeds, the best setting's model and its test predictions.
#pragma once

#include "apps/common/glue_settings.h"
#include "apps/common/run.h"

namespace mosaic::apps {

// Fine-tunes everything the settings ask for, leaving out what the run has done already, and returns the
// content of results/glue.json: {"model", "weights", "start", "random_init", "tasks": [...], "averages",
// "seconds"} (glue_results.h).
//
//   RUN/TASK/SETTING-sSEED/result.json, dev/SET.txt   every fine-tuning
//   RUN/TASK/model                                    the best setting's, first seed
//   RUN/TASK/test/SET.tsv                             its predictions for the test server
//   RUN/results/glue.json
//
// Throws Interrupted when somebody asks to stop; nothing that is finished is done again.
json run_glue(Run& run, const GlueSettings& settings);

}  // namespace mosaic::apps
