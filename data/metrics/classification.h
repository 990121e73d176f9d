// Accuracy, binary F1 and Matthews correlation, computed from counts as scikit-learn defines them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/metrics/value.h"

namespace mosaic::data {

// How often each gold class was predicted as each class: all that the metrics below need, so that a test set
// of any size is scored in one pass. Counts are exact up to 2^62 examples.
class ConfusionCounts {
 public:
  // ArgumentError unless 1 <= classes <= 4096.
  explicit ConfusionCounts(int32_t classes);

  // ArgumentError for a class outside [0, classes), a negative count and more than 2^62 examples in all.
  void add(int32_t predicted, int32_t gold, int64_t count = 1);
  // Adds another's counts; ArgumentError when the classes differ.
  void merge(const ConfusionCounts& other);

  int32_t classes() const { return classes_; }
  int64_t total() const { return total_; }
  int64_t correct() const;
  int64_t count(int32_t predicted, int32_t gold) const;
  int64_t predicted_as(int32_t label) const;
  int64_t gold_of(int32_t label) const;

 private:
  size_t place(int32_t predicted, int32_t gold) const;
  int32_t classes_;
  int64_t total_ = 0;
  std::vector<int64_t> counts_;  // {gold, predicted}
};

// ArgumentError, with the numbers, when the lengths differ and when there is nothing; with the place, for a
// label outside [0, classes).
ConfusionCounts confusion_counts(std::span<const int32_t> predictions, std::span<const int32_t> gold,
                                 int32_t classes);

// All take counts of at least one example (ArgumentError otherwise) and return a fraction.

// Share of examples whose class was predicted, 0..1.
MetricValue accuracy(const ConfusionCounts& counts);
// 2 TP / (2 TP + FP + FN) of one class, 0..1; 0 with a note when that class is neither predicted nor gold.
MetricValue f1(const ConfusionCounts& counts, int32_t positive = 1);
// Matthews correlation, -1..1, for any number of classes (Gorodkin 2004); 0 with a note when all predictions
// or all gold labels are of one class, even if every prediction is right. The sums are exact integers.
MetricValue matthews(const ConfusionCounts& counts);

}  // namespace mosaic::data
