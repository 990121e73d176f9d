// Any number of sentences, decoded in batches of similar length.
#include <algorithm>
#include <numeric>

#include "nn/decode/decode.h"
#include "nn/decode/incremental.h"

namespace mosaic::nn {

std::vector<Hypothesis> decode_in_batches(const std::vector<std::vector<int32_t>>& sources, int64_t padding,
                                          int64_t sentences_per_batch, const DecodeBatch& decode,
                                          const std::function<void(int64_t)>& progress) {
  check<ArgumentError>(sentences_per_batch >= 1, "decode_in_batches",
                       "sentences per batch must be at least 1, got ", sentences_per_batch);
  for (size_t i = 0; i < sources.size(); ++i)
    check<ArgumentError>(!sources[i].empty(), "decode_in_batches", "source ", i, " is empty");
  std::vector<size_t> order(sources.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return sources[a].size() < sources[b].size(); });
  std::vector<Hypothesis> results(sources.size());
  for (size_t begin = 0; begin < order.size(); begin += static_cast<size_t>(sentences_per_batch)) {
    const size_t end = std::min(order.size(), begin + static_cast<size_t>(sentences_per_batch));
    std::vector<std::vector<int32_t>> batch;
    for (size_t i = begin; i < end; ++i) batch.push_back(sources[order[i]]);
    std::vector<Hypothesis> found = decode(pad_sequences(batch, padding), begin);
    check(found.size() == batch.size(), "decode_in_batches", found.size(), " hypotheses for ", batch.size(),
          " sentences");
    for (size_t i = begin; i < end; ++i) results[order[i]] = std::move(found[i - begin]);
    if (progress) progress(static_cast<int64_t>(end));
  }
  return results;
}

std::vector<Hypothesis> best_of(std::vector<std::vector<Hypothesis>> found) {
  std::vector<Hypothesis> best;
  best.reserve(found.size());
  for (std::vector<Hypothesis>& sentence : found) best.push_back(std::move(sentence.front()));
  return best;
}

std::vector<Hypothesis> translate(const Seq2Seq& model, const std::vector<std::vector<int32_t>>& sources,
                                  const BeamOptions& options, int64_t sentences_per_batch,
                                  const std::function<void(int64_t)>& progress) {
  const auto decode = [&](const Tensor& source, size_t) {
    return best_of(beam_search(model, source, options));
  };
  return decode_in_batches(sources, model.config().padding, sentences_per_batch, decode, progress);
}

}  // namespace mosaic::nn
