#include "nn/decode/decode.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "engine/autograd/node.h"
#include "engine/ops/ops.h"
#include "nn/decode/incremental.h"
#include "nn/decode/limits.h"
#include "nn/optim/optimizer.h"

namespace mosaic::nn {

void check_limits(const char* op, const LengthLimits& limits) {
  check<ArgumentError>(limits.max_length >= 0 && limits.max_length <= (1 << 20), op,
                       "max_length must be in [0, 2^20], got ", limits.max_length);
  check<ArgumentError>(limits.source_factor >= 0 && limits.source_factor <= 100, op,
                       "source_factor must be in [0, 100], got ", limits.source_factor);
  check<ArgumentError>(limits.min_length >= 0 && limits.min_length <= limits.max_length, op,
                       "min_length must be in [0, max_length], got ", limits.min_length, " of ",
                       limits.max_length);
}

std::vector<int64_t> length_limits(const Tensor& source, int64_t padding, const LengthLimits& limits) {
  const Tensor local = source.to(cpu()).dense();
  const auto ids = local.host<int32_t>();
  std::vector<int64_t> longest;
  const auto width = static_cast<size_t>(source.dim(1));
  for (size_t begin = 0; begin < ids.size(); begin += width) {
    const auto row = ids.subspan(begin, width);
    const auto tokens = std::count_if(row.begin(), row.end(), [&](int32_t id) { return id != padding; });
    longest.push_back(limits.max_length +
                      static_cast<int64_t>(limits.source_factor * static_cast<double>(tokens)));
  }
  return longest;
}

StepScores::StepScores(const Tensor& raw, int64_t ranks)
    : vocabulary(raw.dim(1)), logits(raw.to(cpu()).to(f32).dense()), normalizer(logsumexp(logits, -1)) {
  if (ranks > 0) best = topk(logits, std::min(vocabulary, ranks)).indices;
  for (const float value : normalizer.host<float>()) {
    if (!std::isfinite(value)) throw NonFiniteError("decode", "the model's logits are not finite");
  }
}

std::span<const float> StepScores::row(int64_t r) const {
  return logits.host<float>().subspan(static_cast<size_t>(r * vocabulary), static_cast<size_t>(vocabulary));
}

std::span<const int32_t> StepScores::ranked(int64_t r) const {
  const auto ranks = static_cast<size_t>(best.dim(1));
  return best.host<int32_t>().subspan(static_cast<size_t>(r) * ranks, ranks);
}

double StepScores::log_probability(int64_t r, int64_t token) const {
  return static_cast<double>(row(r)[static_cast<size_t>(token)]) -
         static_cast<double>(normalizer.host<float>()[static_cast<size_t>(r)]);
}

double length_score(double log_probability, int64_t tokens_and_end, double length_penalty) {
  return log_probability / std::pow(static_cast<double>(tokens_and_end), length_penalty);
}

namespace {

// Which tokens may not be chosen now: padding always, the end before min_length.
struct Forbidden {
  int64_t padding, end;  // end: -1 when it is allowed
  bool operator()(int64_t token) const { return token == padding || token == end; }
};
using Choose = std::function<int32_t(size_t sentence, const StepScores&, int64_t row, const Forbidden&)>;

// One hypothesis a sentence, each token chosen by `choose`, which needs so many ranks.
std::vector<Hypothesis> decode_by(const Seq2Seq& model, const Tensor& source, const LengthLimits& limits,
                                  int64_t ranks, const Choose& choose) {
  const NoGrad quiet;
  const int64_t eos = model.config().eos;
  const std::vector<int64_t> longest = length_limits(source, model.config().padding, limits);
  std::vector<Hypothesis> results(longest.size());
  std::vector<size_t> going(longest.size());  // the sentence of each row
  for (size_t i = 0; i < going.size(); ++i) going[i] = i;
  std::vector<int32_t> tokens(going.size(), static_cast<int32_t>(eos));
  IncrementalDecoder decoder(model, source);
  for (int64_t t = 0; !going.empty(); ++t) {
    const StepScores scores(decoder.step(tokens), ranks);
    std::vector<uint8_t> go_on(going.size());
    std::vector<int32_t> chosen(going.size());
    for (size_t row = 0; row < going.size(); ++row) {
      Hypothesis& result = results[going[row]];
      const auto r = static_cast<int64_t>(row);
      const Forbidden forbidden{model.config().padding, t < limits.min_length ? eos : -1};
      const bool full = t >= longest[going[row]];
      chosen[row] = full ? static_cast<int32_t>(eos) : choose(going[row], scores, r, forbidden);
      result.log_probability += scores.log_probability(r, chosen[row]);
      if (chosen[row] == eos) continue;
      result.tokens.push_back(chosen[row]);
      go_on[row] = 1;
    }
    const std::vector<int32_t> kept = kept_rows(go_on);
    std::vector<size_t> next;
    tokens.clear();
    for (const int32_t row : kept) {
      next.push_back(going[static_cast<size_t>(row)]);
      tokens.push_back(chosen[static_cast<size_t>(row)]);
    }
    going = std::move(next);
    if (!going.empty()) decoder.select(kept, kept);
  }
  for (Hypothesis& result : results) {
    result.score = length_score(result.log_probability, static_cast<int64_t>(result.tokens.size()) + 1, 1);
  }
  return results;
}

// Of three tokens at most two are forbidden.
constexpr int64_t greedy_ranks = 3;
int32_t likeliest(const StepScores& scores, int64_t row, const Forbidden& forbidden) {
  const auto ranked = scores.ranked(row);
  const auto allowed =
      std::find_if(ranked.begin(), ranked.end(), [&](int32_t token) { return !forbidden(token); });
  return allowed == ranked.end() ? ranked.front() : *allowed;  // none: a vocabulary of special tokens
}

// A draw from softmax(logits / temperature) over the k largest.
int32_t draw(std::span<const float> logits, const Forbidden& forbidden, const SampleOptions& options,
             Generator& rng) {
  std::vector<size_t> tokens;
  for (size_t token = 0; token < logits.size(); ++token) {
    if (!forbidden(static_cast<int64_t>(token))) tokens.push_back(token);
  }
  const auto larger = [&](size_t a, size_t b) {
    return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
  };
  if (options.top_k > 0 && static_cast<size_t>(options.top_k) < tokens.size()) {
    const auto middle = tokens.begin() + options.top_k;
    std::nth_element(tokens.begin(), middle, tokens.end(), larger);
    tokens.erase(middle, tokens.end());
    std::sort(tokens.begin(), tokens.end());
  }
  const size_t top = *std::min_element(tokens.begin(), tokens.end(), larger);
  std::vector<double> weights;
  double total = 0;
  for (const size_t token : tokens) {
    weights.push_back(std::exp(static_cast<double>(logits[token] - logits[top]) / options.temperature));
    total += weights.back();
  }
  double left = rng.uniform() * total;
  for (size_t i = 0; i < tokens.size(); ++i) {
    left -= weights[i];
    if (left < 0) return static_cast<int32_t>(tokens[i]);
  }
  return static_cast<int32_t>(top);  // rounding left a crumb
}

}  // namespace

std::vector<Hypothesis> greedy_search(const Seq2Seq& model, const Tensor& source,
                                      const LengthLimits& length) {
  check_limits("greedy_search", length);
  return decode_by(model, source, length, greedy_ranks,
                   [](size_t, const StepScores& scores, int64_t row, const Forbidden& forbidden) {
                     return likeliest(scores, row, forbidden);
                   });
}

std::vector<Hypothesis> sample(const Seq2Seq& model, const Tensor& source, const Generator& rng,
                               const SampleOptions& options) {
  check_limits("sample", options.length);
  check<ArgumentError>(options.temperature > 0 && std::isfinite(options.temperature), "sample",
                       "temperature must be positive, got ", options.temperature);
  check<ArgumentError>(options.top_k >= 0, "sample", "top_k must not be negative, got ", options.top_k);
  std::vector<Generator> streams;
  for (int64_t i = 0; i < source.dim(0); ++i) streams.push_back(rng.fork(static_cast<uint64_t>(i)));
  return decode_by(model, source, options.length, 0,
                   [&](size_t sentence, const StepScores& scores, int64_t row, const Forbidden& forbidden) {
                     return draw(scores.row(row), forbidden, options, streams[sentence]);
                   });
}

}  // namespace mosaic::nn
