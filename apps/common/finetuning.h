// Training an extracted model further, shared by `finetune` and `quickstart`.
#pragma once

#include "apps/common/bert_models.h"
#include "apps/common/models.h"
#include "apps/common/training.h"

namespace mosaic::apps {

// Trains the model of `settings` in the run and saves the better of what it was and what it became, by
// validation loss, as RUN/model. The result has "initial_loss" and "improved" beside a training's keys.
json run_finetuning(Run& run, const FinetuneSettings& settings, const PreparedData& data);
json run_finetuning(Run& run, const FinetuneSettings& settings, const MlmData& data);

}  // namespace mosaic::apps
