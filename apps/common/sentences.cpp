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

// Right-padded rows of some sentences.
Tensor source_rows(const std::vector<std::vector<int32_t>>& sources, const std::vector<size_t>& chosen) {
  size_t longest = 0;
  for (const size_t i : chosen) longest = std::max(longest, sources[i].size());
  std::vector<int32_t> values(chosen.size() * longest, data::Subwords::pad);
  for (size_t r = 0; r < chosen.size(); ++r)
    std::copy(sources[chosen[r]].begin(), sources[chosen[r]].end(),
              values.begin() + static_cast<int64_t>(r * longest));
  return ids(values, static_cast<int64_t>(chosen.size()), static_cast<int64_t>(longest));
}

std::vector<nn::Hypothesis> decode(const nn::Seq2Seq& model, const Tensor& source,
                                   const TranslateOptions& options, uint64_t batch) {
  const nn::LengthLimits length{.source_factor = options.decoding.source_factor,
                                .max_length = options.decoding.max_length};
  if (options.method == "greedy") return nn::greedy_search(model, source, length);
  if (options.method == "sample")
    return nn::sample(model, source, Generator(options.seed).fork("translate").fork(batch),
                      {.temperature = options.temperature, .top_k = options.top_k, .length = length});
  std::vector<nn::Hypothesis> best;
  for (auto& all : nn::beam_search(model, source,
                                   {.beam = options.decoding.beam,
                                   .length_penalty = options.decoding.length_penalty,
                                   .length = length}))
    best.push_back(std::move(all.front()));
  return best;
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

Translations translate_lines(const nn::Seq2Seq& model, const data::Subwords& subwords,
                             const std::vector<std::string>& lines, const TranslateOptions& options,
                             const std::string& label) {
  const NoGrad quiet;
  Translations out;
  out.lines.resize(lines.size());
  out.scores.resize(lines.size(), 0);
  std::vector<std::vector<int32_t>> sources(lines.size());
  std::vector<size_t> order;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (data::trim(lines[i]).empty()) continue;
    sources[i] = data::encode_source(subwords, lines[i]);
    order.push_back(i);
  }
  // Sentences of similar length share a batch, so that little is padding.
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return sources[a].size() < sources[b].size(); });
  Progress progress(label, static_cast<int64_t>(order.size()));
  const double begin = now();
  for (size_t first = 0; first < order.size(); first += static_cast<size_t>(options.rows)) {
    stop_if_interrupted("translating was not finished");
    const size_t last = std::min(order.size(), first + static_cast<size_t>(options.rows));
    const std::vector<size_t> chosen(order.begin() + static_cast<int64_t>(first),
                                     order.begin() + static_cast<int64_t>(last));
    const std::vector<nn::Hypothesis> best = decode(model, source_rows(sources, chosen), options, first);
    for (size_t r = 0; r < chosen.size(); ++r) {
      out.lines[chosen[r]] = subwords.decode(best[r].tokens);
      out.scores[chosen[r]] = best[r].score;
      out.tokens += static_cast<int64_t>(best[r].tokens.size()) + 1;
    }
    progress.update(static_cast<int64_t>(last));
  }
  out.seconds = now() - begin;
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
