#include "nas/model_loss.h"

#include <cmath>

#include "engine/autograd/node.h"

namespace mosaic::nas {

void LossSums::add(const LossSums& other) {
  loss += other.loss;
  nll += other.nll;
  tokens += other.tokens;
}

json LossSums::to_json() const {
  return {{"loss", mean()},
          {"loss_base2", mean() / std::log(2.0)},
          {"nll", nll_mean()},
          {"perplexity", std::exp(nll_mean())},
          {"tokens", tokens}};
}

LossSums evaluate(const nn::Seq2Seq& model, const std::vector<nn::SequenceBatch>& batches,
                  double label_smoothing) {
  check(!batches.empty(), "evaluate", "there are no batches");
  const NoGrad quiet;
  LossSums sums;
  for (const nn::SequenceBatch& batch : batches) {
    const nn::SequenceLoss loss = nn::sequence_loss(model, batch, {.label_smoothing = label_smoothing});
    sums.add({loss.loss.item<double>(), loss.nll, loss.tokens});
  }
  return sums;
}

Evaluator::Function supernet_score(mos::Supernet& supernet, const std::vector<nn::SequenceBatch>& batches,
                                   double label_smoothing) {
  return [&supernet, &batches, label_smoothing](const mos::Arch& arch) {
    const NoGrad quiet;
    const LossSums sums = evaluate(supernet.select(arch).model(), batches, label_smoothing);
    return Score{.loss = sums.mean(),
                 .measures = {{"nll", sums.nll_mean()}, {"perplexity", std::exp(sums.nll_mean())}}};
  };
}

mos::SelectionLoss selection_loss(const std::vector<nn::SequenceBatch>& batches, double label_smoothing) {
  return [&batches, label_smoothing](mos::Selection& selection) {
    return evaluate(selection.model(), batches, label_smoothing).mean();
  };
}

}  // namespace mosaic::nas
