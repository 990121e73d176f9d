// What a trained supernet is like: losses over architectures, and whether its mixture is alive.
#pragma once

#include "apps/common/sentences.h"
#include "mos/supernet.h"

namespace mosaic::apps {

// {"validation": {"largest", "smallest", "random_mean", "random": [10]}, "mixture": ..., "routing": ...,
// "route_swap":
// ...}: nll in nats a token; the last three as mos/diagnostics.h describes them, over 100 fixed
// architectures.
json diagnose(mos::Supernet& supernet, const std::vector<nn::SequenceBatch>& batches);

}  // namespace mosaic::apps
