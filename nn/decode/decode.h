// Turning a model into translations: beam search, greedy choice, sampling.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "nn/models/transformer.h"

namespace mosaic::nn {

// Tokens generated at most, the end counted apart: max_length + source_factor * (source tokens). At that
// length the end is forced; before min_length tokens it is forbidden. Padding is never generated.
struct LengthLimits {
  double source_factor = 0;
  int64_t max_length = 200;
  int64_t min_length = 1;
};

struct Hypothesis {
  std::vector<int32_t> tokens;  // without the end token
  double log_probability = 0;   // of the tokens and the end
  double score = 0;             // log_probability / (tokens + 1)^length_penalty
};

struct BeamOptions {
  int64_t beam = 5;
  double length_penalty = 1.0;
  LengthLimits length = {};
};

// For each row of source (i32 {sentences, S}, right-padded): its finished hypotheses, the best score first.
//
// Each step keeps 2 * beam candidates of a sentence. Those that end are finished if among the best `beam` and
// forgotten otherwise; the best `beam` that do not end go on. A sentence is done with `beam` finished
// hypotheses or at its length limit, and leaves the batch. A sentence's result does not depend on the others
// but for rounding.
std::vector<std::vector<Hypothesis>> beam_search(const Seq2Seq& model, const Tensor& source,
                                                 const BeamOptions& options = {});

// The likeliest token at each step.
std::vector<Hypothesis> greedy_search(const Seq2Seq& model, const Tensor& source,
                                      const LengthLimits& length = {});

struct SampleOptions {
  double temperature = 1;  // divides the logits; > 0
  int64_t top_k = 0;       // draw from the k likeliest only; 0: from all
  LengthLimits length = {};
};
// A draw from the model. Sentence i uses the stream rng.fork(i), so a draw depends on the seed and the
// sentence's place only. log_probability is the model's own, without temperature.
std::vector<Hypothesis> sample(const Seq2Seq& model, const Tensor& source, const Generator& rng,
                               const SampleOptions& options = {});

// A copy of the model to decode many sentences with: the same function, bit by bit, but matrices are held by
// columns, which the products of one step's few rows read from end to end, where by rows they would be turned
// first (engine/cpu/gemm_few_rows.h). Worth it after some ten steps. Null where it gains nothing: not on the
// CPU, not in f32. translate() makes its own.
std::unique_ptr<Seq2Seq> by_columns(const Seq2Seq& model);

// Beam search over any number of source sentences (ids with the end token, as in training), in batches of
// similar length; best hypotheses in the order of the sources. `progress(done)` is called after each batch.
std::vector<Hypothesis> translate(const Seq2Seq& model, const std::vector<std::vector<int32_t>>& sources,
                                  const BeamOptions& options = {}, int64_t sentences_per_batch = 64,
                                  const std::function<void(int64_t)>& progress = {});

}  // namespace mosaic::nn
