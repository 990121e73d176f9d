#include "apps/common/evaluating.h"

#include <cmath>

namespace mosaic::apps {

Evaluation evaluate_model(const nn::Seq2Seq& model, const data::Subwords& subwords,
                          const std::vector<data::SentencePair>& pairs, const TranslateOptions& options,
                          const std::string& label) {
  std::vector<std::string> sources, references;
  for (const data::SentencePair& pair : pairs) {
    sources.push_back(pair.source);
    references.push_back(pair.target);
  }
  Translations done = translate_lines(model, subwords, sources, options, label);
  const double loss =
      nas::evaluate(model, validation_batches(data::encode_pairs(subwords, pairs), {.drop_long = true}), 0)
          .nll_mean();
  json scores = bleu_scores(done.lines, references);
  scores["loss"] = loss;
  scores["perplexity"] = std::exp(loss);
  scores["sentences"] = pairs.size();
  scores["tokens_per_second"] = done.seconds > 0 ? static_cast<double>(done.tokens) / done.seconds : 0;
  return {.hypotheses = std::move(done.lines), .scores = std::move(scores)};
}

}  // namespace mosaic::apps
