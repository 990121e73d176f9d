#include "nn/decode/incremental.h"

#include <algorithm>
#include <numeric>

#include "engine/autograd/node.h"

namespace mosaic::nn {
namespace {

bool is_identity(std::span<const int32_t> indices, int64_t count) {
  if (static_cast<int64_t>(indices.size()) != count) return false;
  for (size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] != static_cast<int32_t>(i)) return false;
  }
  return true;
}

Tensor ids_of(std::span<const int32_t> values, Device device) {
  return Tensor::from(values, {static_cast<int64_t>(values.size())}, device);
}

}  // namespace

IncrementalDecoder::IncrementalDecoder(const Seq2Seq& model, const Tensor& source)
    : model_(model), rows_(source.dim(0)), sentences_(source.dim(0)) {
  const NoGrad quiet;
  caches_ = model.start(model.encode(source));
}

Tensor IncrementalDecoder::step(const Tensor& tokens) {
  const NoGrad quiet;
  check<ShapeError>(tokens.shape() == Shape{rows_}, "IncrementalDecoder", "needs one token for each of ",
                    rows_, " rows, got ", tokens.shape());
  return model_.step(tokens, position_++, caches_);
}

Tensor IncrementalDecoder::step(std::span<const int32_t> tokens) {
  return step(ids_of(tokens, caches_.front().cross.device()));
}

void IncrementalDecoder::select(std::span<const int32_t> rows, std::span<const int32_t> sentences) {
  const NoGrad quiet;
  check<ArgumentError>(!sentences.empty() && rows.size() % sentences.size() == 0, "IncrementalDecoder",
                       rows.size(), " rows cannot be shared out equally to ", sentences.size(), " sentences");
  const Device device = caches_.front().cross.device();
  if (!is_identity(rows, rows_)) {
    const Tensor indices = ids_of(rows, device);
    for (DecoderLayerCache& cache : caches_) cache.self.select(indices);
  }
  if (!is_identity(sentences, sentences_)) {
    const Tensor indices = ids_of(sentences, device);
    for (DecoderLayerCache& cache : caches_) {
      cache.cross = index_select(cache.cross, indices);
      if (cache.cross_mask.defined()) cache.cross_mask = index_select(cache.cross_mask, indices);
    }
  }
  rows_ = static_cast<int64_t>(rows.size());
  sentences_ = static_cast<int64_t>(sentences.size());
}

Tensor pad_sequences(const std::vector<std::vector<int32_t>>& sequences, int64_t padding, Device device) {
  size_t longest = 0;
  for (const auto& sequence : sequences) longest = std::max(longest, sequence.size());
  check<ArgumentError>(longest > 0, "pad_sequences", "needs at least one sequence that is not empty, got ",
                       sequences.size());
  std::vector<int32_t> ids(sequences.size() * longest, static_cast<int32_t>(padding));
  for (size_t i = 0; i < sequences.size(); ++i) {
    std::copy(sequences[i].begin(), sequences[i].end(),
              ids.begin() + static_cast<std::ptrdiff_t>(i * longest));
  }
  return Tensor::from(std::span<const int32_t>(ids),
                      {static_cast<int64_t>(sequences.size()), static_cast<int64_t>(longest)}, device);
}

}  // namespace mosaic::nn
