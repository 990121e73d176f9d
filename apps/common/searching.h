// Searching a supernet: the pieces between a run directory and nas/, shared by `search` and `quickstart`.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/common/bert_models.h"
#include "apps/common/mlm_data.h"
#include "apps/common/models.h"
#include "apps/common/prepared.h"
#include "apps/common/run.h"
#include "nas/latency.h"
#include "nas/predictor.h"
#include "nas/search.h"

namespace mosaic::apps {

// Measures (or goes on measuring) a latency data set; throws Interrupted when somebody asks to stop.
// `count` architectures drawn by seed, the first `repeated` of them twice.
int64_t measure_data_set(mos::Supernet& supernet, int64_t count, int64_t repeated, uint64_t seed,
                         const nas::LatencyOptions& options, const std::filesystem::path& csv);

// Mean of `measurements` independent measurements and the 95 % interval of that mean (Student's t).
struct MeasuredLatency {
  double mean = 0, low = 0, high = 0;
  int64_t measurements = 0;
};
MeasuredLatency measure_with_interval(const nn::Seq2Seq& model, const nas::LatencyOptions& options,
                                      int64_t measurements);

// The options a data set or predictor was measured with.
nas::LatencyOptions latency_options_from(const json& measured, const std::string& where);

struct SearchSettings {
  std::string method = "evolution";  // "evolution", "random", "exhaustive"
  std::string constraint;            // "latency_ms<=40"; empty: none
  std::string checkpoint = "best";   // whose weights
  std::filesystem::path predictor;   // needed when the constraint names latency_ms
  int64_t iterations = 30, parents = 25, mutants = 50, children = 50, samples = 500;
  double mutation = 0.3;
  int64_t valid_examples = 0;  // score on the first so many validation pairs or sequences; 0: all
  int64_t max_tokens = 4096;   // of a batch
  int64_t measurements = 10;   // of the winner's latency; 0: it is not measured
  uint64_t seed = 1;
};
json search_settings_json(const SearchSettings& settings);

// Searches with scores kept in the run directory (scores.jsonl, evolution.json), so that it can go on later.
// Writes results/search.json and returns it: best, score, perplexity, parameters, evaluated, distinct,
// seconds, front, notes, and of translation models latency_ms_predicted, latency_ms_measured and
// latency_ms_interval. A BERT's score is the loss of the validation sequences under their fixed masks.
// UsageError for a latency_ms constraint on a BERT.
json run_search(Run& run, SupernetRun& supernet, const PreparedData& data, const SearchSettings& settings);
json run_search(Run& run, SuperBertRun& supernet, const MlmData& data, const SearchSettings& settings);

// The architecture's static model; throws BackendError unless its logits equal the supernet's bit by bit.
std::unique_ptr<nn::Seq2Seq> extract_checked(mos::Supernet& supernet, const mos::Arch& arch);
std::unique_ptr<nn::Bert> extract_checked(mos::SuperBert& supernet, const mos::Arch& arch);

// An architecture from "largest", "smallest", an architecture file, or a search's result file or run
// directory.
mos::Arch arch_from_file(const mos::Space& space, const std::string& text);

}  // namespace mosaic::apps
