#include "nn/decode/incremental.h"

#include <algorithm>

#include "engine/autograd/node.h"

namespace mosaic::nn {

IncrementalDecoder::IncrementalDecoder(const Seq2Seq& model, const Tensor& source)
    : model_(model), rows_(source.dim(0)), sentences_(source.dim(0)) {
  const NoGrad quiet;
  const KeepPacked packed;
  caches_ = model.start(model.encode(source));
}

Tensor IncrementalDecoder::step(const Tensor& tokens) {
  const NoGrad quiet;
  const KeepPacked packed;
  check<ShapeError>(tokens.shape() == Shape{rows_}, "IncrementalDecoder", "needs one token for each of ",
                    rows_, " rows, got ", tokens.shape());
  return model_.step(tokens, position_++, caches_);
}

Tensor IncrementalDecoder::step(std::span<const int32_t> tokens) {
  return step(Tensor::from(tokens, {static_cast<int64_t>(tokens.size())}, caches_.front().cross.device()));
}

void IncrementalDecoder::select(std::span<const int32_t> rows, std::span<const int32_t> sentences) {
  const NoGrad quiet;
  check<ArgumentError>(!sentences.empty() && rows.size() % sentences.size() == 0, "IncrementalDecoder",
                       rows.size(), " rows cannot be shared out equally to ", sentences.size(), " sentences");
  const Device device = caches_.front().cross.device();
  const RowMoves by_row(rows, rows_, device), by_sentence(sentences, sentences_, device);
  for (DecoderLayerCache& cache : caches_) {
    cache.self.select(by_row);
    cache.cross = by_sentence(cache.cross);
    if (cache.cross_mask.defined()) cache.cross_mask = by_sentence(cache.cross_mask);
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
