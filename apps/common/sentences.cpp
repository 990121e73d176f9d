#include "apps/common/sentences.h"

#include <chrono>

#include "apps/common/interrupt.h"
#include "apps/common/output.h"
#include "apps/common/progress.h"
#include "apps/common/text.h"
#include "data/metrics/bleu.h"
#include "data/text/normalize.h"
#include "engine/autograd/node.h"

namespace mosaic::apps {
namespace {

Tensor ids(const std::vector<int32_t>& values, int64_t rows, int64_t columns) {
  return Tensor::from(std::span<const int32_t>(values), {rows, columns});
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

nn::SequenceBatch to_tensors(const data::Batch& batch) {
  return {.source = ids(batch.source, batch.rows, batch.source_length),
          .decoder_input = ids(batch.decoder_input, batch.rows, batch.target_length),
          .targets = ids(batch.target, batch.rows, batch.target_length)};
}

std::vector<nn::Batch> validation_batches(const std::vector<data::Example>& examples,
                                          const data::BatchOptions& options) {
  data::BatchOptions how = options;
  how.drop_long = true;
  const data::BatchPlan plan(examples, how, Generator(1));
  if (plan.dropped() > 0)
    warn(plan.dropped(), " of ", examples.size(), " validation pairs are too long and left out");
  std::vector<nn::Batch> batches;
  for (const auto& indices : plan.sorted())
    batches.push_back(to_tensors(data::make_batch(examples, indices)));
  return batches;
}

std::vector<nn::Batch> validation_set(const PreparedData& data, const data::BatchOptions& options,
                                      int64_t limit) {
  std::vector<data::Example> valid = data.examples("valid");
  if (limit > 0 && limit < static_cast<int64_t>(valid.size())) valid.resize(static_cast<size_t>(limit));
  return validation_batches(valid, options);
}

PlannedBatches::PlannedBatches(std::vector<data::Example> examples, const data::BatchOptions& options,
                               int64_t tokens_per_update, const Generator& random, std::string identity)
    : examples_(std::move(examples)),
      plan_(examples_, options, random),
      tokens_per_update_(tokens_per_update),
      identity_(std::move(identity)) {}

std::vector<nn::Batch> PlannedBatches::next() {
  const data::Update update = plan_.update(position_, tokens_per_update_);
  position_ = update.next;
  std::vector<nn::Batch> batches;
  for (const auto& indices : update.batches)
    batches.push_back(to_tensors(data::make_batch(examples_, indices)));
  gave(update.target_tokens);
  return batches;
}

json PlannedBatches::cursor() const {
  return cursor_of(identity_, position_);
}

void PlannedBatches::seek(const json& cursor) {
  position_ = position_from(cursor, identity_, plan_.batches());
}

std::vector<nn::Hypothesis> decode_sources(const nn::Seq2Seq& model,
                                           const std::vector<std::vector<int32_t>>& sources,
                                           const TranslateOptions& options,
                                           const std::function<void(int64_t)>& progress) {
  const nn::LengthLimits length{.source_factor = options.decoding.source_factor,
                                .max_length = options.decoding.max_length,
                                .min_length = options.min_length};
  const auto decode = [&](const Tensor& source, size_t first) {
    stop_if_interrupted("translating was not finished");
    if (options.method == "greedy") return nn::greedy_search(model, source, length);
    if (options.method == "sample")
      return nn::sample(model, source, Generator(options.seed).fork("translate").fork(first),
                        {.temperature = options.temperature, .top_k = options.top_k, .length = length});
    return nn::best_of(nn::beam_search(model, source,
                                       {.beam = options.decoding.beam,
                                        .length_penalty = options.decoding.length_penalty,
                                        .length = length}));
  };
  return nn::decode_in_batches(sources, model.config().padding, options.rows, decode, progress);
}

Translations translate_lines(const nn::Seq2Seq& model, const data::Subwords& subwords,
                             const std::vector<std::string>& lines, const TranslateOptions& options,
                             const std::string& label) {
  const NoGrad quiet;
  Translations out;
  out.lines.resize(lines.size());
  out.scores.resize(lines.size(), 0);
  std::vector<std::vector<int32_t>> sources;
  std::vector<size_t> line_of;  // of each source
  for (size_t i = 0; i < lines.size(); ++i) {
    if (data::trim(lines[i]).empty()) continue;
    sources.push_back(data::encode_source(subwords, lines[i]));
    line_of.push_back(i);
  }
  Progress progress(label, static_cast<int64_t>(sources.size()));
  const double begin = now();
  const std::vector<nn::Hypothesis> best =
      decode_sources(model, sources, options, [&](int64_t done) { progress.update(done); });
  out.seconds = now() - begin;
  for (size_t i = 0; i < best.size(); ++i) {
    out.lines[line_of[i]] = subwords.decode(best[i].tokens);
    out.scores[line_of[i]] = best[i].score;
    out.tokens += static_cast<int64_t>(best[i].tokens.size()) + 1;
  }
  return out;
}

json bleu_scores(const std::vector<std::string>& hypotheses, const std::vector<std::string>& references) {
  const data::Bleu plain({.style = data::BleuStyle::multi_bleu, .smoothing_value = {}}), sacre;
  const data::BleuStatistics statistics = sacre.statistics(hypotheses, {references});
  return {{"bleu", plain.corpus(hypotheses, {references}).score},
          {"sacrebleu", sacre.score(statistics).score},
          {"signature", sacre.signature(statistics)}};
}

}  // namespace mosaic::apps
