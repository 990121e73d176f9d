// Which architectures a supernet trains on in one update.
#pragma once

#include <string>
#include <vector>

#include "mos/space.h"

namespace mosaic::nas {

// single: one random architecture an update (HAT's single-path one-shot). sandwich: random, largest,
// smallest, in this order. pinned: always the given one (standalone training).
enum class Policy { single, sandwich, pinned };

const char* policy_name(Policy policy);        // "single", "sandwich", "pinned"
Policy policy_named(const std::string& name);  // ArgumentError for another word

class Sampler {
 public:
  struct Options {
    Policy policy = Policy::sandwich;
    int64_t random = 1;                             // random architectures an update
    mos::Extremes extremes = mos::Extremes::exact;  // what largest and smallest are
    uint64_t seed = 1;
    mos::Arch pinned;  // for Policy::pinned
  };

  Sampler(mos::Space space, Options options);

  // The architectures of an update. A function of seed and update alone: all ranks draw the same, a resumed
  // run draws what an uninterrupted one would, and runs that differ in policy share their random
  // architectures.
  std::vector<mos::Arch> draw(int64_t update) const;
  // `count` architectures drawn like the random ones but from another stream, for validation and for latency
  // data sets; distinct while the space has enough of them.
  std::vector<mos::Arch> fixed_set(int64_t count, const std::string& stream = "validation") const;

  const mos::Space& space() const { return space_; }
  const Options& options() const { return options_; }

 private:
  mos::Space space_;
  Options options_;
};

}  // namespace mosaic::nas
