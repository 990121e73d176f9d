#include "apps/common/in_turns.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>

#include "engine/core/parallel.h"
#include "nas/statistics.h"

namespace mosaic::apps {
namespace {

double seconds_a_call(const std::function<void()>& call, int64_t calls, Clock clock) {
  const double begin = seconds_on(clock);
  for (int64_t i = 0; i < calls; ++i) call();
  return (seconds_on(clock) - begin) / static_cast<double>(calls);
}

}  // namespace

double seconds_on(Clock clock) {
  if (clock == Clock::wall)
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double ProcessorShare::share() const {
  return (seconds_on(Clock::processor) - processor_) / (seconds_on(Clock::wall) - wall_) / threads();
}

std::vector<std::vector<double>> in_turns(const std::vector<std::function<void()>>& contenders,
                                          int64_t rounds, double seconds_a_turn, Clock clock) {
  std::vector<int64_t> calls;
  for (const auto& contender : contenders) {
    contender();
    const double once = std::max(seconds_a_call(contender, 1, clock), 1e-8);
    calls.push_back(std::clamp<int64_t>(std::llround(seconds_a_turn / once), 1, 1'000'000));
  }
  std::vector<std::vector<double>> times(contenders.size());
  for (int64_t round = 0; round < rounds; ++round) {
    for (size_t turn = 0; turn < contenders.size(); ++turn) {
      const size_t i = (turn + static_cast<size_t>(round)) % contenders.size();
      times[i].push_back(seconds_a_call(contenders[i], calls[i], clock));
    }
  }
  return times;
}

double median(std::span<const double> values) {
  return nas::quantile(values, 0.5);
}

double median_ratio(std::span<const double> theirs, std::span<const double> ours) {
  std::vector<double> ratios;
  for (size_t i = 0; i < ours.size(); ++i) ratios.push_back(theirs[i] / ours[i]);
  return median(ratios);
}

}  // namespace mosaic::apps
