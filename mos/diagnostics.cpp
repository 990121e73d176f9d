#include "mos/diagnostics.h"

#include <algorithm>
#include <cmath>

#include "engine/autograd/node.h"
#include "engine/ops/ops.h"

namespace mosaic::mos {

namespace {

constexpr double saturation = 0.95;

// Coefficients on the host: rows of `experts` numbers, one row a layer or a neuron.
struct Rows {
  int64_t experts = 0;
  std::vector<double> values;
  int64_t count() const { return static_cast<int64_t>(values.size()) / experts; }
  std::span<const double> row(int64_t i) const {
    return std::span<const double>(values).subspan(static_cast<size_t>(i * experts),
                                                   static_cast<size_t>(experts));
  }
};

Rows rows_of(const Tensor& alpha) {
  return {alpha.dim(-1), alpha.values()};
}

// Mean and variance over architectures of one matrix's coefficients, over the rows that all of them have.
json coefficients(const std::vector<Rows>& archs) {
  const int64_t experts = archs[0].experts;
  int64_t rows = archs[0].count();
  for (const Rows& a : archs) rows = std::min(rows, a.count());
  const double n = static_cast<double>(archs.size()), r = static_cast<double>(rows);
  std::vector<double> mean(static_cast<size_t>(experts)), variance(mean.size()), lowest(mean.size(), 1);
  for (int64_t e = 0; e < experts; ++e) {
    const auto at = static_cast<size_t>(e);
    for (int64_t i = 0; i < rows; ++i) {
      double sum = 0, squares = 0;
      for (const Rows& a : archs) sum += a.row(i)[at];
      for (const Rows& a : archs) squares += (a.row(i)[at] - sum / n) * (a.row(i)[at] - sum / n);
      mean[at] += sum / n / r;
      variance[at] += squares / n / r;
    }
    for (const Rows& a : archs) {
      double sum = 0;
      for (int64_t i = 0; i < rows; ++i) sum += a.row(i)[at] / r;
      lowest[at] = std::min(lowest[at], sum);
    }
  }
  const bool saturated = *std::max_element(lowest.begin(), lowest.end()) > saturation;
  return {{"mean", mean}, {"variance", variance}, {"saturated", saturated}};
}

double expert_distance(const Tensor& stack) {
  const int64_t experts = stack.dim(0);
  const std::vector<double> w = stack.detach().values();
  const size_t size = w.size() / static_cast<size_t>(experts);
  double norm = 0, total = 0;
  for (size_t k = 0; k < size; ++k) norm += w[k] * w[k];
  for (size_t e = 1; e < static_cast<size_t>(experts); ++e) {
    double squares = 0;
    for (size_t k = 0; k < size; ++k) squares += (w[e * size + k] - w[k]) * (w[e * size + k] - w[k]);
    total += norm > 0 ? std::sqrt(squares / norm) : 0;
  }
  return total / static_cast<double>(experts - 1);
}

const BlockMixing* find(const Mixing& mixing, const std::string& name) {
  for (const BlockMixing& block : mixing)
    if (block.name == name) return &block;
  return nullptr;
}

double mean_of(const std::vector<double>& x) {
  double sum = 0;
  for (const double v : x) sum += v;
  return x.empty() ? 0 : sum / static_cast<double>(x.size());
}

// The coefficients for the blocks of `arch`, averaged over what the routers give for each of `archs`.
Mixing mean_mixing(SuperModel& supernet, const Arch& arch, std::span<const Arch> archs) {
  Mixing mean;
  for (const Arch& other : archs) {
    Mixing one = supernet.mixing(arch, other);
    if (mean.empty()) {
      mean = std::move(one);
      continue;
    }
    for (size_t i = 0; i < mean.size(); ++i) {
      mean[i].fc1 = mean[i].fc1 + one[i].fc1;
      mean[i].fc2 = mean[i].fc2 + one[i].fc2;
    }
  }
  for (BlockMixing& block : mean) {
    block.fc1 = block.fc1 / static_cast<double>(archs.size());
    block.fc2 = block.fc2 / static_cast<double>(archs.size());
  }
  return mean;
}

// The route-swap test for any kind of supernet.
template <class Super, class Loss>
json swap_routes(Super& supernet, const Arch& arch, const Arch& other, std::span<const Arch> archs,
                 const Loss& loss) {
  const NoGrad quiet;
  const auto under = [&](const Mixing& mixing) {
    auto selection = supernet.select(arch, mixing);
    return loss(selection);
  };
  json result{{"own", under(supernet.mixing(arch, arch))}};
  if (!supernet.mixes()) return result;
  result["largest"] = under(supernet.mixing(arch, supernet.space().largest()));
  result["smallest"] = under(supernet.mixing(arch, supernet.space().smallest()));
  result["other"] = under(supernet.mixing(arch, other));
  if (!archs.empty()) result["mean"] = under(mean_mixing(supernet, arch, archs));
  return result;
}

}  // namespace

double jensen_shannon(std::span<const double> p, std::span<const double> q) {
  check(p.size() == q.size(), "jensen_shannon", "distributions of ", p.size(), " and ", q.size(), " values");
  double divergence = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    const double m = (p[i] + q[i]) / 2;
    if (p[i] > 0) divergence += p[i] * std::log(p[i] / m) / 2;
    if (q[i] > 0) divergence += q[i] * std::log(q[i] / m) / 2;
  }
  return std::sqrt(std::max(divergence, 0.0));  // rounding may leave it a hair below zero
}

double routing_distance(SuperModel& supernet, const Arch& a, const Arch& b) {
  const NoGrad quiet;
  const Mixing mixing_a = supernet.mixing(a, a), mixing_b = supernet.mixing(b, b);
  std::vector<double> matrices;
  for (const BlockMixing& block : mixing_a) {
    const BlockMixing* other = find(mixing_b, block.name);
    if (!other) continue;
    for (const bool first : {true, false}) {
      const Rows p = rows_of(first ? block.fc1 : block.fc2), q = rows_of(first ? other->fc1 : other->fc2);
      std::vector<double> rows;
      for (int64_t i = 0; i < std::min(p.count(), q.count()); ++i)
        rows.push_back(jensen_shannon(p.row(i), q.row(i)));
      matrices.push_back(mean_of(rows));
    }
  }
  return mean_of(matrices);
}

json mixture_report(SuperModel& supernet, std::span<const Arch> archs) {
  const NoGrad quiet;
  std::map<std::string, std::vector<Rows>> alphas;  // by matrix
  for (const Arch& arch : archs) {
    for (const BlockMixing& block : supernet.mixing(arch, arch)) {
      alphas[block.name + ".fc1"].push_back(rows_of(block.fc1));
      alphas[block.name + ".fc2"].push_back(rows_of(block.fc2));
    }
  }
  json blocks = json::array();
  std::vector<double> distances, variances;
  int64_t saturated = 0;
  for (const ExpertStack& stack : supernet.experts()) {
    const size_t dot = stack.name.rfind('.');
    const std::string block = stack.name.substr(0, dot), matrix = stack.name.substr(dot + 1);
    if (blocks.empty() || blocks.back()["name"] != block) blocks.push_back({{"name", block}});
    json entry = json::object();
    // A block no architecture of the sample has (a deep decoder layer) has no coefficients to report.
    if (const auto found = alphas.find(stack.name); found != alphas.end()) {
      entry = coefficients(found->second);
      variances.push_back(mean_of(entry["variance"].get<std::vector<double>>()));
      saturated += entry["saturated"].get<bool>();
    }
    distances.push_back(expert_distance(stack.weight));
    entry["expert_distance"] = distances.back();
    blocks.back()[matrix] = entry;
  }
  if (blocks.empty()) return {{"blocks", blocks}};
  return {{"blocks", blocks},
          {"alpha_variance", mean_of(variances)},
          {"expert_distance", mean_of(distances)},
          {"saturated", saturated}};
}

json routing_report(SuperModel& supernet, std::span<const Arch> archs) {
  std::vector<double> pairs;
  for (size_t i = 0; i + 1 < archs.size(); i += 2)
    pairs.push_back(routing_distance(supernet, archs[i], archs[i + 1]));
  return {{"largest_smallest",
           routing_distance(supernet, supernet.space().largest(), supernet.space().smallest())},
          {"pairs", mean_of(pairs)}};
}

json route_swap(Supernet& supernet, const Arch& arch, const Arch& other, std::span<const Arch> archs,
                const SelectionLoss& loss) {
  return swap_routes(supernet, arch, other, archs, loss);
}

json route_swap(SuperBert& supernet, const Arch& arch, const Arch& other, std::span<const Arch> archs,
                const BertSelectionLoss& loss) {
  return swap_routes(supernet, arch, other, archs, loss);
}

std::vector<Arch> diagnostic_archs(const Space& space, int64_t count, uint64_t seed) {
  Generator rng = Generator(seed).fork("diagnostics");
  std::vector<Arch> archs;
  for (int64_t i = 0; i < count; ++i) archs.push_back(space.sample(rng));
  return archs;
}

}  // namespace mosaic::mos
