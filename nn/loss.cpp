#include "nn/loss.h"

#include <vector>

#include "engine/autograd/node.h"
#include "engine/ops/half.h"
#include "engine/ops/ops.h"

namespace mosaic::nn {
namespace {

void check_teacher(const Tensor& logits, const Tensor& teacher) {
  check<ShapeError>(teacher.shape() == logits.shape(), "distillation", "the teacher's logits ",
                    teacher.shape(), " must have the shape of the student's ", logits.shape());
}

// T^2 * sum(-softmax(teacher / T) * log_softmax(logits / T)); no gradient reaches the teacher.
Tensor soft_cross_entropy(const Tensor& logits, const LossOptions& options) {
  const double t = options.temperature;
  check<ArgumentError>(t > 0, "distillation", "the temperature must be above 0, got ", t);
  check_teacher(logits, options.teacher);
  const Tensor wanted = softmax(mul(widened(options.teacher.detach().to(logits.device())), 1 / t));
  return mul(sum(mul(wanted, log_softmax(mul(widened(logits), 1 / t)))), -t * t);
}

Tensor distilled(const Tensor& hard, const Tensor& soft, const LossOptions& options) {
  const double w = options.teacher_weight;
  check<ArgumentError>(w >= 0 && w <= 1, "distillation", "the teacher's weight must be in [0, 1], got ", w);
  return add(mul(hard, 1 - w), mul(soft, w));
}

void check_smoothing(double smoothing) {
  check<ArgumentError>(smoothing >= 0 && smoothing < 1, "token_loss",
                       "label smoothing must be in [0, 1), got ", smoothing);
}

}  // namespace

BatchLoss token_loss(const Tensor& logits, const Tensor& targets, const LossOptions& options) {
  const double s = options.label_smoothing;
  check_smoothing(s);
  const Tensor wanted = targets.to(logits.device());
  const Tensor each = cross_entropy(logits, wanted, s);  // {n}
  BatchLoss result{.loss = sum(each), .nll = 0, .tokens = targets.numel(), .logits = logits};
  if (options.nll) {
    // With l the logits: each = lse - (1 - s) l[t] - s mean(l) and nll = lse - l[t], so
    // nll = each + s (mean(l) - l[t]): no second pass of exponentials.
    const NoGrad quiet;
    result.nll = result.loss.item<double>();
    if (s > 0) {
      const Tensor full = widened(logits);
      result.nll += s * sum(sub(mean(full, -1), gather(full, wanted))).item<double>();
    }
  }
  if (options.teacher.defined())
    result.loss = distilled(result.loss, soft_cross_entropy(logits, options), options);
  return result;
}

BatchLoss token_loss(const OutputLayer& output, const Tensor& targets, const LossOptions& options) {
  const Scope scope(output.module);
  if (options.logits || options.teacher.defined()) return token_loss(output.logits(), targets, options);
  check_smoothing(options.label_smoothing);
  const SummedLoss summed =
      linear_cross_entropy(output.features, output.weight, output.bias, targets.to(output.features.device()),
                           options.label_smoothing, options.nll);
  return {.loss = summed.loss,
          .nll = options.nll ? summed.nll.item<double>() : 0,
          .tokens = targets.numel(),
          .logits = {}};
}

BatchLoss score_loss(const Tensor& outputs, const Tensor& targets, const LossOptions& options) {
  check<ShapeError>(outputs.rank() == 2 && outputs.dim(1) == 1 && targets.shape() == Shape{outputs.dim(0)},
                    "score_loss", "outputs must be {n, 1} and targets {n}, got ", outputs.shape(), " and ",
                    targets.shape());
  const Tensor error = squeeze(widened(outputs), 1) - targets.to(outputs.device());
  BatchLoss result{.loss = sum(square(error)), .nll = 0, .tokens = targets.numel(), .logits = outputs};
  if (options.nll) result.nll = result.loss.item<double>();
  if (options.teacher.defined()) {
    check_teacher(outputs, options.teacher);
    result.loss = distilled(
        result.loss, sum(square(widened(outputs) - widened(options.teacher.to(outputs.device())))), options);
  }
  return result;
}

BatchLoss sequence_loss(const Seq2Seq& model, const SequenceBatch& batch, const LossOptions& options,
                        const Context& context) {
  check<ShapeError>(batch.targets.shape() == batch.decoder_input.shape(), "sequence_loss", "targets ",
                    batch.targets.shape(), " and decoder input ", batch.decoder_input.shape(),
                    " must be alike");
  const int64_t padding = model.config().padding;
  const Device device = model.device();
  const std::vector<int64_t> lengths = lengths_of(batch.targets, padding);
  const Tensor targets = packed(batch.targets, lengths, device);  // {1, tokens}
  check<ArgumentError>(targets.numel() > 0, "sequence_loss", "the targets are all padding");
  const PackedTokens source = packed_tokens(batch.source, lengths_of(batch.source, padding), device);
  const Tensor features =
      model.features(source, packed_tokens(batch.decoder_input, lengths, device), context);  // {1, tokens, d}
  return token_loss(model.output_layer(squeeze(features, 0)), squeeze(targets, 0), options);
}

BatchLoss masked_loss(const Bert& model, const MaskedBatch& batch, const LossOptions& options,
                      const Context& context) {
  check<ArgumentError>(batch.targets.numel() > 0, "masked_loss", "there is no token to guess");
  const Tensor encoded = model.encode({.ids = batch.ids, .types = {}, .mask = {}}, context);
  return token_loss(model.mlm_output(encoded, batch.places), batch.targets, options);
}

BatchLoss labelled_loss(const Bert& model, const LabelledBatch& batch, const LossOptions& options,
                        const Context& context) {
  LossOptions with_teacher = options;
  if (batch.teacher.defined()) with_teacher.teacher = batch.teacher;
  const PackedBertInput input = model.pack(batch.input);
  const Tensor logits = model.classify(model.encode(input, context), input.tokens.segments, context);
  return batch.targets.dtype() == i32 ? token_loss(logits, batch.targets, with_teacher)
                                      : score_loss(logits, batch.targets, with_teacher);
}

BatchLoss batch_loss(const Seq2Seq& model, const Batch& batch, const LossOptions& options,
                     const Context& context) {
  const auto* sequences = std::get_if<SequenceBatch>(&batch);
  check<ArgumentError>(sequences != nullptr, "batch_loss", "a translation model needs sentence pairs");
  return sequence_loss(model, *sequences, options, context);
}

BatchLoss batch_loss(const Bert& model, const Batch& batch, const LossOptions& options,
                     const Context& context) {
  if (const auto* masked = std::get_if<MaskedBatch>(&batch))
    return masked_loss(model, *masked, options, context);
  const auto* labelled = std::get_if<LabelledBatch>(&batch);
  check<ArgumentError>(labelled != nullptr, "batch_loss", "a BERT needs masked or labelled texts");
  return labelled_loss(model, *labelled, options, context);
}

}  // namespace mosaic::nn
