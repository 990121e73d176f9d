#include "data/metrics/classification.h"

#include <cmath>

#include "engine/core/error.h"

namespace mosaic::data {
namespace {

// Products of two counts of up to 2^62.
__extension__ using Wide = __int128;
constexpr int64_t most_examples = int64_t{1} << 62;

void need_examples(const ConfusionCounts& counts, const char* metric) {
  check(counts.total() > 0, metric, "there is no example to score");
}

}  // namespace

ConfusionCounts::ConfusionCounts(int32_t classes) : classes_(classes) {
  check(classes >= 1 && classes <= 4096, "ConfusionCounts", "from 1 to 4096 classes expected, got ", classes);
  counts_.resize(static_cast<size_t>(classes) * static_cast<size_t>(classes));
}

size_t ConfusionCounts::place(int32_t predicted, int32_t gold) const {
  check(predicted >= 0 && predicted < classes_, "ConfusionCounts", "predicted class ", predicted,
        " is outside 0..", classes_ - 1);
  check(gold >= 0 && gold < classes_, "ConfusionCounts", "gold class ", gold, " is outside 0..",
        classes_ - 1);
  return static_cast<size_t>(gold) * static_cast<size_t>(classes_) + static_cast<size_t>(predicted);
}

void ConfusionCounts::add(int32_t predicted, int32_t gold, int64_t count) {
  const size_t at = place(predicted, gold);
  check(count >= 0, "ConfusionCounts", "a negative count, ", count);
  check(count <= most_examples - total_, "ConfusionCounts", "more than 2^62 examples");
  counts_[at] += count;
  total_ += count;
}

void ConfusionCounts::merge(const ConfusionCounts& other) {
  check(classes_ == other.classes_, "ConfusionCounts", "counts of ", other.classes_,
        " classes cannot be added to counts of ", classes_);
  check(other.total_ <= most_examples - total_, "ConfusionCounts", "more than 2^62 examples");
  for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  total_ += other.total_;
}

int64_t ConfusionCounts::correct() const {
  int64_t sum = 0;
  for (int32_t label = 0; label < classes_; ++label) sum += count(label, label);
  return sum;
}

int64_t ConfusionCounts::count(int32_t predicted, int32_t gold) const {
  return counts_[place(predicted, gold)];
}

int64_t ConfusionCounts::predicted_as(int32_t label) const {
  int64_t sum = 0;
  for (int32_t gold = 0; gold < classes_; ++gold) sum += count(label, gold);
  return sum;
}

int64_t ConfusionCounts::gold_of(int32_t label) const {
  int64_t sum = 0;
  for (int32_t predicted = 0; predicted < classes_; ++predicted) sum += count(predicted, label);
  return sum;
}

ConfusionCounts confusion_counts(std::span<const int32_t> predictions, std::span<const int32_t> gold,
                                 int32_t classes) {
  check(predictions.size() == gold.size(), "confusion_counts", "there are ", predictions.size(),
        " predictions for ", gold.size(), " gold labels");
  check(!gold.empty(), "confusion_counts", "there is no example to score");
  ConfusionCounts counts(classes);
  for (size_t i = 0; i < gold.size(); ++i) {
    check(predictions[i] >= 0 && predictions[i] < classes, "confusion_counts", "prediction ", i + 1, " is ",
          predictions[i], ", outside 0..", classes - 1);
    check(gold[i] >= 0 && gold[i] < classes, "confusion_counts", "gold label ", i + 1, " is ", gold[i],
          ", outside 0..", classes - 1);
    counts.add(predictions[i], gold[i]);
  }
  return counts;
}

MetricValue accuracy(const ConfusionCounts& counts) {
  need_examples(counts, "accuracy");
  return MetricValue::of(static_cast<double>(counts.correct()) / static_cast<double>(counts.total()));
}

MetricValue f1(const ConfusionCounts& counts, int32_t positive) {
  need_examples(counts, "f1");
  const int64_t hits = counts.count(positive, positive);
  const Wide sum = static_cast<Wide>(counts.predicted_as(positive)) + counts.gold_of(positive);
  if (sum == 0)
    return MetricValue::of(0,
                           cat("class ", positive, " is neither predicted nor gold: F1 is 0 by convention"));
  return MetricValue::of(2 * static_cast<double>(hits) / static_cast<double>(sum));
}

MetricValue matthews(const ConfusionCounts& counts) {
  need_examples(counts, "matthews");
  // With n examples, c right ones, p and g the numbers predicted and gold of each class: the covariances
  // n c - sum p g, n^2 - sum p^2 and n^2 - sum g^2, each below 2^125 in size.
  const Wide n = counts.total();
  Wide both = n * counts.correct(), predicted = n * n, gold = n * n;
  for (int32_t label = 0; label < counts.classes(); ++label) {
    const Wide p = counts.predicted_as(label), g = counts.gold_of(label);
    both -= p * g;
    predicted -= p * p;
    gold -= g * g;
  }
  if (predicted == 0 || gold == 0) {
    const char* side = predicted != 0 ? "gold labels are"
                       : gold != 0    ? "predictions are"
                                      : "labels on both sides are";
    return MetricValue::of(0,
                           cat("all ", side, " of one class: the Matthews correlation is 0 by convention"));
  }
  return MetricValue::of(static_cast<double>(both) /
                         std::sqrt(static_cast<double>(predicted) * static_cast<double>(gold)));
}

}  // namespace mosaic::data
