#include "nas/pareto.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/core/error.h"

namespace mosaic::nas {

std::vector<size_t> pareto_front(const std::vector<std::vector<double>>& points) {
  for (size_t i = 0; i < points.size(); ++i) {
    check(points[i].size() == points[0].size(), "pareto front", "point ", i, " has ", points[i].size(),
          " objectives, point 0 has ", points[0].size());
    for (const double v : points[i])
      check(std::isfinite(v), "pareto front", "point ", i, " has the value ", v);
  }
  std::vector<size_t> order(points.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return points[a] < points[b]; });
  // In this order a point can only be beaten, or equalled, by one that stands before it.
  std::vector<size_t> front;
  for (const size_t i : order) {
    const bool beaten = std::any_of(front.begin(), front.end(), [&](size_t f) {
      for (size_t k = 0; k < points[i].size(); ++k)
        if (points[f][k] > points[i][k]) return false;
      return true;
    });
    if (!beaten) front.push_back(i);
  }
  return front;
}

}  // namespace mosaic::nas
