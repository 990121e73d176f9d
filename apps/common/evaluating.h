// Scores of a model on sentence pairs.
#pragma once

#include "apps/common/prepared.h"
#include "apps/common/sentences.h"

namespace mosaic::apps {

struct Evaluation {
  std::vector<std::string> hypotheses;
  json scores;  // bleu, sacrebleu, signature, loss, perplexity, sentences, tokens_per_second
};

// Translates every source and scores against the targets; loss is nats a target token without label
// smoothing.
Evaluation evaluate_model(const nn::Seq2Seq& model, const data::Subwords& subwords,
                          const std::vector<data::SentencePair>& pairs, const TranslateOptions& options,
                          const std::string& label = "evaluate");

}  // namespace mosaic::apps
