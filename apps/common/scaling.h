// How the cost of a training update grows with each size of its work.
#pragma once

#include <string>
#include <vector>

#include "apps/common/in_turns.h"
#include "engine/core/json.h"

namespace mosaic::apps {

struct ScalingOptions {
  std::vector<std::string> axes;  // of scaling_axes(); empty: all
  std::vector<int> teams;         // numbers of threads
  int64_t rounds = 7;             // timed updates of every point
  Clock clock = Clock::wall;
  int64_t points = 0;  // the first so many of each axis; 0: all
};

// "rows", "length", "width", "depth", "experts".
std::vector<std::string> scaling_axes();

// A Transformer's update is timed while one of its sizes grows and the others stay: sentences of a batch,
// their length, width with the feed-forward layers' width, layers of both sides; and a supernet's with the
// number of experts (1: no mixture). The points of an axis take turns, so that a busy machine slows all
// alike.
// {"rounds", "isa", "axes": [{"axis", "label", "points": [{"size", "threads", "milliseconds",
// "milliseconds_low", "milliseconds_high" (quartiles), "gigaflops", "gigaflops_per_second", "processor_share"
// (of the axis)}]}]}; points of "experts" with more than one have "milliseconds_an_expert": what each adds to
// the update without a mixture. UsageError for another axis.
json run_scaling(const ScalingOptions& options);

// The same as a table for people, and as one SVG picture: for each axis the time, and the speed (of experts:
// the time each adds), which is level where cost grows as the work does.
std::string scaling_text(const json& result);
std::string scaling_svg(const json& result);

}  // namespace mosaic::apps
