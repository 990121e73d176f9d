#include "nn/models/bert.h"

#include "engine/autograd/node.h"
#include "engine/ops/ops.h"
#include "nn/models/transformer.h"

namespace mosaic::nn {
namespace {

BertConfig validated(const BertConfig& config) {
  config.validate();
  return config;
}

void check_input(const BertInput& input) {
  constexpr const char* op = "Bert";
  check<ShapeError>(input.ids.defined() && input.ids.rank() == 2 && input.ids.numel() > 0, op,
                    "token ids must be {batch, length} and not empty, got ",
                    input.ids.defined() ? input.ids.shape() : Shape{});
  check<DtypeError>(input.ids.dtype() == i32, op, "token ids must be i32, got ", input.ids.dtype());
  for (const bool is_mask : {false, true}) {
    const Tensor& given = is_mask ? input.mask : input.types;
    const char* what = is_mask ? "the mask" : "segment types";
    if (!given.defined()) continue;
    check<DtypeError>(given.dtype() == (is_mask ? u8 : i32), op, what, " must be ", is_mask ? u8 : i32,
                      ", got ", given.dtype());
    check<ShapeError>(given.shape() == input.ids.shape(), op, what, " ", given.shape(),
                      " must have the shape of the token ids ", input.ids.shape());
  }
}

}  // namespace

Bert::Bert(const BertConfig& config) : config_(validated(config)), embeddings_(config_) {
  layers_.reserve(config_.layers.size());
  for (size_t i = 0; i < config_.layers.size(); ++i) layers_.emplace_back(config_, i);
  if (config_.mlm) mlm_.emplace(config_);
  if (config_.labels > 0) classifier_.emplace(config_);
}

Bert::Bert(const BertConfig& config, Generator& rng) : Bert(config) {
  initialise(*this, next_stream(rng));
}

template <class Keep>
Tensor Bert::run(Tensor x, const Sequences& sequences, const Context& context, const Keep& keep) const {
  keep(x);
  for (const BertLayer& layer : layers_) {
    x = run_layer(context, {x}, [&layer, sequences, context](const std::vector<Tensor>& in) {
      return layer(in[0], sequences, context);
    });
    keep(x);
  }
  return x;
}

template <class Keep>
Tensor Bert::run(const BertInput& input, const Context& context, const Keep& keep) const {
  const Scope scope(name());
  check_input(input);
  const Tensor ids = input.ids.to(device());
  const Tensor mask = input.mask.defined() ? input.mask.to(device()) : token_mask(ids, config_.padding);
  const Tensor types = input.types.defined() ? input.types.to(device()) : Tensor();
  return run(embeddings_(ids, types, context), mask, context, keep);  // {batch, length, width}
}

PackedBertInput Bert::pack(const BertInput& input) const {
  const Scope scope(name());
  check_input(input);
  const std::vector<int64_t> lengths =
      input.mask.defined() ? lengths_of(input.mask) : lengths_of(input.ids, config_.padding);
  return {.tokens = packed_tokens(input.ids, lengths, device()),
          .types = input.types.defined() ? packed(input.types, lengths, device()) : Tensor()};
}

Tensor Bert::encode(const PackedBertInput& input, const Context& context) const {
  const Scope scope(name());
  return run(embeddings_(input.tokens, input.types, context), input.tokens.segments, context,
             [](const Tensor&) {});
}

Tensor Bert::encode(const BertInput& input, const Context& context) const {
  return run(input, context, [](const Tensor&) {});
}

std::vector<Tensor> Bert::hidden_states(const BertInput& input, const Context& context) const {
  std::vector<Tensor> states;
  run(input, context, [&](const Tensor& x) { states.push_back(x); });
  return states;
}

OutputLayer Bert::mlm_output(const Tensor& encoded, const Tensor& places) const {
  const Scope scope(name());
  check<ArgumentError>(mlm_.has_value(), "Bert", "this model has no masked-language-model head");
  check<ShapeError>(encoded.rank() == 3 && encoded.dim(2) == config_.width, "mlm_logits",
                    "needs encoded tokens {batch, length, ", config_.width, "}, got ", encoded.shape());
  const Tensor tokens = reshape(encoded, {encoded.dim(0) * encoded.dim(1), encoded.dim(2)});
  return (*mlm_)(index_select(tokens, places.to(tokens.device())), embeddings_.words());
}

Tensor Bert::mlm_logits(const Tensor& encoded, const Tensor& places) const {
  return mlm_output(encoded, places).logits();
}

void Bert::check_classifier(const Tensor& encoded) const {
  check<ArgumentError>(classifier_.has_value(), "Bert", "this model has no classifier head");
  check<ShapeError>(encoded.rank() == 3 && encoded.dim(2) == config_.width, "classify",
                    "needs encoded tokens {batch, length, ", config_.width, "}, got ", encoded.shape());
}

Tensor Bert::classify(const Tensor& encoded, const Context& context) const {
  const Scope scope(name());
  check_classifier(encoded);
  return (*classifier_)(squeeze(slice(encoded, 1, 0, 1), 1), context);
}

Tensor Bert::classify(const Tensor& encoded, const Segments& segments, const Context& context) const {
  const Scope scope(name());
  check_classifier(encoded);
  check<ShapeError>(encoded.dim(0) == 1 && encoded.dim(1) == segments.elements(), "classify", "encoded ",
                    encoded.shape(), " does not fit segments of ", segments.elements(), " tokens");
  for (const int64_t length : segments.lengths())
    check<ArgumentError>(length > 0, "classify", "a sequence without tokens has no first one");
  const Tensor first = slice(segments.begins(), 0, 0, segments.count());
  return (*classifier_)(index_select(squeeze(encoded, 0), first), context);
}

void Bert::visit(Visitor& v) {
  v.module("embeddings", embeddings_);
  v.modules("encoder.layers", layers_);
  if (mlm_) v.module("mlm", *mlm_);
  if (classifier_) v.module("classifier", *classifier_);
}

}  // namespace mosaic::nn
