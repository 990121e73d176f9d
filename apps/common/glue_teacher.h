// A fine-tuned model whose logits another one learns from.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/common/glue_data.h"

namespace mosaic::apps {

struct GlueTeacher {
  std::string weights;        // hash
  std::vector<float> logits;  // {examples of the training set, outputs}, labels in the task's order
};

// The folder of a task's fine-tuned model in `directory`: DIRECTORY/TASK/model when that is there (a run of
// finetune glue), else itself.
std::filesystem::path glue_model_in(const std::filesystem::path& directory, const data::GlueTask& task);

// Runs settings.teacher over the training set, with its own word pieces; labels are matched by name.
// FormatError for the model of another task or with other labels, UsageError when its positions are too few.
GlueTeacher teach_glue(const GlueSettings& settings, const data::GlueTask& task);
// The same refusals without running it.
void check_glue_teacher(const GlueSettings& settings, const data::GlueTask& task);

}  // namespace mosaic::apps
