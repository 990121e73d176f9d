#include "data/metrics/significance.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <random>

#include "data/metrics/numpy_random.h"
#include "engine/core/error.h"
#include "engine/core/parallel.h"

namespace mosaic::data {
namespace {

constexpr size_t lanes = 16;              // floats of a cache line, added at once
constexpr int64_t block_draws = 1 << 20;  // indices held at once

// Segment counts in single precision. A row is one or more whole cache lines: resampling jumps about in them.
struct SingleCounts {
  struct alignas(64) Line {
    float values[lanes] = {};
  };
  size_t lines_a_row;
  std::vector<Line> lines;  // {segments, lines_a_row}

  explicit SingleCounts(const SegmentCounts& counts) : lines_a_row((counts.width + lanes - 1) / lanes) {
    lines.resize(static_cast<size_t>(counts.segments()) * lines_a_row);
    for (int64_t i = 0; i < counts.segments(); ++i) {
      for (size_t k = 0; k < counts.width; ++k)
        lines[static_cast<size_t>(i) * lines_a_row + k / lanes].values[k % lanes] =
            static_cast<float>(counts.row(i)[k]);
    }
  }
  size_t padded() const { return lines_a_row * lanes; }

  // Sums of the drawn rows, one after the other, {padded()}.
  void sum(const uint32_t* drawn, int64_t n, float* out) const {
    for (size_t part = 0; part < lines_a_row; ++part) {
      Line total;
      for (int64_t i = 0; i < n; ++i) {
        const Line& line = lines[drawn[i] * lines_a_row + part];
        for (size_t k = 0; k < lanes; ++k) total.values[k] += line.values[k];
      }
      std::copy(total.values, total.values + lanes, out + part * lanes);
    }
  }
};

// Scores of resamples. The stream is drawn in order by one thread, a block of samples at a time; sums and
// scores are computed by all.
std::vector<double> resampled_scores(const Metric& metric, const SegmentCounts& counts, int64_t samples,
                                     NumpyRandom& random) {
  const int64_t n = counts.segments();
  const SingleCounts single(counts);
  const int64_t block = std::clamp<int64_t>(block_draws / n, 1, samples);
  std::vector<uint32_t> drawn(static_cast<size_t>(block * n));
  std::vector<double> scores(static_cast<size_t>(samples));
  for (int64_t first = 0; first < samples; first += block) {
    const int64_t here = std::min(block, samples - first);
    std::generate_n(drawn.begin(), here * n, [&] { return random.below(static_cast<uint32_t>(n)); });
    parallel_for(here, 1, [&](int64_t begin, int64_t end) {
      std::vector<float> sums(single.padded());
      for (int64_t s = begin; s < end; ++s) {
        single.sum(drawn.data() + s * n, n, sums.data());
        scores[static_cast<size_t>(first + s)] = metric.score_of(sums.data());
      }
    });
  }
  return scores;
}

// Sum in NumPy's order: eight running sums in blocks of up to 128, blocks added as a balanced tree.
template <class T>
T numpy_sum(const T* values, size_t n) {
  if (n < 8) {
    T sum = 0;
    for (size_t i = 0; i < n; ++i) sum += values[i];
    return sum;
  }
  if (n <= 128) {
    T part[8];
    std::copy(values, values + 8, part);
    size_t i = 8;
    for (; i + 8 <= n; i += 8) {
      for (size_t k = 0; k < 8; ++k) part[k] += values[i + k];
    }
    T sum = ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
    for (; i < n; ++i) sum += values[i];
    return sum;
  }
  size_t half = n / 2;
  half -= half % 8;
  return numpy_sum(values, half) + numpy_sum(values + half, n - half);
}

template <class T>
T numpy_mean(const std::vector<T>& values) {
  return numpy_sum(values.data(), values.size()) / static_cast<T>(values.size());
}

// Half the range between the values at 1/40 from both ends.
template <class T>
T half_width(const std::vector<T>& sorted) {
  const size_t cut = sorted.size() / 40;
  return static_cast<T>(0.5) * (sorted[sorted.size() - cut - 1] - sorted[cut]);
}

template <class T>
std::vector<T> in_precision(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

template <class T>
Interval interval_of(std::vector<T> scores) {
  std::sort(scores.begin(), scores.end());
  return {static_cast<double>(numpy_mean(scores)), static_cast<double>(half_width(scores))};
}

Interval interval_of(const Metric& metric, const std::vector<double>& scores) {
  return metric.scores_in_single_precision() ? interval_of(in_precision<float>(scores)) : interval_of(scores);
}

// (1 + samples above the real difference) / (1 + samples); equal ones are not above it: a system compared
// with itself must not look as if chance had made the difference.
template <class T>
double p_value_of(const std::vector<T>& differences, double real) {
  const auto above = std::count_if(differences.begin(), differences.end(),
                                   [&](T difference) { return difference > static_cast<T>(real); });
  return static_cast<double>(above + 1) / static_cast<double>(differences.size() + 1);
}

// Differences of the resamples, centred: under the null hypothesis their mean would be 0.
template <class T>
double bootstrap_p_value(const std::vector<T>& system, const std::vector<T>& baseline, double real) {
  std::vector<T> differences(system.size());
  for (size_t i = 0; i < system.size(); ++i) differences[i] = std::abs(system[i] - baseline[i]);
  const T mean = numpy_mean(differences);
  for (T& difference : differences) difference -= mean;
  return p_value_of(differences, real);
}

// |score difference| of pseudo-systems made by exchanging segments of both at random.
std::vector<double> randomized_differences(const Metric& metric, const SegmentCounts& a,
                                           const SegmentCounts& b, int64_t samples, NumpyRandom& random) {
  const int64_t n = a.segments();
  const int64_t block = std::clamp<int64_t>(block_draws / n, 1, samples);
  std::vector<uint8_t> chosen(static_cast<size_t>(block * n));
  std::vector<double> out(static_cast<size_t>(samples));
  for (int64_t first = 0; first < samples; first += block) {
    const int64_t here = std::min(block, samples - first);
    std::generate_n(chosen.begin(), here * n, [&] { return static_cast<uint8_t>(random.bit()); });
    parallel_for(here, 1, [&](int64_t begin, int64_t end) {
      std::vector<double> left(a.width), right(a.width);
      for (int64_t s = begin; s < end; ++s) {
        std::fill(left.begin(), left.end(), 0.0);
        std::fill(right.begin(), right.end(), 0.0);
        for (int64_t i = 0; i < n; ++i) {
          const bool keep = chosen[static_cast<size_t>(s * n + i)];
          const double *x = keep ? a.row(i) : b.row(i), *y = keep ? b.row(i) : a.row(i);
          for (size_t k = 0; k < a.width; ++k) {
            left[k] += x[k];
            right[k] += y[k];
          }
        }
        out[static_cast<size_t>(first + s)] =
            std::abs(metric.score_of(left.data()) - metric.score_of(right.data()));
      }
    });
  }
  random.forget_bits();
  return out;
}

PairedResult against(const Metric& metric, const SegmentCounts& baseline, const SegmentCounts& system,
                     const PairedTest& test) {
  NumpyRandom random(test.seed);
  PairedResult out{.score = metric.score_of(system.sums().data())};
  const double real = std::abs(metric.score_of(baseline.sums().data()) - out.score);
  if (test.kind == PairedTest::Kind::randomization) {
    out.p_value = p_value_of(randomized_differences(metric, baseline, system, test.samples, random), real);
    if (test.interval_samples > 0)
      out.interval = interval_of(metric, resampled_scores(metric, system, test.interval_samples, random));
    return out;
  }
  NumpyRandom again = random;
  const std::vector<double> theirs = resampled_scores(metric, baseline, test.samples, random);
  const std::vector<double> ours = resampled_scores(metric, system, test.samples, again);
  out.interval = interval_of(metric, ours);
  out.p_value = metric.scores_in_single_precision()
                    ? bootstrap_p_value(in_precision<float>(ours), in_precision<float>(theirs), real)
                    : bootstrap_p_value(ours, theirs, real);
  return out;
}

// The exact mean of the scores, rounded once: a sum of two doubles carries what single additions lose
// (Knuth's two-sum).
double exact_mean(const std::vector<double>& values) {
  double high = 0, low = 0;
  for (const double value : values) {
    const double sum = high + value, moved = sum - high;
    low += (high - (sum - moved)) + (value - moved);
    high = sum;
  }
  const auto n = static_cast<double>(values.size());
  const double quotient = (high + low) / n;
  return quotient + (std::fma(-quotient, n, high) + low) / n;
}

}  // namespace

ResamplingSeed resampling_seed(const std::string& text) {
  std::string lower = text;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (lower == "none") {
    std::random_device source;
    return {.value = uint64_t{source()} << 32 | source(), .fixed = false};
  }
  ResamplingSeed seed;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed.value);
  check(error == std::errc() && end == text.data() + text.size() && !text.empty(), "seed",
        "expected a whole number from 0 or \"none\", got \"", text, "\"");
  return seed;
}

std::vector<double> bootstrap_scores(const Metric& metric, const SegmentCounts& counts, int64_t samples,
                                     uint64_t seed) {
  check(counts.segments() > 0, metric.name().c_str(), "there are no segments to draw from");
  check(samples >= 1, metric.name().c_str(), "the number of resamples must be at least 1, got ", samples);
  NumpyRandom random(seed);
  return resampled_scores(metric, counts, samples, random);
}

Interval bootstrap_interval(const Metric& metric, const SegmentCounts& counts, int64_t samples,
                            uint64_t seed) {
  std::vector<double> scores = bootstrap_scores(metric, counts, samples, seed);
  std::sort(scores.begin(), scores.end());
  if (!metric.scores_in_single_precision()) return {exact_mean(scores), half_width(scores)};
  return {static_cast<double>(static_cast<float>(exact_mean(scores))),
          static_cast<double>(half_width(in_precision<float>(scores)))};
}

std::vector<PairedResult> paired_test(const Metric& metric, const std::vector<SegmentCounts>& systems,
                                      const PairedTest& test) {
  check(systems.size() >= 2, metric.name().c_str(),
        "a paired test needs a baseline and at least one system, got ", systems.size());
  check(test.samples >= 1, metric.name().c_str(), "the number of trials must be at least 1, got ",
        test.samples);
  const SegmentCounts& baseline = systems.front();
  check(baseline.segments() > 0, metric.name().c_str(), "there are no segments to compare");
  for (size_t s = 1; s < systems.size(); ++s)
    check(systems[s].segments() == baseline.segments(), metric.name().c_str(), "system ", s + 1, " has ",
          systems[s].segments(), " segments, the baseline ", baseline.segments());
  const int64_t interval_samples =
      test.kind == PairedTest::Kind::bootstrap ? test.samples : test.interval_samples;
  std::vector<PairedResult> out{{.score = metric.score_of(baseline.sums().data())}};
  if (interval_samples > 0)
    out[0].interval = interval_of(metric, bootstrap_scores(metric, baseline, interval_samples, test.seed));
  for (size_t s = 1; s < systems.size(); ++s) out.push_back(against(metric, baseline, systems[s], test));
  return out;
}

std::vector<SignatureField> interval_signature(int64_t samples, const ResamplingSeed& seed) {
  return {{"bs", "bs", std::to_string(samples)}, {"seed", "rs", seed.text()}};
}

std::vector<SignatureField> paired_signature(const PairedTest& test, const ResamplingSeed& seed) {
  const SignatureField from{"seed", "rs", seed.text()};
  const SignatureField trials{"ar", "ar", std::to_string(test.samples)};
  if (test.kind == PairedTest::Kind::bootstrap) return interval_signature(test.samples, seed);
  if (test.interval_samples > 0) return {{"bs", "bs", std::to_string(test.interval_samples)}, trials, from};
  return {trials, from};
}

}  // namespace mosaic::data
