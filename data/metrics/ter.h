// Translation edit rate (Snover et al. 2006) as Tercom computes it, equal to sacreBLEU 2.x to the last digit.
#pragma once

#include "data/metrics/metric.h"
#include "data/metrics/ter_tokenizer.h"

namespace mosaic::data {

// Counted in a segment: edits (insertions, deletions, substitutions and moves of blocks) to the reference
// that needs fewest, and the mean length of the references in words. The score is 100 edits / length, 100 for
// edits against nothing, 0 when both sides are empty; less is better, and more than 100 is possible.
//
// With `normalized`, sacreBLEU normalises references twice and hypotheses once, and so does this: a
// possessive before a comma or full stop ("Ann's,") goes apart in the reference only, so a text can differ
// from itself.
class Ter final : public Metric {
 public:
  explicit Ter(TerOptions options = {}) : options_(options) {}
  const TerOptions& options() const { return options_; }

  std::string name() const override { return "TER"; }
  size_t width() const override { return 2; }
  // Time grows with the product of both lengths up to about 100 words, linearly beyond.
  void count(std::string_view hypothesis, const std::vector<std::string>& references,
             double* out) const override;
  double score_of(const double* sums) const override;
  double score_of(const float* sums) const override;
  bool scores_in_single_precision() const override { return true; }
  std::vector<SignatureField> options_signature() const override;

 private:
  TerOptions options_;
};

}  // namespace mosaic::data
