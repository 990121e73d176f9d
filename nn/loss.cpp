#include "nn/loss.h"

#include <vector>

#include "engine/autograd/node.h"
#include "engine/ops/ops.h"

namespace mosaic::nn {
namespace {

struct RealTokens {
  std::vector<int32_t> rows, ids;
};

RealTokens real_tokens(const Tensor& targets, int64_t padding) {
  const Tensor local = targets.to(cpu()).dense();
  RealTokens real;
  const auto ids = local.host<int32_t>();
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] == padding) continue;
    real.rows.push_back(static_cast<int32_t>(i));
    real.ids.push_back(ids[i]);
  }
  return real;
}

Tensor ids_of(const std::vector<int32_t>& values, Device device) {
  return Tensor::from(std::span<const int32_t>(values), {static_cast<int64_t>(values.size())}, device);
}

}  // namespace

SequenceLoss token_loss(const Tensor& logits, const Tensor& targets, const LossOptions& options) {
  const double s = options.label_smoothing;
  check<ArgumentError>(s >= 0 && s < 1, "token_loss", "label smoothing must be in [0, 1), got ", s);
  const Tensor each = cross_entropy(logits, targets, s);  // {n}
  SequenceLoss result{.loss = sum(each), .nll = 0, .tokens = targets.numel()};
  if (options.nll) {
    // With l the logits: each = lse - (1 - s) l[t] - s mean(l) and nll = lse - l[t], so
    // nll = each + s (mean(l) - l[t]): no second pass of exponentials.
    const NoGrad quiet;
    result.nll = result.loss.item<double>();
    if (s > 0) result.nll += s * sum(sub(mean(logits, -1), gather(logits, targets))).item<double>();
  }
  return result;
}

SequenceLoss sequence_loss(const Seq2Seq& model, const SequenceBatch& batch, const LossOptions& options,
                           const Context& context) {
  check<ShapeError>(batch.targets.shape() == batch.decoder_input.shape(), "sequence_loss", "targets ",
                    batch.targets.shape(), " and decoder input ", batch.decoder_input.shape(),
                    " must be alike");
  const RealTokens real = real_tokens(batch.targets, model.config().padding);
  check<ArgumentError>(!real.rows.empty(), "sequence_loss", "the targets are all padding");
  Tensor features = model.features(batch.source, batch.decoder_input, context);  // {batch, T, d}
  const Device device = features.device();
  features = reshape(features, {features.dim(0) * features.dim(1), features.dim(2)});
  if (static_cast<int64_t>(real.rows.size()) < features.dim(0)) {
    features = index_select(features, ids_of(real.rows, device));
  }
  return token_loss(model.project(features), ids_of(real.ids, device), options);
}

}  // namespace mosaic::nn
