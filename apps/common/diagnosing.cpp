#include "apps/common/diagnosing.h"

#include "engine/autograd/node.h"
#include "mos/diagnostics.h"
#include "nas/model_loss.h"

namespace mosaic::apps {

namespace {

template <class Super>
json diagnose_any(Super& supernet, const std::vector<nn::Batch>& batches, const DiagnoseOptions& options) {
  const NoGrad quiet;
  const mos::Space& space = supernet.space();
  const auto loss = nas::selection_loss(batches);
  const auto loss_of = [&](const mos::Arch& arch) {
    auto selection = supernet.select(arch);
    return loss(selection);
  };
  const std::vector<mos::Arch> random = mos::diagnostic_archs(space, options.random, options.seed + 1);
  json each = json::array();
  double sum = 0;
  for (const mos::Arch& arch : random) {
    each.push_back(loss_of(arch));
    sum += each.back().get<double>();
  }
  json out = {{"options", mos::mixture_json(supernet.options().mixture)},
              {"validation",
               {{"largest", loss_of(space.largest())},
                {"smallest", loss_of(space.smallest())},
                {"random_mean", sum / static_cast<double>(random.size())},
                {"random", std::move(each)}}}};
  if (!supernet.mixes()) return out;
  const std::vector<mos::Arch> archs = mos::diagnostic_archs(space, options.archs, options.seed);
  out["mixture"] = mos::mixture_report(supernet, archs);
  out["routing"] = mos::routing_report(supernet, archs);
  out["route_swap_largest"] = mos::route_swap(supernet, space.largest(), random.front(), archs, loss);
  out["route_swap_smallest"] = mos::route_swap(supernet, space.smallest(), random.front(), archs, loss);
  return out;
}

}  // namespace

json diagnose(mos::Supernet& supernet, const std::vector<nn::Batch>& batches,
              const DiagnoseOptions& options) {
  return diagnose_any(supernet, batches, options);
}

json diagnose(mos::SuperBert& supernet, const std::vector<nn::Batch>& batches,
              const DiagnoseOptions& options) {
  return diagnose_any(supernet, batches, options);
}

}  // namespace mosaic::apps
