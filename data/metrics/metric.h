// What every corpus metric of translations has in common: numbers counted a segment at a time, whose sum over
// a test set determines the score. Resampling and randomisation tests need nothing else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mosaic::data {

// A number with `digits` after the point, in every locale the same.
std::string fixed(double value, int digits);

// One field of a signature: its name, its short name, its value.
struct SignatureField {
  std::string name, brief, value;
};

class Metric {
 public:
  virtual ~Metric() = default;

  virtual std::string name() const = 0;  // "BLEU", "chrF2++", "TER"
  // Numbers counted in each segment.
  virtual size_t width() const = 0;
  // Counts one segment against its references (at least one; ArgumentError otherwise) into out, {width}. Safe
  // to call from several threads.
  virtual void count(std::string_view hypothesis, const std::vector<std::string>& references,
                     double* out) const = 0;
  // The score of summed counts, {width}.
  virtual double score_of(const double* sums) const = 0;
  // The score of counts that were summed in single precision, as sacreBLEU (on NumPy 2) computes it: with its
  // roundings, so that intervals and p-values come out the same.
  virtual double score_of(const float* sums) const = 0;
  // Whether score_of(const float*) rounds its result to single precision (then means are taken in it, too).
  virtual bool scores_in_single_precision() const = 0;
  // What stands behind the score in a full line: BLEU's precisions and lengths; may be empty.
  virtual std::string verbose_of(const double*) const { return ""; }
  // The metric's own options; number of references, seed and version are added by signature().
  virtual std::vector<SignatureField> options_signature() const = 0;
};

// The counts of all segments of one system under one metric.
struct SegmentCounts {
  size_t width = 0;
  std::vector<double> values;  // {segments, width}
  int64_t fewest_references = 0, most_references = 0;

  int64_t segments() const { return width ? static_cast<int64_t>(values.size() / width) : 0; }
  const double* row(int64_t segment) const { return values.data() + static_cast<size_t>(segment) * width; }
  std::vector<double> sums() const;  // {width}, added in the order of the segments
};

// Appends the counts of a block of segments, in parallel; references[r][i] belongs to hypotheses[i].
// empty_is_missing: an empty reference line means that this segment has no such reference.
// ArgumentError: a reference with another number of lines, no reference at all or none for a segment.
void count_segments(const Metric& metric, const std::vector<std::string>& hypotheses,
                    const std::vector<std::vector<std::string>>& references, SegmentCounts& counts,
                    bool empty_is_missing = false);

// How a number was got: "nrefs:1|bs:1000|seed:12345|case:mixed|eff:no|tok:13a|smooth:exp|version:..." or,
// short,
// "#:1|bs:1000|rs:12345|c:mixed|...". nrefs is "var" when segments differ in it; `resampling` holds the
// fields of a test (bs, ar, seed), or nothing.
std::string signature(const Metric& metric, int64_t fewest_references, int64_t most_references,
                      const std::vector<SignatureField>& resampling = {}, bool shortened = false);

}  // namespace mosaic::data
