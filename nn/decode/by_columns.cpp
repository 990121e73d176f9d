#include "engine/autograd/node.h"
#include "engine/ops/ops.h"
#include "nn/decode/decode.h"

namespace mosaic::nn {
namespace {

// The same matrix with its columns dense.
Tensor columns_dense(const Tensor& matrix) {
  return transpose(transpose(matrix).dense());
}

}  // namespace

std::unique_ptr<Seq2Seq> by_columns(const Seq2Seq& model) {
  const NoGrad quiet;
  const StateDict held = state_dict(model);
  if (model.device() != cpu() || held.begin()->second.dtype() != f32) return nullptr;
  // A tied table would have to be held both ways: rows are looked up, columns multiplied.
  TransformerConfig config = model.config();
  const bool tied = config.share_embeddings;
  config.share_embeddings = false;
  auto copy = std::make_unique<Seq2Seq>(config, model.positions());
  assign_parameters(*copy, [&](const std::string& name, const Shape& shape) {
    const bool table = name.ends_with("embeddings.weight"), output = name == "output.weight";
    const Tensor& from = held.at(tied && (table || output) ? "embeddings.weight" : name);
    if (table) return leading(from, shape);
    return from.rank() == 2 ? columns_dense(leading(from, shape)) : from;
  });
  return copy;
}

}  // namespace mosaic::nn
