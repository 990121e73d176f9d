// The loss of a model over a data set, and of a supernet's architectures for searches and diagnostics.
#pragma once

#include <vector>

#include "mos/diagnostics.h"
#include "nas/evaluator.h"
#include "nn/loss.h"

namespace mosaic::nas {

// Sums over tokens, in nats.
struct LossSums {
  double loss = 0, nll = 0;  // label-smoothed, and -log p of the targets
  int64_t tokens = 0;
  double mean() const { return loss / static_cast<double>(tokens); }
  double nll_mean() const { return nll / static_cast<double>(tokens); }
  void add(const LossSums& other);
  json to_json() const;  // loss, loss_base2 (as HAT logs), nll, perplexity, tokens
};

// Evaluation mode, nothing recorded. ArgumentError when there are no batches.
LossSums evaluate(const nn::Seq2Seq& model, const std::vector<nn::Batch>& batches,
                  double label_smoothing = 0.1);
LossSums evaluate(const nn::Bert& model, const std::vector<nn::Batch>& batches, double label_smoothing = 0);

// For an Evaluator: scores an architecture with the supernet's weights, in nats a token; measures "nll" and
// "perplexity" (of masked tokens for BERT). Supernet and batches must outlive the function.
Evaluator::Function supernet_score(mos::Supernet& supernet, const std::vector<nn::Batch>& batches,
                                   double label_smoothing = 0.1);
Evaluator::Function supernet_score(mos::SuperBert& supernet, const std::vector<nn::Batch>& batches,
                                   double label_smoothing = 0);

// For mos::route_swap: the mean loss a token of any selected model (mos::SelectionLoss, BertSelectionLoss).
inline auto selection_loss(const std::vector<nn::Batch>& batches, double label_smoothing = 0) {
  return [&batches, label_smoothing](auto& selection) {
    return evaluate(selection.model(), batches, label_smoothing).mean();
  };
}

}  // namespace mosaic::nas
