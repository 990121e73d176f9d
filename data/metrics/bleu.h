// Corpus BLEU (Papineni et al. 2002) equal to sacreBLEU 2.x, multi-bleu.perl and fairseq-score to the last
// digit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/metrics/metric.h"
#include "data/metrics/tokenizers.h"

namespace mosaic::data {

// What becomes of an n-gram order without a match. exp: precision 1 / (2^k total) at the k-th such order;
// floor: value / total; add_k: value added to matches and totals of orders above 1; none: the score is 0.
enum class BleuSmoothing { exp, floor, add_k, none };
std::string to_string(BleuSmoothing smoothing);
BleuSmoothing bleu_smoothing(const std::string& name);  // "exp", "floor", "add-k", "none"; else ArgumentError

// Which program's number and line. multi_bleu and fairseq tokenise at white space and do not smooth;
// multi_bleu lower-cases ASCII only, and a reference token "<unk>" never matches under fairseq.
enum class BleuStyle { sacrebleu, multi_bleu, fairseq };

struct BleuOptions {
  BleuStyle style = BleuStyle::sacrebleu;
  BleuTokenizer tokenizer = BleuTokenizer::v13a;  // sacrebleu only
  BleuSmoothing smoothing = BleuSmoothing::exp;   // sacrebleu only
  std::optional<double> smoothing_value = {};     // floor: 0.1, add-k: 1 unless given
  bool lowercase = false;
  bool effective_order = false;  // average over the orders the hypothesis has (for single sentences)
  int max_order = 4;
};

// The sufficient statistics of one segment or a sum of many: matches, totals, lengths. Addition is exact, so
// any grouping gives the same score.
struct BleuStatistics {
  std::vector<int64_t> correct, total;  // {max_order}
  int64_t system_length = 0, reference_length = 0;
  int64_t segments = 0;
  int64_t fewest_references = 0, most_references = 0;

  // Adds another's; an empty (default) one takes over. ArgumentError when the orders differ.
  void merge(const BleuStatistics& other);
};

struct BleuScore {
  double score = 0;                // 0..100
  std::vector<double> counts;      // matches (fractional under add-k), {max_order}
  std::vector<double> totals;      // {max_order}
  std::vector<double> precisions;  // per cent after smoothing, {max_order}
  double brevity_penalty = 0;
  double ratio = 0;  // system_length / reference_length, 0 when that is 0
  int64_t system_length = 0, reference_length = 0;

  // "67.5/46.9/34.4/25.5 (BP = 1.000 ratio = 1.026 hyp_len = 62880 ref_len = 61287)"
  std::string verbose() const;
};

// As a Metric it counts {system length, reference length, matches of each order, totals of each order}.
class Bleu final : public Metric {
 public:
  // ArgumentError: max_order outside 1..16, a smoothing value that is negative or not finite, or one given to
  // a method that takes none.
  explicit Bleu(BleuOptions options = {});
  const BleuOptions& options() const { return options_; }

  // One segment against its references (at least one).
  BleuStatistics statistics(std::string_view hypothesis, const std::vector<std::string>& references) const;
  // A whole test set; references[r][i] belongs to hypotheses[i]. ArgumentError, with the counts, when a
  // reference has another number of lines, when there is no reference and when there is no line.
  BleuStatistics statistics(const std::vector<std::string>& hypotheses,
                            const std::vector<std::vector<std::string>>& references) const;

  BleuScore score(const BleuStatistics& statistics) const;
  BleuScore corpus(const std::vector<std::string>& hypotheses,
                   const std::vector<std::vector<std::string>>& references) const;
  // With effective order, whatever the options say.
  BleuScore sentence(std::string_view hypothesis, const std::vector<std::string>& references) const;

  // What count() packed, summed; without the numbers of references.
  BleuStatistics unpacked(const double* sums) const;

  // As metric.h's.
  std::string signature(const BleuStatistics& statistics, bool shortened = false) const;
  // The line that the chosen program prints, without newline.
  std::string line(const BleuScore& score, const BleuStatistics& statistics, int digits = 1) const;

  std::string name() const override { return "BLEU"; }
  size_t width() const override { return 2 + 2 * static_cast<size_t>(options_.max_order); }
  void count(std::string_view hypothesis, const std::vector<std::string>& references,
             double* out) const override;
  double score_of(const double* sums) const override;
  double score_of(const float* sums) const override;
  bool scores_in_single_precision() const override { return false; }
  std::string verbose_of(const double* sums) const override;
  std::vector<SignatureField> options_signature() const override;

 private:
  std::string prepare(std::string_view text) const;
  BleuOptions options_;
};

}  // namespace mosaic::data
