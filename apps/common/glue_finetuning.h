// One fine-tuning of a BERT on one task of GLUE: trained, scored and kept as result.json, from where it was
// interrupted.
#pragma once

#include <filesystem>

#include "apps/common/glue_teacher.h"
#include "apps/common/run.h"

namespace mosaic::apps {

// What all fine-tunings of a task share.
struct GlueFinetuning {
  const GlueSettings& settings;
  const StaticBert& from;  // the model that was given
  const GlueTaskData& data;
  const GlueTeacher* teacher;  // nullptr: none
};

// "pretrained", "random", or the task the given model was fine-tuned on ("MNLI").
std::string glue_start(const GlueSettings& settings, const StaticBert& from);

// Everything the weights that come out depend on.
json glue_identity(const GlueFinetuning& of, const GlueSetting& setting, uint64_t seed);

// RUN/TASK/SETTING-sSEED
std::filesystem::path glue_directory(const Run& run, const data::GlueTask& task, const GlueSetting& setting,
                                     uint64_t seed);

// Fine-tunes with one setting and seed and returns the content of result.json, which is left as it is when
// there is one of the same identity (FormatError when of another). Keys: task, setting, seed, identity,
// scores (data::describe() of each dev set), failed (null, or why training broke off: then there are no
// scores), updates, examples, seconds (of training).
//
// Beside it are dev/SET.txt, the predictions one a line, and, where `keep_model`, the model. While it runs
// there are checkpoints. Throws Interrupted when somebody asks to stop, after a checkpoint.
json finetune_once(Run& run, const GlueFinetuning& of, const GlueSetting& setting, uint64_t seed,
                   bool keep_model);

}  // namespace mosaic::apps
