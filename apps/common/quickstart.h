// The whole pipeline in one directory: data, supernet, latency, search, extraction, further training, scores.
#pragma once

#include <filesystem>
#include <string>

#include "engine/core/json.h"

namespace mosaic::apps {

// What each stage is to do, every number of it: "nano" (about a minute) or "default".
json quickstart_plan(const std::string& scale);

// Runs or goes on with the pipeline in `directory`; a second run finds everything done. Returns the facts of
// the machine contract (pairs, train, hypotheses, references, bleu_inherited, bleu_finetuned,
// latency_ms_limit, ...), saved as results/quickstart.json, with the report written.
json run_quickstart(const std::filesystem::path& directory, const json& plan, bool overwrite);

}  // namespace mosaic::apps
