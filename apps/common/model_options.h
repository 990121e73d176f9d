// The options by which `translate` and `evaluate` are told a model and how to decode.
#pragma once

#include "apps/common/bert_models.h"
#include "apps/common/cli.h"
#include "apps/common/models.h"
#include "apps/common/sentences.h"

namespace mosaic::apps {

struct ModelCommand {
  std::filesystem::path model, run;
  std::string arch, checkpoint = "best", method = "beam";
  std::optional<int64_t> beam, max_length;
  std::optional<double> length_penalty;
  double temperature = 1;
  int64_t top_k = 0, seed = 1, rows = 64;
};

void model_options(CLI::App& app, ModelCommand& command);
// A static model, or an architecture extracted from a supernet.
StaticModel open(const ModelCommand& command);
// Whether the command names a BERT, and that BERT.
bool is_bert(const ModelCommand& command);
StaticBert open_static_bert(const ModelCommand& command);
TranslateOptions translate_options(const ModelCommand& command, const ModelFacts& facts);

}  // namespace mosaic::apps
