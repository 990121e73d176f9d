// Does a supernet rank architectures as their standalone trainings do?
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/core/json.h"

namespace mosaic::apps {

// Compares the losses a supernet gives architectures with those of models trained alone, on the validation
// set of `data`. Each of `alone` is a standalone training's run directory or a static model directory that
// names its architecture. Returns
//   {"rows": [{"arch", "parameters", "flops", "supernet", "alone"}],
//    "tau": {"supernet", "parameters", "flops"}   Kendall's tau-b with the losses alone; more parameters or
//                                                 FLOPs are taken for a lower loss
//    "mean_absolute_error", "gap"}                mean of |supernet - alone| and of supernet - alone
// with rows by loss alone. A tau that is not defined (all values equal) is null. UsageError for fewer than
// two models, FormatError for a model of another space, vocabulary or without an architecture.
json rank_architectures(const std::filesystem::path& supernet_run, const std::string& checkpoint,
                        const std::vector<std::filesystem::path>& alone, const std::filesystem::path& data,
                        int64_t valid_examples, int64_t max_tokens);

}  // namespace mosaic::apps
