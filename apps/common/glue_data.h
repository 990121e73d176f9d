// GLUE's tasks as tensors: encoded files, updates of labelled batches, predictions of a model.
#pragma once

#include <string>
#include <vector>

#include "apps/common/batches.h"
#include "apps/common/bert_models.h"
#include "apps/common/glue_settings.h"
#include "data/glue/batches.h"

namespace mosaic::apps {

// One set that is predicted: its examples with or without right answers.
struct GlueEvaluation {
  const data::GlueSet* set = nullptr;
  data::GlueInputs inputs;
};

struct GlueTaskData {
  const data::GlueTask* task = nullptr;
  data::GlueInputs train;
  std::vector<GlueEvaluation> dev;   // MNLI: matched, and mismatched when the file is there
  std::vector<GlueEvaluation> test;  // those that are there; with MNLI's also AX
  // Of the examples in each file, and how many were cut to the longest input.
  json facts() const;
};

// Reads and encodes the files of a task. The readers' errors ("file:line").
GlueTaskData open_glue_task(const GlueSettings& settings, const data::GlueTask& task,
                            const data::WordPiece& wordpiece);
// The training set alone, for a teacher with word pieces of its own.
data::GlueInputs open_glue_training(const GlueSettings& settings, const data::GlueTask& task,
                                    const data::WordPiece& wordpiece);

// Outputs of a model for a task: its labels, or the score of a regression.
int64_t glue_outputs(const data::GlueTask& task);

nn::LabelledBatch to_tensors(const data::GlueBatch& batch);

// Epochs of shuffled examples, a batch an update. `identity` is the cursor's. A teacher's logits {examples,
// outputs} come with each batch; nullptr: none. Inputs and logits must outlive this.
class GlueUpdates final : public UpdateSource {
 public:
  GlueUpdates(const data::GlueInputs& inputs, int64_t rows, const Generator& random,
              const std::vector<float>* teacher, std::string identity);
  std::vector<nn::Batch> next() override;
  json cursor() const override;
  void seek(const json& cursor) override;
  int64_t batches() const { return plan_.batches(); }  // of an epoch

 private:
  Tensor teacher_logits(const std::vector<int64_t>& indices) const;

  const data::GlueInputs& inputs_;
  data::GluePlan plan_;
  const std::vector<float>* teacher_;
  std::string identity_;
  data::DataPosition position_;
};

// Logits {examples, outputs} in the order of the examples, in evaluation mode. NonFiniteError when one is not
// finite, Interrupted when somebody asks to stop.
std::vector<float> glue_logits(const nn::Bert& model, const data::GlueInputs& inputs);
// The largest of the logits (the first of equals), or the score.
data::GlueValues glue_predictions(const nn::Bert& model, const data::GlueInputs& inputs);

// UsageError, with both numbers, unless the model at `where` reads rows of max_length.
void check_positions(const nn::BertConfig& config, int64_t max_length, const std::filesystem::path& where);

}  // namespace mosaic::apps
