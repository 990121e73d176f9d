// What the sub-commands of `mosaic bench` share: the model that is timed, threads, and results.
#pragma once

#include "apps/common/cli.h"
#include "apps/common/in_turns.h"
#include "apps/common/output.h"
#include "apps/common/timed_models.h"

namespace mosaic::apps {

// Each adds one sub-command to `parent` ("mosaic bench").
void declare_bench_roof(CLI::App& parent, Program& program);
void declare_bench_gemm(CLI::App& parent, Program& program);
void declare_bench_ops(CLI::App& parent, Program& program);
void declare_bench_step(CLI::App& parent, Program& program);
void declare_bench_overhead(CLI::App& parent, Program& program);
void declare_bench_scaling(CLI::App& parent, Program& program);
void declare_bench_evaluate(CLI::App& parent, Program& program);
void declare_bench_translate(CLI::App& parent, Program& program);

// The model of a command line.
struct BenchModel {
  std::string model;  // "transformer", "bert"; empty: the space's, without one a Transformer
  std::string space;  // empty: a plain model
  std::string arch;   // of the space: a model alone; empty: the supernet
  std::string mixture = "none";
  std::string policy = "sandwich";
  std::optional<int64_t> rows, length, vocabulary, embed, ffn, heads, layers;
  std::optional<double> dropout, attention_dropout;
  std::string texts;  // lengths of what a BERT is fine-tuned on: "12,9,30"; empty: masked language modelling
  int64_t translation_vocabulary = 9712;
  int64_t batches = 1;
  int64_t experts = 2, hidden = 32;
};

// Options of every model; those of batches and threads among them.
void bench_model_options(CLI::App& sub, BenchModel& command);
// Sizes that were not given are those of a Transformer for Multi30k, or of the largest BERT of
// bert-homogeneous-tiny. UsageError when the words do not fit one another.
TimedModel settings_of(const BenchModel& command);
const char* model_name(const TimedModel& settings);  // "transformer", "bert"

// --threads, which may be repeated: numbers of threads that are measured one after another.
void teams_option(CLI::App& sub, std::vector<std::string>& texts);
// In ascending order; without any, 1 and 2 (one where there is one core).
std::vector<int> teams_of(const std::vector<std::string>& texts);

// --clock wall|cpu. UsageError for processor time of several threads, which would add up what passes at once.
void clock_option(CLI::App& sub, std::string& word);
Clock clock_of(const std::string& word, int threads);

// Warns when the process got little of the processors it would have used: wall-clock times then are the other
// work's as well.
void warn_when_busy(double processor_share);

}  // namespace mosaic::apps
