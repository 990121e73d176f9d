// Pareto fronts: the points that no other point beats in every objective.
#pragma once

#include <cstddef>
#include <vector>

namespace mosaic::nas {

// points[i] holds the objectives of candidate i, all to be minimised. Returns the indices of the candidates
// that no other dominates (as good everywhere and better somewhere), sorted by the first objective, then the
// next; of equal points only the first stays. ArgumentError when lengths differ or a value is not finite.
std::vector<size_t> pareto_front(const std::vector<std::vector<double>>& points);

}  // namespace mosaic::nas
