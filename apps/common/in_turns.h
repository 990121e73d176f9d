// Timing on machines that do other things as well: by the clock on the wall or by processor time, and of
// several contenders in turns, so that what else the machine does hits all alike.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace mosaic::apps {

// wall: what a user waits. processor: what the system gave to all threads of this process; of one thread it
// is the time the work takes, however busy the machine is.
enum class Clock { wall, processor };

double seconds_on(Clock clock);  // differences count

// The share of its threads' processors that this process got between construction and share(): near 1 on an
// idle machine, less where others compute, too, or where threads wait for one another.
class ProcessorShare {
 public:
  ProcessorShare() : wall_(seconds_on(Clock::wall)), processor_(seconds_on(Clock::processor)) {}
  double share() const;

 private:
  double wall_, processor_;
};

// times[i][round]: seconds of a call of contender i, the mean of as many calls as fill about
// `seconds_a_turn` (at least one). Everyone is called once before the clock runs; who begins changes from
// round to round.
std::vector<std::vector<double>> in_turns(const std::vector<std::function<void()>>& contenders,
                                          int64_t rounds, double seconds_a_turn, Clock clock = Clock::wall);

double median(std::span<const double> values);
// The median over rounds of theirs / ours: more than 1 when ours is faster.
double median_ratio(std::span<const double> theirs, std::span<const double> ours);

}  // namespace mosaic::apps
