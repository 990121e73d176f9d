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
Tensor Bert::run(const BertInput& input, const Context& context, const Keep& keep) const {
  const Scope scope(name());
  check_input(input);
  const Tensor ids = input.ids.to(device());
  const Tensor mask = input.mask.defined() ? input.mask.to(device()) : token_mask(ids, config_.padding);
  const Tensor types = input.types.defined() ? input.types.to(device()) : Tensor();
  Tensor x = embeddings_(ids, types, context);  // {batch, length, width}
  keep(x);
  for (const BertLayer& layer : layers_) {
    x = run_layer(context, {x}, [&layer, mask, context](const std::vector<Tensor>& in) {
      return layer(in[0], mask, context);
    });
    keep(x);
  }
  return x;
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

Tensor Bert::classify(const Tensor& encoded, const Context& context) const {
  const Scope scope(name());
  check<ArgumentError>(classifier_.has_value(), "Bert", "this model has no classifier head");
  check<ShapeError>(encoded.rank() == 3 && encoded.dim(2) == config_.width, "classify",
                    "needs encoded tokens {batch, length, ", config_.width, "}, got ", encoded.shape());
  return (*classifier_)(squeeze(slice(encoded, 1, 0, 1), 1), context);
}

void Bert::visit(Visitor& v) {
  v.module("embeddings", embeddings_);
  v.modules("encoder.layers", layers_);
  if (mlm_) v.module("mlm", *mlm_);
  if (classifier_) v.module("classifier", *classifier_);
}

}  // namespace mosaic::nn
