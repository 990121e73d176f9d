// How sure a score is, and whether two systems differ: bootstrap intervals (Koehn 2004), paired bootstrap and
// paired approximate randomization (Riezler and Maxwell 2005), with sacreBLEU's random stream and arithmetic,
// so that the numbers are its numbers (sacreBLEU 2.6 on NumPy 2). Work is spread over threads; results do not
// depend on how many.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/metrics/metric.h"

namespace mosaic::data {

// The seed of a test. "none" takes one from the system; sacreBLEU's environment variable for it is
// SACREBLEU_SEED.
struct ResamplingSeed {
  uint64_t value = 12345;
  bool fixed = true;
  std::string text() const { return fixed ? std::to_string(value) : "none"; }
};
// "none" (any case) or a whole number; ArgumentError for another text. Unlike sacreBLEU, whose paired tests
// take 0 for "none", 0 is a seed like any other.
ResamplingSeed resampling_seed(const std::string& text);

// The mean over resamples and half the width of the central 95 %.
struct Interval {
  double mean = 0, half_width = 0;
};

// Scores of `samples` bootstrap resamples, drawn with replacement. ArgumentError: no segments or samples < 1.
std::vector<double> bootstrap_scores(const Metric& metric, const SegmentCounts& counts, int64_t samples,
                                     uint64_t seed);
// The interval of one system, as sacreBLEU's --confidence prints it (its mean is the exact one, rounded
// once).
Interval bootstrap_interval(const Metric& metric, const SegmentCounts& counts, int64_t samples,
                            uint64_t seed);

struct PairedTest {
  enum class Kind { bootstrap, randomization };
  Kind kind = Kind::bootstrap;
  int64_t samples = 1000;        // sacreBLEU's defaults: 1000 for bootstrap, 10000 for randomization
  int64_t interval_samples = 0;  // randomization: resamples for intervals, 0 for none
  uint64_t seed = 12345;
};

struct PairedResult {
  double score = 0;
  std::optional<double> p_value = {};     // not of the baseline
  std::optional<Interval> interval = {};  // bootstrap, or randomization with interval_samples
};

// Compares every system with the first, the baseline. Two-sided: p is (1 + resamples whose difference exceeds
// the real one) / (1 + samples). ArgumentError: fewer than two systems, differing numbers of segments, no
// segments, samples < 1. A segment's counts may be fractional (TER with several references); sums are then
// rounded in another order than NumPy's matrix product rounds them, which can matter for exact ties only.
std::vector<PairedResult> paired_test(const Metric& metric, const std::vector<SegmentCounts>& systems,
                                      const PairedTest& test);

// The fields that a test adds to signatures, after nrefs.
std::vector<SignatureField> interval_signature(int64_t samples, const ResamplingSeed& seed);
std::vector<SignatureField> paired_signature(const PairedTest& test, const ResamplingSeed& seed);

}  // namespace mosaic::data
