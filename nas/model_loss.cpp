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

namespace {

template <class Model>
LossSums evaluate_model(const Model& model, const std::vector<nn::Batch>& batches, double label_smoothing) {
  check(!batches.empty(), "evaluate", "there are no batches");
  const NoGrad quiet;
  LossSums sums;
  for (const nn::Batch& batch : batches) {
    const nn::BatchLoss loss = nn::batch_loss(model, batch, {.label_smoothing = label_smoothing});
    sums.add({loss.loss.template item<double>(), loss.nll, loss.tokens});
  }
  return sums;
}

template <class Super>
Evaluator::Function score_of(Super& supernet, const std::vector<nn::Batch>& batches, double label_smoothing) {
  return [&supernet, &batches, label_smoothing](const mos::Arch& arch) {
    const NoGrad quiet;
    const LossSums sums = evaluate(supernet.select(arch).model(), batches, label_smoothing);
    return Score{.loss = sums.mean(),
                 .measures = {{"nll", sums.nll_mean()}, {"perplexity", std::exp(sums.nll_mean())}}};
  };
}

}  // namespace

LossSums evaluate(const nn::Seq2Seq& model, const std::vector<nn::Batch>& batches, double label_smoothing) {
  return evaluate_model(model, batches, label_smoothing);
}
LossSums evaluate(const nn::Bert& model, const std::vector<nn::Batch>& batches, double label_smoothing) {
  return evaluate_model(model, batches, label_smoothing);
}

Evaluator::Function supernet_score(mos::Supernet& supernet, const std::vector<nn::Batch>& batches,
                                   double label_smoothing) {
  return score_of(supernet, batches, label_smoothing);
}
Evaluator::Function supernet_score(mos::SuperBert& supernet, const std::vector<nn::Batch>& batches,
                                   double label_smoothing) {
  return score_of(supernet, batches, label_smoothing);
}

}  // namespace mosaic::nas
