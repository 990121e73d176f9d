// Scoring of a supernet's architectures as a search does it, timed, with the time that kernels take of it.
#pragma once

#include <functional>

#include "apps/common/timed_models.h"
#include "nas/evaluator.h"

namespace mosaic::apps {

// Batches like a validation set's. Translation: settings.rows * settings.batches drawn sentence pairs of 4 to
// settings.length tokens a side, sorted by length into batches of about rows * length / 2 tokens and padded,
// as real ones are. BERT: synthetic_batches().
std::vector<nn::Batch> validation_like_batches(const TimedModel& settings);

// Tokens that are scored, padding aside: target tokens or guesses.
int64_t scored_tokens(const std::vector<nn::Batch>& batches);

class TimedEvaluations {
 public:
  // Of a supernet of settings.space, which must be there.
  explicit TimedEvaluations(const TimedModel& settings);

  struct Taken {
    double milliseconds = 0;   // without a meter
    double metered = 0;        // the same with one
    double share_outside = 0;  // of the metered time: not in kernels
    int64_t launches = 0;      // of kernels
    double gigaflops = 0;
  };
  // One architecture: selecting it, mixing its experts, the loss of all batches. Twice, with a meter and
  // without.
  Taken evaluate(const mos::Arch& arch);

  int64_t tokens() const { return scored_tokens(batches_); }
  int64_t batches() const { return std::ssize(batches_); }

 private:
  std::unique_ptr<nn::Module> supernet_;
  std::vector<nn::Batch> batches_;
  nas::Evaluator::Function score_;  // refers to both
};

}  // namespace mosaic::apps
