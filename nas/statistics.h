// Small statistics of scores and latencies, with the definitions used in every report.
#pragma once

#include <span>
#include <vector>

namespace mosaic::nas {

// All of these throw ArgumentError on empty input, on lengths that differ and on numbers that are not finite.

double mean(std::span<const double> x);
// Sample standard deviation (n - 1); 0 for one value.
double deviation(std::span<const double> x);
// The q-quantile, 0 <= q <= 1, with linear interpolation between order statistics (numpy's default).
double quantile(std::span<const double> x, double q);

double mean_absolute_error(std::span<const double> predicted, std::span<const double> actual);
double root_mean_square_error(std::span<const double> predicted, std::span<const double> actual);
// In per cent of the actual value; ArgumentError when one is zero.
double mean_absolute_percentage_error(std::span<const double> predicted, std::span<const double> actual);

// Kendall's tau-b, which corrects for ties: (C - D) / sqrt((n0 - ties in x)(n0 - ties in y)). NaN when one
// side is constant. O(n log n).
double kendall_tau(std::span<const double> x, std::span<const double> y);

// sqrt of the Jensen-Shannon divergence of two distributions, natural logarithm: 0 for equal ones, sqrt(ln 2)
// for disjoint ones. Each side is divided by its sum; ArgumentError for a negative entry or a sum of zero.
double jensen_shannon_distance(std::span<const double> p, std::span<const double> q);

}  // namespace mosaic::nas
