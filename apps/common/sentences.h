// Sentences between text, ids and tensors: batches for losses, translations of lines, scores of test sets.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "apps/common/batches.h"
#include "apps/common/prepared.h"
#include "apps/common/settings.h"
#include "data/text/subwords.h"
#include "nn/decode/decode.h"

namespace mosaic::apps {

nn::SequenceBatch to_tensors(const data::Batch& batch);

// All examples in batches from short to long, for losses. Examples that are too long are left out with a
// warning.
std::vector<nn::Batch> validation_batches(const std::vector<data::Example>& examples,
                                          const data::BatchOptions& options);

// Those of a data directory's validation pairs, or of the first `limit` (0: all).
std::vector<nn::Batch> validation_set(const PreparedData& data, const data::BatchOptions& options,
                                      int64_t limit);

// The batches of a data::BatchPlan as updates of about equal token counts.
class PlannedBatches final : public UpdateSource {
 public:
  // identity: what the cursor belongs to; a cursor of other data is refused.
  PlannedBatches(std::vector<data::Example> examples, const data::BatchOptions& options,
                 int64_t tokens_per_update, const Generator& random, std::string identity);

  std::vector<nn::Batch> next() override;
  json cursor() const override;
  void seek(const json& cursor) override;

  const data::BatchPlan& plan() const { return plan_; }

 private:
  std::vector<data::Example> examples_;
  data::BatchPlan plan_;
  int64_t tokens_per_update_;
  std::string identity_;
  data::DataPosition position_;
};

struct TranslateOptions {
  std::string method = "beam";  // "beam", "greedy", "sample"
  DecodingSettings decoding;
  double temperature = 1;
  int64_t top_k = 0;
  uint64_t seed = 1;
  int64_t rows = 64;       // sentences decoded together
  int64_t min_length = 1;  // tokens before which no sentence ends
};
// The best hypothesis (or draw) of each source, ids with the end token; progress(done) after each batch.
// Throws Interrupted when somebody asks to stop.
std::vector<nn::Hypothesis> decode_sources(const nn::Seq2Seq& model,
                                           const std::vector<std::vector<int32_t>>& sources,
                                           const TranslateOptions& options,
                                           const std::function<void(int64_t)>& progress = {});

struct Translations {
  std::vector<std::string> lines;
  std::vector<double> scores;  // length-normalised log probabilities
  int64_t tokens = 0;          // generated, ends included
  double seconds = 0;
};
// Each line on its own; empty lines stay empty. Throws Interrupted when somebody asks to stop.
Translations translate_lines(const nn::Seq2Seq& model, const data::Subwords& subwords,
                             const std::vector<std::string>& lines, const TranslateOptions& options,
                             const std::string& label = "translate");

// bleu (white-space tokens, cased, multi-bleu), sacrebleu (13a), signature.
json bleu_scores(const std::vector<std::string>& hypotheses, const std::vector<std::string>& references);

}  // namespace mosaic::apps
