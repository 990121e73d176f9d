#include "apps/common/diagnosing.h"

#include "engine/autograd/node.h"
#include "mos/diagnostics.h"

namespace mosaic::apps {

json diagnose(mos::Supernet& supernet, const std::vector<nn::SequenceBatch>& batches) {
  const NoGrad quiet;
  const mos::Space& space = supernet.space();
  const auto loss_of = [&](mos::Selection& selection) {
    return corpus_loss(selection.model(), batches, 0).nll_mean();
  };
  const auto loss = [&](const mos::Arch& arch) {
    mos::Selection selection = supernet.select(arch);
    return loss_of(selection);
  };
  json validation = {{"largest", loss(space.largest())}, {"smallest", loss(space.smallest())}};
  const std::vector<mos::Arch> ten = mos::diagnostic_archs(space, 10, 7);
  json random = json::array();
  double sum = 0;
  for (const mos::Arch& arch : ten) {
    random.push_back(loss(arch));
    sum += random.back().get<double>();
  }
  validation["random_mean"] = sum / static_cast<double>(ten.size());
  validation["random"] = std::move(random);
  const std::vector<mos::Arch> archs = mos::diagnostic_archs(space, 100);
  json out = {{"validation", std::move(validation)}};
  if (!supernet.mixes()) return out;
  out["mixture"] = mos::mixture_report(supernet, archs);
  out["routing"] = mos::routing_report(supernet, archs);
  out["route_swap"] = mos::route_swap(supernet, ten[0], ten[1], archs, loss_of);
  return out;
}

}  // namespace mosaic::apps
