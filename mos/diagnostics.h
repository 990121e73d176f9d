// Is the mixture alive? Coefficients over architectures, distances between experts and between routings, and
// the loss under somebody else's coefficients.
#pragma once

#include <functional>
#include <span>

#include "mos/super_bert.h"
#include "mos/supernet.h"

namespace mosaic::mos {

// sqrt(KL(p, m) / 2 + KL(q, m) / 2) with m = (p + q) / 2 and natural logarithms: 0 for equal distributions,
// sqrt(ln 2) = 0.8326 for disjoint ones. ArgumentError when the lengths differ.
double jensen_shannon(std::span<const double> p, std::span<const double> q);

// Mean over the blocks both architectures have, both matrices and (neuron-wise) the leading neurons both
// have.
double routing_distance(SuperModel& supernet, const Arch& a, const Arch& b);

// Per block: mean and variance over the architectures of every expert's coefficient (neuron-wise: averaged
// over the neurons all of them have), the relative distance |E_i - E_0| / |E_0| averaged over experts (sqrt 2
// when they are independent), and whether one expert's coefficient exceeds 0.95 for every architecture.
//   {"blocks": [{"name", "fc1": {"mean": [m], "variance": [m], "expert_distance", "saturated"}, "fc2":
//   {...}}],
//    "alpha_variance": mean of all, "expert_distance": mean of all, "saturated": how many matrices}
// Without a mixture: {"blocks": []}.
json mixture_report(SuperModel& supernet, std::span<const Arch> archs);

// Routing distances between the largest and the smallest architecture, and the mean over neighbours in
// `archs` (a pair = entries 2i and 2i + 1): {"largest_smallest", "pairs"}.
json routing_report(SuperModel& supernet, std::span<const Arch> archs);

// The route-swap test: what `loss` says of one architecture's slices under its own coefficients, those of the
// largest and the smallest architecture, those of `other`, and the mean over `archs`. No difference means
// that routing is inert. {"own", "largest", "smallest", "other", "mean"}; nothing but "own" without a
// mixture.
using SelectionLoss = std::function<double(Selection&)>;
json route_swap(Supernet& supernet, const Arch& arch, const Arch& other, std::span<const Arch> archs,
                const SelectionLoss& loss);
using BertSelectionLoss = std::function<double(BertSelection&)>;
json route_swap(SuperBert& supernet, const Arch& arch, const Arch& other, std::span<const Arch> archs,
                const BertSelectionLoss& loss);

// `count` architectures drawn for diagnostics, always the same ones for a space and seed.
std::vector<Arch> diagnostic_archs(const Space& space, int64_t count, uint64_t seed = 1);

}  // namespace mosaic::mos
