// Pearson and Spearman correlation.
#pragma once

#include <span>
#include <vector>

#include "data/metrics/value.h"

namespace mosaic::data {

// Both return -1..1, undefined with the reason when either side is constant or there are fewer than two
// values. ArgumentError when the lengths differ, when there is nothing and, with its place, for a value that
// is not finite.

// Sums are carried with twice the precision after the means are taken out, so that the result is right to
// about one unit in the last place whatever the offset and the scale (1e300 or 1e-300) of the values.
MetricValue pearson(std::span<const double> predictions, std::span<const double> gold);
// Pearson's of the ranks, ties sharing their average; the sums are exact integers.
MetricValue spearman(std::span<const double> predictions, std::span<const double> gold);

// Ranks from 1, ties sharing their average. ArgumentError for NaN.
std::vector<double> average_ranks(std::span<const double> values);

}  // namespace mosaic::data
