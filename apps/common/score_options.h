// What the commands of `mosaic score` for translations share: files, options of each metric, tests and
// output.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/common/cli.h"
#include "data/metrics/bleu.h"
#include "data/metrics/chrf.h"
#include "data/metrics/ter.h"

namespace mosaic::apps {

struct ScoreCommand {
  std::vector<std::string> metrics;  // "bleu", "chrf", "ter"
  std::vector<std::string> references, hypotheses;
  int64_t references_a_line = 1;
  bool empty_is_missing = false;

  std::string style = "sacrebleu", tokenizer, smoothing;
  std::optional<double> smoothing_value;
  int64_t max_order = 4;
  bool lowercase = false, effective_order = false, split_compounds = false, force = false;
  int64_t char_order = 6, word_order = 0, beta = 2;
  data::ChrfOptions chrf;
  data::TerOptions ter;

  bool sentences = false;
  bool confidence = false, paired_bootstrap = false, paired_randomization = false;
  int64_t confidence_samples = 1000, bootstrap_samples = 1000, randomization_samples = 10000;
  std::string seed;  // empty: SACREBLEU_SEED, else 12345

  std::string format = "text";
  int64_t digits = 1;
  bool score_only = false, short_signature = false;

  bool paired() const { return paired_bootstrap || paired_randomization; }
};

// Options of one metric; `prefix` ("chrf-") stands before the names where several metrics share a command.
void bleu_options(CLI::App& app, ScoreCommand& command);
void chrf_options(CLI::App& app, ScoreCommand& command, const std::string& prefix = "");
void ter_options(CLI::App& app, ScoreCommand& command, const std::string& prefix = "");
// Files, tests and output.
void common_score_options(CLI::App& app, ScoreCommand& command, Program& program);

// The metrics asked for, in that order. UsageError for options that do not go together.
std::vector<std::unique_ptr<data::Metric>> metrics_of(const ScoreCommand& command);

}  // namespace mosaic::apps
