#include "nn/models/transformer.h"

#include <cmath>

#include "engine/autograd/node.h"

namespace mosaic::nn {
namespace {

constexpr int64_t first_position = 2;  // rows 0 and 1 of the table belong to no token

TransformerConfig validated(const TransformerConfig& config) {
  config.validate();
  return config;
}

void check_ids(const char* op, const Tensor& ids, int rank) {
  check<DtypeError>(ids.dtype() == i32, op, "token ids must be i32, got ", ids.dtype());
  check<ShapeError>(ids.rank() == rank && ids.numel() > 0, op, "token ids must have ", rank,
                    " axes and not be empty, got ", ids.shape());
}

// Where layers begin: embeddings with their positions, {..., width}.
Tensor placed(const Tensor& rows, const Tensor& sinusoids, double dropout, const Context& context) {
  return nn::dropout(in_precision(add(rows, sinusoids), context), dropout, context);
}

}  // namespace

Tensor token_mask(const Tensor& ids, int64_t padding) {
  const Tensor padded =
      equal(ids, Tensor::full({1}, static_cast<double>(padding), ids.dtype(), ids.device()));
  return equal(padded, Tensor::zeros({1}, u8, ids.device()));
}

Seq2Seq::Seq2Seq(const TransformerConfig& config, std::shared_ptr<const SinusoidalPositions> positions)
    : config_(validated(config)), positions_(std::move(positions)), encoder_(config_), decoder_(config_) {
  if (!positions_) positions_ = std::make_shared<SinusoidalPositions>(config_.positions());
  check<ArgumentError>(positions_->width() == config_.positions(), "Seq2Seq",
                       "the shared position table has ", positions_->width(), " channels, position_width is ",
                       config_.positions());
  if (config_.share_embeddings) {
    shared_.emplace(Embedding::Options{
        .rows = config_.source_vocabulary, .width = config_.embedding_width(), .padding = config_.padding});
  } else {
    source_.emplace(Embedding::Options{
        .rows = config_.source_vocabulary, .width = config_.encoder.embed, .padding = config_.padding});
    target_.emplace(Embedding::Options{
        .rows = config_.target_vocabulary, .width = config_.decoder.embed, .padding = config_.padding});
  }
}

Seq2Seq::Seq2Seq(const TransformerConfig& config, Generator& rng) : Seq2Seq(config) {
  initialise(*this, next_stream(rng));
}

void Seq2Seq::visit(Visitor& v) {
  if (shared_) {
    v.module("embeddings", *shared_);
  } else {
    v.module("encoder.embeddings", *source_);
    v.module("decoder.embeddings", *target_);
    const double deviation = 1 / std::sqrt(static_cast<double>(config_.decoder.embed));
    v.parameter("output.weight", output_, {config_.target_vocabulary, config_.decoder.embed},
                Init::normal(deviation));
  }
  v.module("encoder", encoder_);
  v.module("decoder", decoder_);
}

Tensor Seq2Seq::embed(const Embedding& table, const Tensor& ids, int64_t width, int64_t first, double dropout,
                      const Context& context) const {
  const Tensor rows = table(ids, width, std::sqrt(static_cast<double>(width)));  // {batch, length, width}
  const Tensor sinusoids =
      positions_->rows(first_position + first, ids.dim(1), width, rows.dtype(), rows.device());
  return placed(rows, sinusoids, dropout, context);
}

Tensor Seq2Seq::embed(const Embedding& table, const PackedTokens& tokens, int64_t width, double dropout,
                      const Context& context) const {
  const Tensor rows = table(tokens.ids, width, std::sqrt(static_cast<double>(width)));  // {1, tokens, width}
  const Tensor sinusoids =
      positions_->rows(first_position, tokens.segments.longest(), width, rows.dtype(), rows.device());
  return placed(rows, embedding(sinusoids, tokens.positions), dropout, context);
}

Device Seq2Seq::device() const {
  return source_table().table().device();
}

EncoderOutput Seq2Seq::encode(const Tensor& ids, const Context& context) const {
  const Scope scope(name());
  check_ids("encode", ids, 2);
  const Tensor source = ids.to(device());
  const Tensor x =
      embed(source_table(), source, config_.encoder.embed, 0, config_.encoder_dropout(), context);
  return encoder_(x, token_mask(source, config_.padding), context);
}

Tensor Seq2Seq::decode(const Tensor& decoder_input, const EncoderOutput& encoded,
                       const Context& context) const {
  const Scope scope(name());
  check_ids("decode", decoder_input, 2);
  check<ShapeError>(!encoded.outputs.empty() && encoded.outputs[0].dim(0) == decoder_input.dim(0), "decode",
                    "decoder input ", decoder_input.shape(), " does not fit the encoded source ",
                    encoded.outputs.empty() ? Shape{} : encoded.outputs[0].shape());
  const Tensor x = embed(target_table(), decoder_input.to(device()), config_.decoder.embed, 0,
                         config_.decoder_dropout(), context);
  return decoder_(x, {}, encoded, context);
}

Tensor Seq2Seq::features(const Tensor& source, const Tensor& decoder_input, const Context& context) const {
  return decode(decoder_input, encode(source, context), context);
}

EncoderOutput Seq2Seq::encode(const PackedTokens& source, const Context& context) const {
  const Scope scope(name());
  const Tensor x = embed(source_table(), source, config_.encoder.embed, config_.encoder_dropout(), context);
  return encoder_(x, source.segments, context);
}

Tensor Seq2Seq::features(const PackedTokens& source, const PackedTokens& decoder_input,
                         const Context& context) const {
  const Scope scope(name());
  check<ShapeError>(source.segments.count() == decoder_input.segments.count(), "features",
                    source.segments.count(), " sources for ", decoder_input.segments.count(), " targets");
  const EncoderOutput encoded = encode(source, context);
  const Tensor x =
      embed(target_table(), decoder_input, config_.decoder.embed, config_.decoder_dropout(), context);
  return decoder_(x, decoder_input.segments, encoded, context);
}

OutputLayer Seq2Seq::output_layer(const Tensor& features) const {
  return {features, shared_ ? shared_->table(config_.decoder.embed) : output_, {}, name()};
}

Tensor Seq2Seq::project(const Tensor& features) const {
  const Scope scope(name());
  const OutputLayer output = output_layer(features);
  return packed_output_.linear(output.features, output.weight, output.bias);
}

Tensor Seq2Seq::logits(const Tensor& source, const Tensor& decoder_input, const Context& context) const {
  return project(features(source, decoder_input, context));
}

Tensor Seq2Seq::step(const Tensor& tokens, int64_t t, std::vector<DecoderLayerCache>& caches) const {
  const Scope scope(name());
  check_ids("step", tokens, 1);
  const Tensor x = embed(target_table(), unsqueeze(tokens.to(device()), 1), config_.decoder.embed, t, 0,
                         {});  // {rows, 1, d}
  return project(squeeze(decoder_.step(x, caches), 1));
}

}  // namespace mosaic::nn
