// The whole pipeline in one directory: data, supernet, latency, search, extraction, further training, scores.
#pragma once

#include <filesystem>
#include <string>

#include "engine/core/json.h"

namespace mosaic::apps {

// What each stage is to do, every number of it: "nano" (about a minute) or "default".
json quickstart_plan(const std::string& scale);
// The plan with `updates` of the supernet's training: the warm-up and the further training shrink or grow
// with them.
void limit_updates(json& plan, int64_t updates);
// The plan with at most `pairs` sentences to train on, and at most a tenth of them wherever it validates and
// tests.
void limit_pairs(json& plan, int64_t pairs);

// Runs or goes on with the pipeline in `directory`; a second run finds everything done. Returns the facts of
// the machine contract (pairs, train, hypotheses, references, bleu_inherited, bleu_finetuned,
// latency_ms_limit, device, ...), saved as results/quickstart.json, with the report written.
json run_quickstart(const std::filesystem::path& directory, const json& plan, bool overwrite);

}  // namespace mosaic::apps
