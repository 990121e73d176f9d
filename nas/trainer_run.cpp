// The loop around updates: limits, logging, validation, saving.
#include <algorithm>
#include <cmath>

#include "nas/trainer.h"

namespace mosaic::nas {

namespace {

bool due(int64_t update, int64_t every) {
  return every > 0 && update % every == 0;
}

// What happened since the last log record.
struct LogInterval {
  double begin = 0;  // Trainer::seconds()
  std::map<std::string, LossSums> kinds = {};
  LossSums all = {};

  void add(const UpdateReport& report) {
    for (const auto& [kind, sums] : report.kinds) kinds[kind].add(sums);
    all.add(report.all);
  }
  json to_json(double now) const {
    json record = all.to_json();
    for (const auto& [kind, sums] : kinds) record["kinds"][kind] = sums.to_json();
    record["tokens_per_second"] = now > begin ? static_cast<double>(all.tokens) / (now - begin) : 0.0;
    return record;
  }
};

}  // namespace

void Trainer::log(const char* event, const json& record) const {
  if (!options_.log) return;
  json line{{"event", event}, {"update", update_}, {"seconds", seconds()}};
  line.update(record);
  options_.log(line);
}

// Whether to stop before the next update.
std::optional<StopReason> Trainer::reason_to_stop() const {
  if (options_.stop && *options_.stop) return StopReason::stopped;
  if (update_ >= options_.max_updates) return StopReason::finished;
  if (options_.max_seconds > 0 && seconds() >= options_.max_seconds) return StopReason::out_of_time;
  if (options_.patience > 0 && bad_validations_ >= options_.patience) return StopReason::no_improvement;
  return std::nullopt;
}

StopReason Trainer::run() {
  log("started", {{"max_updates", options_.max_updates}});
  LogInterval interval{.begin = seconds()};
  const int64_t first = update_;
  const double begin = seconds();
  std::optional<StopReason> reason;
  while (!(reason = reason_to_stop())) {
    UpdateReport report;
    try {
      report = train_update();
    } catch (const nn::NonFiniteError& error) {
      log("not finite", {{"message", error.what()}});
      throw;
    }
    interval.add(report);
    if (report.skipped) log("skipped update", {{"loss_scale", loss_scale_.scale}});
    if (due(update_, options_.log_every)) {
      json record = interval.to_json(seconds());
      record["lr"] = report.lr;
      record["grad_norm"] = report.grad_norm;
      const double rate = (seconds() - begin) / static_cast<double>(update_ - first);
      record["max_updates"] = options_.max_updates;
      const double left = rate * static_cast<double>(options_.max_updates - update_);
      const bool timed = options_.max_seconds > 0;
      record["seconds_left"] = timed ? std::min(left, options_.max_seconds - seconds()) : left;
      log("update", record);
      interval = {.begin = seconds()};
    }
    const bool validated = due(update_, options_.validate_every) && !validation_.empty();
    if (validated) validate_and_note();
    if (due(update_, options_.save_every) || (validated && options_.save_every == 0)) save();
  }
  // Nothing is lost at the end, whatever the intervals were; a stopped run is validated when it goes on.
  if (*reason != StopReason::stopped && !validation_.empty() && validated_ != update_) validate_and_note();
  if (saved_ != update_) save();
  log("stopped",
      {{"reason", stop_name(*reason)}, {"best_score", std::isfinite(best_) ? json(best_) : json()}});
  return *reason;
}

void Trainer::validate_and_note() {
  const ValidationReport report = validate();
  validated_ = update_;
  const bool better = report.score < best_;
  json record = report.to_json();
  record["best"] = better;
  log("validation", record);
  if (!better) {
    ++bad_validations_;
    return;
  }
  bad_validations_ = 0;
  best_ = report.score;
  best_update_ = update_;
  save_best();
}

}  // namespace mosaic::nas
