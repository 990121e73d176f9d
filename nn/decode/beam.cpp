#include <algorithm>
#include <cmath>
#include <limits>

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
  int64_t row = 0;             // in the decoder, among the sentence's rows
  int64_t from = 0;            // the row that it continues
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
      tokens = advance({decoder_.step(tokens), 2 * options_.beam + 2});  // padding and end may fall out
    }
    return std::move(results_);
  }

 private:
  // Extends every sentence by one token; returns the next tokens of those that go on.
  std::vector<int32_t> advance(const StepScores& scores) {
    const int64_t width = decoder_.rows() / decoder_.sentences();
    std::vector<uint8_t> go_on(sentences_.size());
    for (size_t s = 0; s < sentences_.size(); ++s) {
      Sentence& sentence = sentences_[s];
      const int64_t first_row = static_cast<int64_t>(s) * width;
      const std::vector<Candidate> next = settle(sentence, candidates(sentence, scores, first_row));
      go_on[s] = next.empty() ? 0 : 1;
      next.empty() ? finish(sentence) : grow(sentence, next);
    }
    const std::vector<int32_t> kept = kept_rows(go_on);
    std::vector<int32_t> tokens(kept.size() * static_cast<size_t>(options_.beam)), rows(tokens.size());
    std::vector<Sentence> going;
    for (const int32_t s : kept) {
      Sentence& sentence = sentences_[static_cast<size_t>(s)];
      for (const Live& live : sentence.live) {
        const size_t row = going.size() * static_cast<size_t>(options_.beam) + static_cast<size_t>(live.row);
        tokens[row] = live.tokens.back();
        rows[row] = static_cast<int32_t>(s * width + live.from);
      }
      going.push_back(std::move(sentence));
    }
    sentences_ = std::move(going);
    if (!sentences_.empty()) decoder_.select(rows, kept);
    return tokens;
  }

  // The first successor of a hypothesis takes its row over, whose caches need not move; further ones get the
  // rows of those that have no successor.
  void grow(Sentence& sentence, const std::vector<Candidate>& next) const {
    std::vector<uint8_t> taken(static_cast<size_t>(options_.beam));
    std::vector<Live> live;
    for (const Candidate& candidate : next) {
      const Live& parent = sentence.live[static_cast<size_t>(candidate.parent)];
      uint8_t& used = taken[static_cast<size_t>(parent.row)];
      Live grown{parent.tokens, candidate.log_probability, used ? -1 : parent.row, parent.row};
      grown.tokens.push_back(candidate.token);
      used = 1;
      live.push_back(std::move(grown));
    }
    size_t row = 0;
    for (Live& grown : live) {
      if (grown.row >= 0) continue;
      while (taken[row]) ++row;
      grown.row = static_cast<int64_t>(row++);
    }
    sentence.live = std::move(live);
  }

  // The best 2 * beam continuations, best first; ties by hypothesis, then by rank.
  std::vector<Candidate> candidates(const Sentence& sentence, const StepScores& scores,
                                    int64_t first_row) const {
    const int64_t length = static_cast<int64_t>(sentence.live.front().tokens.size());
    std::vector<Candidate> all;
    for (size_t h = 0; h < sentence.live.size(); ++h) {
      const double before = sentence.live[h].log_probability;
      if (before == dead) continue;
      const int64_t row = first_row + sentence.live[h].row;
      const auto add = [&](int32_t token) {
        all.push_back({before + scores.log_probability(row, token), static_cast<int64_t>(h), token});
      };
      if (length >= sentence.longest) {
        add(static_cast<int32_t>(config_.eos));
        continue;
      }
      for (const int32_t token : scores.ranked(row)) {
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

}  // namespace mosaic::nn
