// What a progress line or a log wants to know: speed, mean loss since the last report, time left.
#pragma once

#include <chrono>
#include <cstdint>

#include "engine/core/json.h"

namespace mosaic::nn {

class ProgressMeter {
 public:
  using Clock = std::chrono::steady_clock;
  struct Report {
    int64_t update = 0, total_updates = 0;
    int64_t tokens = 0;            // since the meter began
    double seconds = 0;            // since the meter began
    double loss = 0, nll = 0;      // mean a token since the last report, nats
    double tokens_per_second = 0;  // since the last report
    double seconds_left = 0;       // at the speed since the meter began; 0 when the total is unknown
    json to_json() const;          // adds "perplexity", exp(nll)
  };

  // Progress counts from `first_update` (a resumed run starts late) to `total_updates` (0: unknown).
  explicit ProgressMeter(int64_t total_updates, int64_t first_update = 0);
  // One finished update with its sums over tokens.
  void update(int64_t tokens, double loss_sum, double nll_sum);
  int64_t updates() const { return update_; }
  // What happened since the last report; begins the next interval.
  Report report();

 private:
  int64_t total_, first_, update_;
  int64_t tokens_ = 0, interval_tokens_ = 0;
  double loss_ = 0, nll_ = 0;
  Clock::time_point begin_ = Clock::now(), interval_ = begin_;
};

}  // namespace mosaic::nn
