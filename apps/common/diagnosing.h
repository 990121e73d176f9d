// What a trained supernet is like: losses over architectures, and whether its mixture is alive.
#pragma once

#include <vector>

#include "engine/core/json.h"
#include "mos/super_bert.h"
#include "mos/supernet.h"
#include "nn/loss.h"

namespace mosaic::apps {

struct DiagnoseOptions {
  int64_t archs = 100;  // architectures the coefficients are looked at over
  int64_t random = 10;  // random architectures whose loss is averaged
  uint64_t seed = 1;    // of both
};

// {"options": of the mixture, "validation": {"largest", "smallest", "random_mean", "random": [...]}} and,
// with a mixture, "mixture", "routing", "route_swap_largest" and "route_swap_smallest" as mos/diagnostics.h
// describes them. Losses are nats a target token (BERT: a masked token) without label smoothing.
json diagnose(mos::Supernet& supernet, const std::vector<nn::Batch>& batches,
              const DiagnoseOptions& options = {});
json diagnose(mos::SuperBert& supernet, const std::vector<nn::Batch>& batches,
              const DiagnoseOptions& options = {});

}  // namespace mosaic::apps
