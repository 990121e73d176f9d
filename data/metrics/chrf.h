// chrF (Popovic 2015) and chrF++ (Popovic 2017), equal to sacreBLEU 2.x to the last digit.
#pragma once

#include "data/metrics/metric.h"

namespace mosaic::data {

struct ChrfOptions {
  int char_order = 6;       // character n-grams up to this length
  int word_order = 0;       // word n-grams, too; 2 makes it chrF++
  int beta = 2;             // recall weighs beta times as much as precision
  bool lowercase = false;   // without regard to case
  bool whitespace = false;  // white space is part of the character n-grams
  bool eps_smoothing =
      false;  // mean of the orders' F scores with 1e-16 for 0 / 0 (chrF++.py, NLTK, Moses) instead of
              // the F score of precision and recall averaged over the orders both sides have
};

// Counted in a segment, for every order, characters before words: n-grams of the hypothesis (0 where the
// reference has none), of the reference, common ones. Of several references the one with the best score of
// the segment counts.
class Chrf final : public Metric {
 public:
  // ArgumentError: an order or beta out of range (char_order 1..24, word_order 0..24, beta 1..100).
  explicit Chrf(ChrfOptions options = {});
  const ChrfOptions& options() const { return options_; }

  std::string name() const override;  // "chrF2", "chrF2++": beta and a plus for every word order
  size_t width() const override { return 3 * static_cast<size_t>(options_.char_order + options_.word_order); }
  void count(std::string_view hypothesis, const std::vector<std::string>& references,
             double* out) const override;
  double score_of(const double* sums) const override;
  double score_of(const float* sums) const override;
  bool scores_in_single_precision() const override { return true; }
  std::vector<SignatureField> options_signature() const override;

 private:
  ChrfOptions options_;
};

}  // namespace mosaic::data
