#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

#include "engine/autograd/node.h"
#include "engine/ops/ops.h"
#include "nn/decode/decode.h"
#include "nn/decode/incremental.h"
#include "nn/decode/limits.h"

namespace mosaic::nn {
namespace {

constexpr double dead = -std::numeric_limits<double>::infinity();

struct Live {
  std::vector<int32_t> tokens;
  double log_probability = 0;  // `dead`: fills a place of a sentence that has too few hypotheses
};

struct Candidate {
  double log_probability;
  int64_t parent;  // among the sentence's live hypotheses
  int32_t token;
};

// One sentence's search.
struct Sentence {
  size_t index;     // in the source
  int64_t longest;  // tokens allowed, the end not counted
  std::vector<Live> live{Live{}};
  std::vector<Hypothesis> finished = {};
};

class BeamSearch {
 public:
  BeamSearch(const Seq2Seq& model, const Tensor& source, const BeamOptions& options)
      : options_(options), config_(model.config()), decoder_(model, source) {
    const std::vector<int64_t> limits = length_limits(source, config_.padding, options.length);
    for (size_t i = 0; i < limits.size(); ++i) sentences_.push_back({.index = i, .longest = limits[i]});
    results_.resize(limits.size());
  }

  std::vector<std::vector<Hypothesis>> run() {
    std::vector<int32_t> tokens(sentences_.size(), static_cast<int32_t>(config_.eos));
    while (!sentences_.empty()) {
      const StepScores scores(decoder_.step(tokens));
      const int64_t wanted =
          std::min(scores.vocabulary, 2 * options_.beam + 2);   // padding and end may fall out
      const Tensor best = topk(scores.logits, wanted).indices;  // {rows, wanted}
      tokens = advance(scores, best);
    }
    return std::move(results_);
  }

 private:
  // Extends every sentence by one token; returns the next tokens of those that go on.
  std::vector<int32_t> advance(const StepScores& scores, const Tensor& best) {
    std::vector<int32_t> tokens, rows, kept;
    std::vector<Sentence> going;
    const int64_t width = decoder_.rows() / decoder_.sentences();
    for (size_t s = 0; s < sentences_.size(); ++s) {
      Sentence& sentence = sentences_[s];
      const int64_t first_row = static_cast<int64_t>(s) * width;
      const std::vector<Candidate> next = settle(sentence, candidates(sentence, scores, best, first_row));
      if (next.empty()) {
        finish(sentence);
        continue;
      }
      std::vector<Live> live;
      for (const Candidate& candidate : next) {
        Live grown{sentence.live[static_cast<size_t>(candidate.parent)].tokens, candidate.log_probability};
        grown.tokens.push_back(candidate.token);
        live.push_back(std::move(grown));
        tokens.push_back(candidate.token);
        rows.push_back(static_cast<int32_t>(first_row + candidate.parent));
      }
      sentence.live = std::move(live);
      kept.push_back(static_cast<int32_t>(s));
      going.push_back(std::move(sentence));
    }
    sentences_ = std::move(going);
    if (!sentences_.empty()) decoder_.select(rows, kept);
    return tokens;
  }

  // The best 2 * beam continuations, best first; ties by hypothesis, then by rank.
  std::vector<Candidate> candidates(const Sentence& sentence, const StepScores& scores, const Tensor& best,
                                    int64_t first_row) const {
    const int64_t length = static_cast<int64_t>(sentence.live.front().tokens.size());
    const int64_t ranks = best.dim(1);
    std::vector<Candidate> all;
    for (size_t h = 0; h < sentence.live.size(); ++h) {
      const double before = sentence.live[h].log_probability;
      if (before == dead) continue;
      const int64_t row = first_row + static_cast<int64_t>(h);
      const auto add = [&](int32_t token) {
        all.push_back({before + scores.log_probability(row, token), static_cast<int64_t>(h), token});
      };
      if (length >= sentence.longest) {
        add(static_cast<int32_t>(config_.eos));
        continue;
      }
      const auto ids =
          best.host<int32_t>().subspan(static_cast<size_t>(row * ranks), static_cast<size_t>(ranks));
      for (const int32_t token : ids) {
        const bool ends = token == config_.eos;
        if (token != config_.padding && !(ends && length < options_.length.min_length)) add(token);
      }
    }
    std::stable_sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) {
      return a.log_probability > b.log_probability;
    });
    if (all.size() > static_cast<size_t>(2 * options_.beam))
      all.resize(static_cast<size_t>(2 * options_.beam));
    return all;
  }

  // Finishes what ends within the best `beam`; returns the hypotheses that go on, none when the sentence is
  // done.
  std::vector<Candidate> settle(Sentence& sentence, const std::vector<Candidate>& ranked) const {
    const auto beam = static_cast<size_t>(options_.beam);
    std::vector<Candidate> next;
    for (size_t rank = 0; rank < ranked.size(); ++rank) {
      const Candidate& candidate = ranked[rank];
      if (candidate.token != config_.eos) {
        if (next.size() < beam) next.push_back(candidate);
        continue;
      }
      if (rank >= beam || sentence.finished.size() >= beam) continue;
      const std::vector<int32_t>& tokens = sentence.live[static_cast<size_t>(candidate.parent)].tokens;
      const double score = length_score(candidate.log_probability, static_cast<int64_t>(tokens.size()) + 1,
                                        options_.length_penalty);
      sentence.finished.push_back({tokens, candidate.log_probability, score});
    }
    if (sentence.finished.size() >= beam || next.empty()) return {};
    // A small vocabulary may give fewer than `beam`; the rows of a sentence are equally many all the same.
    while (next.size() < beam) next.push_back({dead, next.front().parent, static_cast<int32_t>(config_.eos)});
    return next;
  }

  void finish(Sentence& sentence) {
    std::stable_sort(sentence.finished.begin(), sentence.finished.end(),
                     [](const Hypothesis& a, const Hypothesis& b) { return a.score > b.score; });
    results_[sentence.index] = std::move(sentence.finished);
  }

  const BeamOptions& options_;
  const TransformerConfig& config_;
  IncrementalDecoder decoder_;
  std::vector<Sentence> sentences_;  // still going, in the decoder's order
  std::vector<std::vector<Hypothesis>> results_;
};

}  // namespace

std::vector<std::vector<Hypothesis>> beam_search(const Seq2Seq& model, const Tensor& source,
                                                 const BeamOptions& options) {
  check<ArgumentError>(options.beam >= 1 && options.beam <= 1024, "beam_search",
                       "beam must be in [1, 1024], got ", options.beam);
  check<ArgumentError>(std::isfinite(options.length_penalty), "beam_search",
                       "length penalty must be finite, got ", options.length_penalty);
  check_limits("beam_search", options.length);
  const NoGrad quiet;
  return BeamSearch(model, source, options).run();
}

std::vector<Hypothesis> translate(const Seq2Seq& model, const std::vector<std::vector<int32_t>>& sources,
                                  const BeamOptions& options, int64_t sentences_per_batch,
                                  const std::function<void(int64_t)>& progress) {
  check<ArgumentError>(sentences_per_batch >= 1, "translate", "sentences per batch must be at least 1, got ",
                       sentences_per_batch);
  std::vector<size_t> order(sources.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return sources[a].size() < sources[b].size(); });
  std::vector<Hypothesis> results(sources.size());
  const std::unique_ptr<Seq2Seq> turned = by_columns(model);
  for (size_t begin = 0; begin < order.size(); begin += static_cast<size_t>(sentences_per_batch)) {
    const size_t end = std::min(order.size(), begin + static_cast<size_t>(sentences_per_batch));
    std::vector<std::vector<int32_t>> batch;
    for (size_t i = begin; i < end; ++i) {
      check<ArgumentError>(!sources[order[i]].empty(), "translate", "source ", order[i], " is empty");
      batch.push_back(sources[order[i]]);
    }
    auto found = beam_search(turned ? *turned : model, pad_sequences(batch, model.config().padding), options);
    for (size_t i = begin; i < end; ++i) results[order[i]] = std::move(found[i - begin].front());
    if (progress) progress(static_cast<int64_t>(end));
  }
  return results;
}

}  // namespace mosaic::nn
