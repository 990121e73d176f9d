#include "nn/train/meter.h"

#include <cmath>

#include "engine/core/error.h"

namespace mosaic::nn {
namespace {

double seconds_between(ProgressMeter::Clock::time_point from, ProgressMeter::Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

ProgressMeter::ProgressMeter(int64_t total_updates, int64_t first_update)
    : total_(total_updates), first_(first_update), update_(first_update) {
  check<ArgumentError>(total_updates >= 0 && first_update >= 0, "ProgressMeter",
                       "updates must not be negative, got ", total_updates, " and ", first_update);
}

void ProgressMeter::update(int64_t tokens, double loss_sum, double nll_sum) {
  ++update_;
  tokens_ += tokens;
  interval_tokens_ += tokens;
  loss_ += loss_sum;
  nll_ += nll_sum;
}

ProgressMeter::Report ProgressMeter::report() {
  const Clock::time_point now = Clock::now();
  Report report{
      .update = update_, .total_updates = total_, .tokens = tokens_, .seconds = seconds_between(begin_, now)};
  if (interval_tokens_ > 0) {
    const auto tokens = static_cast<double>(interval_tokens_);
    report.loss = loss_ / tokens;
    report.nll = nll_ / tokens;
    const double seconds = seconds_between(interval_, now);
    report.tokens_per_second = seconds > 0 ? tokens / seconds : 0;
  }
  if (update_ > first_ && total_ > update_) {
    report.seconds_left =
        report.seconds / static_cast<double>(update_ - first_) * static_cast<double>(total_ - update_);
  }
  interval_ = now;
  interval_tokens_ = 0;
  loss_ = nll_ = 0;
  return report;
}

json ProgressMeter::Report::to_json() const {
  json value;
  value["update"] = update;
  value["total_updates"] = total_updates;
  value["tokens"] = tokens;
  value["seconds"] = seconds;
  value["loss"] = loss;
  value["nll"] = nll;
  value["perplexity"] = std::exp(nll);
  value["tokens_per_second"] = tokens_per_second;
  value["seconds_left"] = seconds_left;
  return value;
}

}  // namespace mosaic::nn
